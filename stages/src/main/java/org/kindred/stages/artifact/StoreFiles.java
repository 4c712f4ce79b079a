package org.kindred.stages.artifact;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The file operations that a store is built of. Paths are absolute strings with `/` as separator,
 * as the file system writes them.
 *
 * <p>Implementations: {@link LocalFiles} for paths of this machine, those that {@link
 * StoreFilesProvider} finds for their schemes, {@link BeamFiles} for every other scheme that Beam's
 * {@code FileSystems} opens. They differ in what they guarantee to several writers; each says so.
 */
public interface StoreFiles extends Serializable {

  /** Returns the implementation for a store's root: a local path, or a URI with a scheme. */
  static StoreFiles of(String root) {
    Matcher uri = Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*)://.*").matcher(root);
    return uri.matches() && !root.startsWith("file:")
        ? StoreFilesProvider.find(uri.group(1)).orElseGet(BeamFiles::new)
        : new LocalFiles();
  }

  /**
   * Returns a path or URI that a user gave as the other operations take it: absolute, without `/`
   * at its end.
   */
  String absolute(String path);

  /**
   * Creates a file, and the directories above it. When {@code close} returns, the bytes are
   * durable. Of several writers that create one path at a time all but one get the exception, from
   * here or from {@code close}, where the implementation says so.
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
   * Makes a staged directory an artifact. The manifest at {@code target} is the last thing that
   * readers can see: when it is there, all other files are there and whole, whenever this process
   * dies. What is left of {@code staged} is the caller's to delete.
   *
   * <p>Where directories can be renamed, this is one atomic rename that fails if there is something
   * at the target. Elsewhere the other files are put to the target first, then the manifest is
   * {@linkplain #create created}. There a writer may put files over those of an artifact that
   * another has published meanwhile, and if the file system can't create conditionally, also its
   * manifest. That does no harm, provided that a single file is put there in one atomic step: the
   * target is named by the digest of a content, which has the SHA-256 of each of these files, so
   * all writers put the same bytes. Their manifests may differ in {@code producer} and {@code
   * created}, which readers do not depend on.
   *
   * @param files paths inside the directory; the last one is the manifest, by whose presence
   *     readers know an artifact
   * @return false if there is something at {@code target} already, where directories can be
   *     renamed, or else a manifest; no byte that a reader can see was changed then
   */
  boolean publish(String staged, String target, List<String> files) throws IOException;

  /**
   * Makes room at a publish's target for another publish, because what is there is damaged. Where
   * directories can be renamed, it is moved aside in one step. Elsewhere only the manifest is
   * deleted, and the next publish writes over the rest: a deletion of files could hit those of
   * another writer, who repairs the artifact at the same time.
   *
   * @param manifest path of the manifest inside the directory
   * @param aside a path that does not exist; what comes to be there is the caller's to delete
   */
  void withdraw(String target, String manifest, String aside) throws IOException;

  /** Deletes a directory with everything in it, or a file; nothing if it does not exist. */
  void delete(String path) throws IOException;
}
