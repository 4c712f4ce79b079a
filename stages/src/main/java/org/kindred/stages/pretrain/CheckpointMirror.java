package org.kindred.stages.pretrain;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.kindred.stages.artifact.StoreFiles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The newest checkpoint of a training, kept in the store too where that is not of this machine's
 * file system: a training that is lost with its machine goes on from there on another.
 *
 * <p>A checkpoint gets its name in the store when it is all there. Two machines that train the same
 * write the same bytes under the same names.
 */
final class CheckpointMirror {
  private static final Logger LOG = LoggerFactory.getLogger(CheckpointMirror.class);
  private static final Pattern CHECKPOINT = Pattern.compile("step-\\d{9,10}\\.safetensors");

  private final StoreFiles files;
  private final String remote;
  private final Path local;

  /**
   * Mirrors a directory.
   *
   * @param files the store's
   * @param remote where the checkpoints are in the store
   * @param local where this machine has them, as {@link StoreFiles#localDirectory} told
   */
  CheckpointMirror(StoreFiles files, String remote, Path local) {
    this.files = files;
    this.remote = remote;
    this.local = local;
  }

  private boolean isNeeded() {
    return !local.toString().equals(remote);
  }

  /** Fetches the store's newest checkpoint, unless this machine has one that is as new. */
  void fetch() throws IOException {
    if (!isNeeded()) {
      return;
    }
    List<String> stored = stored();
    if (stored.isEmpty()) {
      return;
    }
    // Names have their numbers at the same places, so the newest is the last.
    String newest = stored.get(stored.size() - 1);
    try (var here = Files.list(local)) {
      if (here.map(file -> file.getFileName().toString())
          .filter(name -> CHECKPOINT.matcher(name).matches())
          .anyMatch(name -> name.compareTo(newest) >= 0)) {
        return;
      }
    }
    LOG.info("fetching {}/{}, which another machine trained", remote, newest);
    Path partial = Files.createTempFile(local, "fetched-", ".unfinished");
    Files.copy(files.local(remote + "/" + newest), partial, StandardCopyOption.REPLACE_EXISTING);
    Files.move(partial, local.resolve(newest), StandardCopyOption.ATOMIC_MOVE);
  }

  /** Copies a checkpoint into the store, then deletes the older ones there. */
  void store(Path checkpoint) throws IOException {
    if (!isNeeded()) {
      return;
    }
    String name = checkpoint.getFileName().toString();
    List<String> stored = stored();
    // Somebody who has overtaken this training may have stored a newer one.
    if (stored.stream().anyMatch(other -> other.compareTo(name) >= 0)) {
      return;
    }
    String unfinished = remote + "/" + UUID.randomUUID() + ".unfinished";
    try (OutputStream out = files.create(unfinished)) {
      Files.copy(checkpoint, out);
    }
    files.rename(unfinished, remote + "/" + name);
    for (String old : stored) {
      files.delete(remote + "/" + old);
    }
  }

  private List<String> stored() throws IOException {
    return files.list(remote).stream().filter(name -> CHECKPOINT.matcher(name).matches()).toList();
  }
}
