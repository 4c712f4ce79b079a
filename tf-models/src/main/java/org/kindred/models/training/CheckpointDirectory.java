package org.kindred.models.training;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.Locale;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoints of one training: {@code epoch-NNNNN.safetensors}, the last two complete epochs.
 *
 * <p>A file gets its name only when it is whole and on disk, by an atomic rename, so a training
 * that is killed leaves at most an unfinished file under another name.
 */
final class CheckpointDirectory {

  private static final Logger LOG = LoggerFactory.getLogger(CheckpointDirectory.class);
  private static final Pattern NAME = Pattern.compile("epoch-(\\d{5,9})\\.safetensors");
  private static final String UNFINISHED = ".unfinished";

  private final Path directory;
  private final String fingerprint;

  CheckpointDirectory(Path directory, String fingerprint) {
    this.directory = directory;
    this.fingerprint = fingerprint;
  }

  /**
   * Returns the newest whole checkpoint; a damaged one is skipped with a warning.
   *
   * @throws IllegalStateException when it is of another training
   */
  Optional<Checkpoint> newest() throws IOException {
    for (Path file : files().descendingMap().values()) {
      Checkpoint checkpoint;
      try {
        checkpoint = Checkpoint.read(file);
      } catch (IOException e) {
        LOG.warn("Skipping a damaged checkpoint: {}", e.getMessage());
        continue;
      }
      if (!checkpoint.fingerprint().equals(fingerprint)) {
        throw new IllegalStateException(
            file
                + " is of another training: its fingerprint is "
                + checkpoint.fingerprint()
                + ", this training's "
                + fingerprint
                + "; choose another directory or remove it");
      }
      return Optional.of(checkpoint);
    }
    return Optional.empty();
  }

  /** Returns where the checkpoint after so many epochs is, or will be. */
  Path file(int epochs) {
    return directory.resolve(String.format(Locale.ROOT, "epoch-%05d.safetensors", epochs));
  }

  /** Writes a checkpoint and removes all but it and the one before it. */
  void save(Checkpoint checkpoint) throws IOException {
    Files.createDirectories(directory);
    Path file = file(checkpoint.epochs());
    Path unfinished = directory.resolve(file.getFileName() + UNFINISHED);
    Files.deleteIfExists(unfinished);
    checkpoint.write(unfinished);
    Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
    try (FileChannel entries = FileChannel.open(directory, StandardOpenOption.READ)) {
      entries.force(true);
    }
    // Later ones can only be damaged: training went on from an earlier one.
    for (var old : files().entrySet()) {
      if (old.getKey() < checkpoint.epochs() - 1 || old.getKey() > checkpoint.epochs()) {
        Files.delete(old.getValue());
      }
    }
  }

  private NavigableMap<Integer, Path> files() throws IOException {
    if (!Files.isDirectory(directory)) {
      return Collections.emptyNavigableMap();
    }
    NavigableMap<Integer, Path> files = new TreeMap<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      for (Path entry : entries) {
        Matcher name = NAME.matcher(entry.getFileName().toString());
        if (name.matches()) {
          files.put(Integer.valueOf(name.group(1)), entry);
        }
      }
    }
    return files;
  }
}
