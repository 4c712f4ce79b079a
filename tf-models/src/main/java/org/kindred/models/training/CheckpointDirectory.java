package org.kindred.models.training;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.kindred.models.safetensors.DamagedFileException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoints of one training: {@code step-NNNNNNNNN.safetensors}, named by the steps taken,
 * the last few of them.
 *
 * <p>A file gets its name only when it is whole and on disk, by an atomic rename, so a training
 * that is killed leaves at most an unfinished file under another name, which the next one deletes.
 * The directory is locked from opening to close: two processes that trained the same would write
 * each other's files.
 */
final class CheckpointDirectory implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(CheckpointDirectory.class);
  private static final Pattern NAME = Pattern.compile("step-(\\d{9,10})\\.safetensors");
  private static final String UNFINISHED = ".unfinished";
  private static final String DAMAGED = ".damaged";

  private final Path directory;
  private final String fingerprint;
  private final DirectoryLock lock;

  private CheckpointDirectory(Path directory, String fingerprint, DirectoryLock lock) {
    this.directory = directory;
    this.fingerprint = fingerprint;
    this.lock = lock;
  }

  /**
   * Locks a directory, which need not exist yet, and deletes what a killed training left unfinished
   * in it.
   *
   * @throws FileSystemException when another training has it
   */
  static CheckpointDirectory open(Path directory, String fingerprint) throws IOException {
    DirectoryLock lock =
        DirectoryLock.tryAcquire(directory)
            .orElseThrow(
                () ->
                    new FileSystemException(
                        directory.toString(),
                        null,
                        "is being trained by another process, or by this one a second time: wait"
                            + " until that ends"));
    CheckpointDirectory opened = new CheckpointDirectory(directory, fingerprint, lock);
    try {
      opened.deleteUnfinished();
      return opened;
    } catch (IOException | RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  private void deleteUnfinished() throws IOException {
    if (Files.isDirectory(directory)) {
      try (DirectoryStream<Path> left = Files.newDirectoryStream(directory, "*" + UNFINISHED)) {
        for (Path file : left) {
          Files.delete(file);
        }
      }
    }
  }

  /**
   * Returns the newest whole checkpoint; a damaged one is set aside with a warning.
   *
   * @throws IllegalStateException when it is of another training
   * @throws IOException when one cannot be read; nothing is known of its state then
   */
  Optional<Checkpoint> newest() throws IOException {
    for (Path file : files().descendingMap().values()) {
      Checkpoint checkpoint;
      try {
        checkpoint = Checkpoint.read(file);
      } catch (DamagedFileException e) {
        Path aside = file.resolveSibling(file.getFileName() + DAMAGED);
        Files.move(file, aside, StandardCopyOption.REPLACE_EXISTING);
        LOG.warn("Setting a damaged checkpoint aside as {}: {}", aside, e.getMessage());
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

  /** Returns where the checkpoint after so many steps is, or will be. */
  Path file(long steps) {
    return directory.resolve(String.format(Locale.ROOT, "step-%09d.safetensors", steps));
  }

  /**
   * Writes a checkpoint and removes all but the newest.
   *
   * @param kept how many stay, this one included
   */
  void save(Checkpoint checkpoint, int kept) throws IOException {
    Files.createDirectories(directory);
    Path file = file(checkpoint.steps());
    Path unfinished = directory.resolve(UUID.randomUUID() + UNFINISHED);
    checkpoint.write(unfinished);
    Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
    try (FileChannel entries = FileChannel.open(directory, StandardOpenOption.READ)) {
      entries.force(true);
    }
    List<Path> newestFirst = List.copyOf(files().descendingMap().values());
    for (Path old : newestFirst.subList(Math.min(kept, newestFirst.size()), newestFirst.size())) {
      Files.delete(old);
    }
  }

  private NavigableMap<Long, Path> files() throws IOException {
    if (!Files.isDirectory(directory)) {
      return Collections.emptyNavigableMap();
    }
    NavigableMap<Long, Path> files = new TreeMap<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      for (Path entry : entries) {
        Matcher name = NAME.matcher(entry.getFileName().toString());
        if (name.matches()) {
          files.put(Long.valueOf(name.group(1)), entry);
        }
      }
    }
    return files;
  }

  @Override
  public void close() {
    lock.close();
  }
}
