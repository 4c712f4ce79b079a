package org.kindred.store.hdfs;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.hadoop.fs.CreateFlag;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Options.CreateOpts;
import org.apache.hadoop.fs.Options.Rename;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.hdfs.protocol.AlreadyBeingCreatedException;
import org.apache.hadoop.ipc.RemoteException;
import org.kindred.stages.artifact.RemoteFiles;

/**
 * Files of HDFS. The NameNode carries out each change of names in one step, before or after every
 * other one, and so every guarantee is that of a local file system:
 *
 * <ul>
 *   <li>{@link #publish} is one rename of a directory, which fails if there is something at the
 *       target; of several writers exactly one wins.
 *   <li>{@link #create} is exclusive; of several writers exactly one succeeds.
 *   <li>{@link #replace} is one rename over the file that was there.
 *   <li>What is closed is synced by all DataNodes that hold it.
 * </ul>
 *
 * <p>Beam's own file system for HDFS is not used for a store: its create overwrites, its rename
 * deletes what is in the way and begins again, its copy writes in place, and it can't tell an empty
 * directory from an empty file.
 */
final class HdfsFiles extends RemoteFiles {
  private static final long serialVersionUID = 1L;

  /** An operation on one path. */
  @FunctionalInterface
  private interface Operation<T> {
    T on(FileContext hdfs, Path path) throws IOException;
  }

  private static <T> T call(String verb, String uri, Operation<T> operation) throws IOException {
    Path path = HdfsRegistrar.path(uri);
    try {
      return operation.on(HdfsRegistrar.client(path), path);
    } catch (RemoteException e) {
      throw failure(verb, uri, e.unwrapRemoteException());
    } catch (IOException e) {
      throw failure(verb, uri, e);
    }
  }

  /** Gives a failure the type that callers expect, and a message of one line that names the URI. */
  private static IOException failure(String verb, String uri, IOException e) {
    if (e instanceof FileNotFoundException) {
      return noSuchFile(uri, e);
    }
    if (e instanceof org.apache.hadoop.fs.FileAlreadyExistsException
        || e instanceof AlreadyBeingCreatedException) {
      FileAlreadyExistsException exists = new FileAlreadyExistsException(uri);
      exists.initCause(e);
      return exists;
    }
    // What the NameNode says ends with its own stack trace.
    String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    return new IOException("cannot %s %s: %s".formatted(verb, uri, reason), e);
  }

  private static void makeParent(FileContext hdfs, Path path) throws IOException {
    hdfs.mkdir(path.getParent(), FsPermission.getDirDefault(), true);
  }

  private static Optional<FileStatus> status(String uri) throws IOException {
    try {
      return Optional.of(call("look at", uri, FileContext::getFileStatus));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  @Override
  protected Optional<Version> version(String path) throws IOException {
    return status(path)
        .filter(FileStatus::isFile)
        .map(file -> new Version(file.getLen(), file.getModificationTime()));
  }

  @Override
  public OutputStream create(String path) throws IOException {
    return call(
        "create",
        path,
        (hdfs, file) ->
            hdfs.create(
                file,
                EnumSet.of(CreateFlag.CREATE, CreateFlag.SYNC_BLOCK),
                CreateOpts.createParent()));
  }

  @Override
  public InputStream open(String path) throws IOException {
    if (size(path) < 0) {
      throw new NoSuchFileException(path);
    }
    return call("open", path, FileContext::open);
  }

  @Override
  public long lastModified(String path) throws IOException {
    Optional<FileStatus> status = status(path);
    if (status.isEmpty()) {
      return 0;
    }
    return call(
        "look below",
        path,
        (hdfs, directory) -> {
          long newest = status.get().getModificationTime();
          RemoteIterator<? extends FileStatus> files = hdfs.util().listFiles(directory, true);
          while (files.hasNext()) {
            newest = Math.max(newest, files.next().getModificationTime());
          }
          return newest;
        });
  }

  @Override
  public List<String> list(String directory) throws IOException {
    if (status(directory).filter(FileStatus::isDirectory).isEmpty()) {
      return List.of();
    }
    return call(
        "list",
        directory,
        (hdfs, path) -> {
          List<String> names = new ArrayList<>();
          RemoteIterator<FileStatus> entries = hdfs.listStatus(path);
          while (entries.hasNext()) {
            names.add(entries.next().getPath().getName());
          }
          names.sort(null);
          return names;
        });
  }

  @Override
  public void rename(String from, String to) throws IOException {
    if (status(from).isPresent() || status(to).isEmpty()) {
      move(from, to, Rename.OVERWRITE);
    }
  }

  private static void move(String from, String to, Rename option) throws IOException {
    call(
        "rename " + from + " to",
        to,
        (hdfs, target) -> {
          makeParent(hdfs, target);
          hdfs.rename(HdfsRegistrar.path(from), target, option);
          return null;
        });
  }

  @Override
  public void replace(String path, byte[] bytes) throws IOException {
    int name = path.lastIndexOf('/') + 1;
    String temporary =
        "%s.%s.%s".formatted(path.substring(0, name), path.substring(name), UUID.randomUUID());
    try (OutputStream out = create(temporary)) {
      out.write(bytes);
    }
    move(temporary, path, Rename.OVERWRITE);
  }

  @Override
  public boolean publish(String staged, String target, List<String> files) throws IOException {
    try {
      move(staged, target, Rename.NONE);
      return true;
    } catch (IOException e) {
      // The errors for a target that is there have no common type.
      if (status(staged).isPresent() && status(target).isPresent()) {
        return false;
      }
      throw e;
    }
  }

  @Override
  public void withdraw(String target, String manifest, String aside) throws IOException {
    if (status(target).isPresent()) {
      move(target, aside, Rename.NONE);
    }
  }

  @Override
  public void delete(String path) throws IOException {
    call("delete", path, (hdfs, tree) -> status(path).isPresent() && hdfs.delete(tree, true));
  }
}
