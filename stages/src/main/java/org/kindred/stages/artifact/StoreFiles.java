package org.kindred.stages.artifact;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;

/**
 * The file operations that a store is built of. Paths are absolute strings with `/` as separator,
 * as the file system writes them.
 *
 * <p>Implementations: {@link LocalFiles} for paths of this machine, {@link BeamFiles} for every
 * other scheme that Beam's {@code FileSystems} opens.
 */
public interface StoreFiles extends Serializable {

  /** Returns the implementation for a store's root: a local path, or a URI with a scheme. */
  static StoreFiles of(String root) {
    return root.matches("[A-Za-z][A-Za-z0-9+.-]*://.*") && !root.startsWith("file:")
        ? new BeamFiles()
        : new LocalFiles();
  }

  /**
   * Returns a path or URI that a user gave as the other operations take it: absolute, without `/`
   * at its end.
   */
  String absolute(String path);

  /**
   * Creates a file, and the directories above it. When {@code close} returns, the bytes are
   * durable.
   *
   * @throws java.nio.file.FileAlreadyExistsException if the path exists
   */
  OutputStream create(String path) throws IOException;

  /**
   * Opens a file from its start.
   *
   * @throws java.nio.file.NoSuchFileException if the path does not exist
   */
  InputStream open(String path) throws IOException;

  /**
   * Returns the file as a local one: itself, or a copy that lives until this process ends.
   *
   * @throws java.nio.file.NoSuchFileException if the path does not exist
   */
  Path local(String path) throws IOException;

  /**
   * Returns a local directory for state that one machine works on, such as checkpoints: the path
   * itself, or, where the store is not local, a directory of this machine that the same path leads
   * to again.
   */
  Path localDirectory(String path) throws IOException;

  /**
   * Deletes the directory at the path, and on this machine what {@link #localDirectory} leads to;
   * nothing there if it was never made, or somebody holds its {@link
   * org.kindred.models.training.DirectoryLock}.
   */
  void deleteLocalDirectory(String path) throws IOException;

  /**
   * Returns when a file was last changed, or the newest of the files below a directory:
   * milliseconds since 1970, 0 if there is nothing, it goes away meanwhile, or the file system does
   * not tell.
   */
  long lastModified(String path) throws IOException;

  /** Returns a file's size in bytes, or -1 if there is no file at the path. */
  long size(String path) throws IOException;

  /**
   * Returns the names of the entries of a directory, sorted; none if there is no such directory.
   */
  List<String> list(String directory) throws IOException;

  /**
   * Renames a file inside the same staging directory. Does nothing if the source is gone and the
   * target exists.
   */
  void rename(String from, String to) throws IOException;

  /**
   * Writes a small file in place of what was there before: a reader sees the old bytes or the new
   * ones.
   */
  void replace(String path, byte[] bytes) throws IOException;

  /**
   * Makes a staged directory an artifact, in one atomic step: afterwards {@code target} holds the
   * whole of {@code staged}, or no manifest. What is left of {@code staged} is the caller's to
   * delete.
   *
   * @param files paths inside the directory; the last one is the manifest, by whose presence
   *     readers know an artifact
   * @return false if there is something at {@code target} already; nothing was changed then
   */
  boolean publish(String staged, String target, List<String> files) throws IOException;

  /** Deletes a directory with everything in it, or a file; nothing if it does not exist. */
  void delete(String path) throws IOException;
}
