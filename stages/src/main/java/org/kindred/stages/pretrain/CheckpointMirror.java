package org.kindred.stages.pretrain;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import org.kindred.models.safetensors.DamagedFileException;
import org.kindred.models.training.Checkpoint;
import org.kindred.stages.artifact.StoreFiles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The newest checkpoints of a training, kept in the store too where that is not of this machine's
 * file system: a training that is lost with its machine goes on from there on another.
 *
 * <p>Two are kept, so that one is left when the other is found damaged.
 *
 * <p>A checkpoint gets its name in the store when it is all there. Two machines that train the same
 * write the same bytes under the same names.
 */
final class CheckpointMirror {
  private static final Logger LOG = LoggerFactory.getLogger(CheckpointMirror.class);
  private static final Pattern CHECKPOINT = Pattern.compile("step-\\d{9,10}\\.safetensors");
  private static final int KEPT = 2;

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

  /**
   * Fetches the store's newest whole checkpoint, unless this machine has one that is as new. What
   * is damaged is set aside in the store, where it would pass for the newest.
   */
  void fetch() throws IOException {
    if (!isNeeded()) {
      return;
    }
    String here = newestHere();
    List<String> stored = stored();
    // Names have their numbers at the same places, so the newest is the last.
    for (int i = stored.size() - 1; i >= 0 && stored.get(i).compareTo(here) > 0; i--) {
      if (fetch(stored.get(i))) {
        return;
      }
    }
  }

  /**
   * Returns the name of the newest whole checkpoint of this machine; nothing when there is none.
   */
  private String newestHere() throws IOException {
    List<String> names;
    try (var here = Files.list(local)) {
      names =
          here.map(file -> file.getFileName().toString())
              .filter(name -> CHECKPOINT.matcher(name).matches())
              .sorted(Comparator.reverseOrder())
              .toList();
    }
    for (String name : names) {
      if (damage(local.resolve(name)).isEmpty()) {
        return name;
      }
    }
    return "";
  }

  private static Optional<DamagedFileException> damage(Path checkpoint) throws IOException {
    try {
      Checkpoint.read(checkpoint);
      return Optional.empty();
    } catch (DamagedFileException e) {
      return Optional.of(e);
    }
  }

  private boolean fetch(String name) throws IOException {
    String from = remote + "/" + name;
    LOG.info("fetching {}, which another machine trained", from);
    Path partial = Files.createTempFile(local, "fetched-", ".unfinished");
    Files.copy(files.local(from), partial, StandardCopyOption.REPLACE_EXISTING);
    Optional<DamagedFileException> damage = damage(partial);
    if (damage.isPresent()) {
      Files.delete(partial);
      LOG.warn("{} is damaged, and set aside: {}", from, damage.get().getMessage());
      files.rename(from, from + ".damaged");
      return false;
    }
    Files.move(
        partial,
        local.resolve(name),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
    return true;
  }

  /** Copies a checkpoint into the store, then deletes there all but the one before it. */
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
    for (String old : stored.subList(0, Math.max(0, stored.size() - KEPT + 1))) {
      files.delete(remote + "/" + old);
    }
  }

  private List<String> stored() throws IOException {
    return files.list(remote).stream().filter(name -> CHECKPOINT.matcher(name).matches()).toList();
  }
}
