package org.kindred.stages.artifact;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Files of this machine. A publish is one {@code rename} of a directory, which POSIX makes atomic
 * and refuses when the target is a directory that is not empty. Files are synced before they are
 * closed, directories before a publish returns.
 */
final class LocalFiles implements StoreFiles {
  private static final long serialVersionUID = 1L;
  private static final int BUFFER_BYTES = 1 << 18;

  @Override
  public OutputStream create(String path) throws IOException {
    Path file = path(path);
    Files.createDirectories(file.getParent());
    FileChannel channel = FileChannel.open(file, CREATE_NEW, WRITE);
    return new SyncedOutput(channel);
  }

  @Override
  public InputStream open(String path) throws IOException {
    return Files.newInputStream(path(path));
  }

  @Override
  public Path local(String path) throws IOException {
    Path file = path(path);
    if (!Files.isRegularFile(file)) {
      throw new NoSuchFileException(path);
    }
    return file;
  }

  @Override
  public long size(String path) throws IOException {
    try {
      return Files.size(path(path));
    } catch (NoSuchFileException | NotDirectoryException e) {
      return -1;
    }
  }

  @Override
  public List<String> list(String directory) throws IOException {
    Path path = path(directory);
    if (!Files.isDirectory(path)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(path)) {
      return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
    }
  }

  @Override
  public void rename(String from, String to) throws IOException {
    Path source = path(from);
    Path target = path(to);
    if (!Files.exists(source) && Files.exists(target)) {
      return;
    }
    Files.createDirectories(target.getParent());
    Files.move(source, target, ATOMIC_MOVE);
  }

  @Override
  public void replace(String path, byte[] bytes) throws IOException {
    Path target = path(path);
    Path temporary = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID());
    try {
      try (OutputStream out = create(temporary.toString())) {
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
    Files.createDirectories(destination.getParent());
    for (String file : files) {
      for (Path p = source.resolve(file).getParent(); p.startsWith(source); p = p.getParent()) {
        sync(p);
      }
    }
    try {
      Files.move(source, destination, ATOMIC_MOVE);
    } catch (DirectoryNotEmptyException | FileAlreadyExistsException e) {
      return false;
    } catch (FileSystemException e) {
      if (Files.isDirectory(source) && Files.isDirectory(destination)) {
        return false;
      }
      throw e;
    }
    sync(destination.getParent());
    return true;
  }

  @Override
  public void delete(String path) throws IOException {
    Path root = path(path);
    if (Files.isDirectory(root)) {
      try (Stream<Path> tree = Files.walk(root)) {
        for (Path entry : tree.sorted((a, b) -> b.compareTo(a)).toList()) {
          Files.deleteIfExists(entry);
        }
      }
    } else {
      Files.deleteIfExists(root);
    }
  }

  private static Path path(String path) {
    return Path.of(path.startsWith("file:") ? path.replaceFirst("^file:(//)?", "") : path);
  }

  private static void sync(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, READ)) {
      channel.force(true);
    }
  }

  /** Buffers, and syncs before it closes. */
  private static final class SyncedOutput extends FilterOutputStream {
    private final FileChannel channel;
    private boolean closed;

    SyncedOutput(FileChannel channel) {
      super(new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER_BYTES));
      this.channel = channel;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
    }

    @Override
    public void close() throws IOException {
      if (closed) {
        return;
      }
      closed = true;
      try (channel) {
        flush();
        channel.force(true);
      }
    }
  }
}
