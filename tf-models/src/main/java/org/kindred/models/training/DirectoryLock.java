package org.kindred.models.training;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.kindred.models.tensorflow.ProcessWide;

/**
 * Keeps a directory to one user at a time, among all processes that see it. The lock is on an empty
 * file beside the directory, {@code NAME.lock}, which stays: who deletes a lock's file may let two
 * users in. It ends with the process that holds it, however that ends.
 */
public final class DirectoryLock implements AutoCloseable {

  private static final Set<Path> HELD =
      ProcessWide.get("locks", Set.class, ConcurrentHashMap::newKeySet);

  private final Path file;
  private final FileChannel channel;

  private DirectoryLock(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * Locks a directory, which need not exist.
   *
   * @return nothing when somebody else has it, in this process or another
   * @throws IOException when the lock's file cannot be made, or its file system has no locks
   */
  public static Optional<DirectoryLock> tryAcquire(Path directory) throws IOException {
    Path absolute = directory.toAbsolutePath().normalize();
    Path file = absolute.resolveSibling(absolute.getFileName() + ".lock");
    // Locks belong to the process: closing the file once more would release the one that is held.
    if (!HELD.add(file)) {
      return Optional.empty();
    }
    Optional<DirectoryLock> lock = Optional.empty();
    try {
      Files.createDirectories(file.getParent());
      lock = lock(file);
      return lock;
    } finally {
      if (lock.isEmpty()) {
        HELD.remove(file);
      }
    }
  }

  private static Optional<DirectoryLock> lock(Path file) throws IOException {
    FileChannel channel = FileChannel.open(file, CREATE, WRITE);
    FileLock held = null;
    try {
      held = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      // This process holds it under another name of the directory.
      return Optional.empty();
    } catch (IOException e) {
      throw new IOException("cannot lock " + file + ": " + e.getMessage(), e);
    } finally {
      if (held == null) {
        channel.close();
      }
    }
    return held == null ? Optional.empty() : Optional.of(new DirectoryLock(file, channel));
  }

  /** Lets others in. */
  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot unlock " + file, e);
    } finally {
      HELD.remove(file);
    }
  }
}
