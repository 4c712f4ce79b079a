package org.kindred.stages.artifact;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.kindred.models.tensorflow.ProcessWide;

/**
 * What file systems of other machines have in common: this machine has copies of their files, and
 * directories that stand for theirs. Implementations have no state, so all of a class are equal.
 */
public abstract class RemoteFiles implements StoreFiles {
  private static final long serialVersionUID = 1L;

  /**
   * What tells a file from another that took its place: a damaged artifact may be published anew.
   *
   * @param bytes its size
   * @param modified when it was last changed, in milliseconds since 1970, 0 if that is not known
   */
  public record Version(long bytes, long modified) {}

  /** Which versions this process has copied, by path. */
  private static final Map<String, String> COPIED =
      ProcessWide.get("copied", Map.class, ConcurrentHashMap::new);

  /** The directory of the copies, which ends with the process. */
  private static Path copies() {
    return ProcessWide.get("copies", Path.class, RemoteFiles::newDirectory);
  }

  private static Path newDirectory() {
    try {
      Path directory = Files.createTempDirectory("kindred-copies-");
      Runtime.getRuntime().addShutdownHook(new Thread(() -> deleteQuietly(directory)));
      return directory;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot make a directory for copies of remote files", e);
    }
  }

  private static void deleteQuietly(Path directory) {
    try {
      new LocalFiles().delete(directory.toString());
    } catch (IOException e) {
      // The process ends, and nobody reads what is left.
      return;
    }
  }

  /** Returns which version of a file there is, if there is one; a directory is none. */
  protected abstract Optional<Version> version(String path) throws IOException;

  @Override
  public final String absolute(String path) {
    return path.replaceFirst("/+$", "");
  }

  @Override
  public final long size(String path) throws IOException {
    return version(path).map(Version::bytes).orElse(-1L);
  }

  @Override
  public final Path local(String path) throws IOException {
    Version version = version(path).orElseThrow(() -> new NoSuchFileException(path));
    // Files of one directory stay together, as who reads a SavedModel expects.
    Path copy = copies().resolve(relative(path));
    if (!version.toString().equals(COPIED.get(path)) || !Files.exists(copy)) {
      Files.createDirectories(copy.getParent());
      Path partial = Files.createTempFile(copy.getParent(), "partial-", "");
      try (InputStream in = open(path)) {
        Files.copy(in, partial, StandardCopyOption.REPLACE_EXISTING);
      }
      // Who has mapped an older copy keeps it.
      Files.move(partial, copy, StandardCopyOption.ATOMIC_MOVE);
      COPIED.put(path, version.toString());
    }
    return copy;
  }

  @Override
  public final Path localDirectory(String path) throws IOException {
    return Files.createDirectories(stateOf(path));
  }

  @Override
  public final void deleteLocalDirectory(String path) throws IOException {
    new LocalFiles().deleteLocalDirectory(stateOf(path).toString());
    delete(path);
  }

  private static Path stateOf(String path) {
    String name = Digests.of(path.getBytes(StandardCharsets.UTF_8));
    return Path.of(System.getProperty("java.io.tmpdir"), "kindred", name);
  }

  private static String relative(String uri) {
    return uri.replaceFirst("^([A-Za-z][A-Za-z0-9+.-]*:)?/*", "");
  }

  /** Returns the exception that {@link StoreFiles} names for a file that is not there. */
  protected static NoSuchFileException noSuchFile(String path, IOException cause) {
    NoSuchFileException exception = new NoSuchFileException(path);
    exception.initCause(cause);
    return exception;
  }

  @Override
  @SuppressWarnings("EqualsGetClass") // each class is another file system
  public final boolean equals(Object other) {
    return other != null && other.getClass() == getClass();
  }

  @Override
  public final int hashCode() {
    return getClass().hashCode();
  }
}
