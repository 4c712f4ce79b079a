package org.kindred.stages.artifact;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.kindred.models.training.DirectoryLock;

/**
 * Files of this machine. A publish is one {@code rename} of a directory, which POSIX makes atomic
 * and refuses when the target is a directory that is not empty. Files are synced before they are
 * closed, directories before a publish returns.
 */
record LocalFiles() implements StoreFiles {
  private static final int BUFFER_BYTES = 1 << 18;

  @Override
  public String absolute(String path) {
    return path(path).toAbsolutePath().normalize().toString();
  }

  @Override
  public OutputStream create(String path) throws IOException {
    Path file = path(path);
    createDirectories(file.getParent());
    try {
      FileChannel channel = FileChannel.open(file, CREATE_NEW, WRITE);
      return new BufferedOutputStream(new SyncedOutput(file, channel), BUFFER_BYTES);
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (IOException e) {
      throw cannot("create", file, e);
    }
  }

  @Override
  public InputStream open(String path) throws IOException {
    return Files.newInputStream(local(path));
  }

  @Override
  public Path local(String path) throws IOException {
    if (size(path) < 0) {
      throw new NoSuchFileException(path);
    }
    return path(path);
  }

  @Override
  public Path localDirectory(String path) throws IOException {
    return Files.createDirectories(path(path));
  }

  @Override
  public void deleteLocalDirectory(String path) throws IOException {
    if (Files.isDirectory(path(path))) {
      Optional<DirectoryLock> free = DirectoryLock.tryAcquire(path(path));
      if (free.isPresent()) {
        DirectoryLock lock = free.get();
        try (lock) {
          delete(path);
        }
      }
    }
  }

  @Override
  public long lastModified(String path) throws IOException {
    try (Stream<Path> tree = Files.walk(path(path))) {
      long newest = 0;
      for (Path each : (Iterable<Path>) tree::iterator) {
        newest = Math.max(newest, Files.getLastModifiedTime(each).toMillis());
      }
      return newest;
    } catch (NoSuchFileException e) {
      return 0;
    } catch (UncheckedIOException e) {
      if (e.getCause() instanceof NoSuchFileException) {
        return 0;
      }
      throw e.getCause();
    }
  }

  @Override
  public long size(String path) throws IOException {
    Path file = path(path);
    try {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      return attributes.isRegularFile() ? attributes.size() : -1;
    } catch (NoSuchFileException e) {
      return -1;
    } catch (FileSystemException e) {
      if (fileAbove(file).isPresent()) {
        return -1;
      }
      throw e;
    }
  }

  @Override
  public List<String> list(String directory) throws IOException {
    try (Stream<Path> entries = Files.list(path(directory))) {
      return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
    } catch (NoSuchFileException | NotDirectoryException e) {
      return List.of();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  @Override
  public void rename(String from, String to) throws IOException {
    Path source = path(from);
    Path target = path(to);
    if (!Files.exists(source) && Files.exists(target)) {
      return;
    }
    createDirectories(target.getParent());
    Files.move(source, target, ATOMIC_MOVE);
  }

  @Override
  public void replace(String path, byte[] bytes) throws IOException {
    Path target = path(path);
    Path temporary = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID());
    OutputStream out = create(temporary.toString());
    try {
      try (out) {
        out.write(bytes);
      }
      Files.move(temporary, target, ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(temporary);
    }
    sync(target.getParent());
  }

  @Override
  public boolean publish(String staged, String target, List<String> files) throws IOException {
    Path source = path(staged);
    Path destination = path(target);
    createDirectories(destination.getParent());
    Set<Path> directories = new HashSet<>();
    for (String file : files) {
      for (Path p = source.resolve(file).getParent(); p.startsWith(source); p = p.getParent()) {
        directories.add(p);
      }
    }
    for (Path each : directories) {
      sync(each);
    }
    try {
      Files.move(source, destination, ATOMIC_MOVE);
    } catch (FileSystemException e) {
      // The errors for a target that is there have no common type.
      if (Files.isDirectory(source) && Files.exists(destination)) {
        return false;
      }
      throw cannot("publish", destination, e);
    }
    sync(destination.getParent());
    return true;
  }

  @Override
  public void withdraw(String target, String manifest, String aside) throws IOException {
    Path destination = path(aside);
    createDirectories(destination.getParent());
    try {
      Files.move(path(target), destination, ATOMIC_MOVE);
    } catch (NoSuchFileException e) {
      // Somebody else has withdrawn it.
      return;
    }
  }

  @Override
  public void delete(String path) throws IOException {
    Files.walkFileTree(
        path(path),
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
            if (e instanceof NoSuchFileException) {
              return FileVisitResult.CONTINUE;
            }
            throw e;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path directory, IOException e)
              throws IOException {
            if (e != null) {
              throw e;
            }
            Files.deleteIfExists(directory);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static Path path(String path) {
    return Path.of(path.startsWith("file:") ? path.replaceFirst("^file:(//)?", "") : path);
  }

  private static void createDirectories(Path directory) throws IOException {
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw cannot("create directory", directory, e);
    }
  }

  private static void sync(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, READ)) {
      channel.force(true);
    } catch (IOException e) {
      throw cannot("sync", directory, e);
    }
  }

  /** Returns the file that stands where a path needs a directory. */
  private static Optional<Path> fileAbove(Path path) {
    return Stream.iterate(path.getParent(), Objects::nonNull, Path::getParent)
        .filter(Files::isRegularFile)
        .findFirst();
  }

  /** Java's own exceptions may lack the path, or have nothing but the path for a message. */
  private static IOException cannot(String verb, Path path, IOException e) {
    String reason = e.getMessage();
    // Creating a directory where there is a file, Java says that it exists already.
    Optional<Path> file =
        fileAbove(e instanceof FileAlreadyExistsException ? path.resolve("*") : path);
    if (file.isPresent()) {
      reason = file.get() + " is a file, not a directory";
    } else if (e instanceof AccessDeniedException) {
      reason = "permission denied";
    } else if (e instanceof NoSuchFileException) {
      reason = "no such file or directory";
    }
    return new IOException("cannot %s %s: %s".formatted(verb, path, reason), e);
  }

  /** Syncs before it closes. */
  static final class SyncedOutput extends OutputStream {
    private final Path file;
    private final FileChannel channel;

    SyncedOutput(Path file, FileChannel channel) {
      this.file = file;
      this.channel = channel;
    }

    @Override
    public void write(int value) throws IOException {
      write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      ByteBuffer buffer = ByteBuffer.wrap(bytes, offset, length);
      try {
        while (buffer.hasRemaining()) {
          channel.write(buffer);
        }
      } catch (IOException e) {
        throw cannot("write", file, e);
      }
    }

    @Override
    public void close() throws IOException {
      try (channel) {
        if (channel.isOpen()) {
          channel.force(true);
        }
      } catch (IOException e) {
        throw cannot("write", file, e);
      }
    }
  }
}
