package org.kindred.stages.artifact;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.io.fs.EmptyMatchTreatment;
import org.apache.beam.sdk.io.fs.MatchResult;
import org.apache.beam.sdk.io.fs.MoveOptions.StandardMoveOptions;
import org.apache.beam.sdk.io.fs.ResolveOptions.StandardResolveOptions;
import org.apache.beam.sdk.io.fs.ResourceId;

/**
 * Files behind Beam's {@link FileSystems}, for stores that have no atomic rename of directories. A
 * publish copies the data files first and the manifest last; as targets are named by content,
 * writers that race copy the same bytes, and a reader that trusts manifests only sees the artifact
 * whole or not at all.
 *
 * <p>Directories mean nothing here: a name is there as long as a file below it is. Outside a
 * pipeline, {@link FileSystems#setDefaultPipelineOptions} must have been called before.
 */
record BeamFiles() implements StoreFiles {
  /** What a file was when it was copied: a damaged artifact may be published anew. */
  private record Version(long bytes, long modified) {}

  /** The files that this process has copied, below a directory of its own. */
  private static final class Copies {
    static final Map<String, Version> KNOWN = new ConcurrentHashMap<>();
    static final Path ROOT = newRoot();

    private static Path newRoot() {
      try {
        Path root = Files.createTempDirectory("kindred-copies-");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> deleteQuietly(root)));
        return root;
      } catch (IOException e) {
        throw new UncheckedIOException("cannot make a directory for copies of remote files", e);
      }
    }

    private static void deleteQuietly(Path root) {
      try {
        new LocalFiles().delete(root.toString());
      } catch (IOException e) {
        // The process ends, and nobody reads what is left.
        return;
      }
    }
  }

  @Override
  public String absolute(String path) {
    return path.replaceFirst("/+$", "");
  }

  @Override
  public OutputStream create(String path) throws IOException {
    if (size(path) >= 0) {
      throw new FileAlreadyExistsException(path);
    }
    return Channels.newOutputStream(FileSystems.create(file(path), "application/octet-stream"));
  }

  @Override
  public InputStream open(String path) throws IOException {
    try {
      return Channels.newInputStream(FileSystems.open(file(path)));
    } catch (FileNotFoundException e) {
      throw noSuchFile(path, e);
    }
  }

  @Override
  public Path local(String path) throws IOException {
    List<MatchResult.Metadata> metadata = match(path);
    if (metadata.isEmpty()) {
      throw new NoSuchFileException(path);
    }
    Version version =
        new Version(metadata.get(0).sizeBytes(), metadata.get(0).lastModifiedMillis());
    // Files of one directory stay together, as who reads a SavedModel expects.
    Path copy = Copies.ROOT.resolve(relative(path));
    if (!version.equals(Copies.KNOWN.get(path)) || !Files.exists(copy)) {
      Files.createDirectories(copy.getParent());
      Path partial = Files.createTempFile(copy.getParent(), "partial-", "");
      try (InputStream in = open(path)) {
        Files.copy(in, partial, StandardCopyOption.REPLACE_EXISTING);
      }
      // Who has mapped an older copy keeps it.
      Files.move(partial, copy, StandardCopyOption.ATOMIC_MOVE);
      Copies.KNOWN.put(path, version);
    }
    return copy;
  }

  @Override
  public Path localDirectory(String path) throws IOException {
    return Files.createDirectories(stateOf(path));
  }

  @Override
  public void deleteLocalDirectory(String path) throws IOException {
    new LocalFiles().deleteLocalDirectory(stateOf(path).toString());
    delete(path);
  }

  private static Path stateOf(String path) {
    String name = Digests.of(path.getBytes(StandardCharsets.UTF_8));
    return Path.of(System.getProperty("java.io.tmpdir"), "kindred", name);
  }

  @Override
  public long lastModified(String path) throws IOException {
    return match(path, path + "/*", path + "/**").stream()
        .mapToLong(MatchResult.Metadata::lastModifiedMillis)
        .max()
        .orElse(0);
  }

  @Override
  public long size(String path) throws IOException {
    List<MatchResult.Metadata> metadata = match(path);
    return metadata.isEmpty() ? -1 : metadata.get(0).sizeBytes();
  }

  @Override
  public List<String> list(String directory) throws IOException {
    return below(directory).keySet().stream()
        .map(name -> name.split("/", 2)[0])
        .distinct()
        .sorted()
        .toList();
  }

  @Override
  public void rename(String from, String to) throws IOException {
    if (size(from) < 0 && size(to) >= 0) {
      return;
    }
    FileSystems.rename(List.of(file(from)), List.of(file(to)));
  }

  @Override
  public void replace(String path, byte[] bytes) throws IOException {
    try (OutputStream out =
        Channels.newOutputStream(FileSystems.create(file(path), "application/json"))) {
      out.write(bytes);
    }
  }

  @Override
  public boolean publish(String staged, String target, List<String> files) throws IOException {
    String manifest = files.get(files.size() - 1);
    if (size(target + "/" + manifest) >= 0) {
      return false;
    }
    List<ResourceId> sources = new ArrayList<>();
    List<ResourceId> targets = new ArrayList<>();
    for (String name : files.subList(0, files.size() - 1)) {
      sources.add(file(staged + "/" + name));
      targets.add(file(target + "/" + name));
    }
    FileSystems.copy(sources, targets);
    FileSystems.copy(
        List.of(file(staged + "/" + manifest)), List.of(file(target + "/" + manifest)));
    return true;
  }

  @Override
  public void delete(String path) throws IOException {
    List<ResourceId> resources = new ArrayList<>(below(path).values());
    if (resources.isEmpty()) {
      match(path).forEach(metadata -> resources.add(metadata.resourceId()));
    }
    FileSystems.delete(resources, StandardMoveOptions.IGNORE_MISSING_FILES);
  }

  /** Returns the files at any depth below a directory, by relative name. */
  private static NavigableMap<String, ResourceId> below(String directory) throws IOException {
    int prefix = withoutHost(directory).length() + 1;
    NavigableMap<String, ResourceId> files = new TreeMap<>();
    // On some file systems `**` leaves out the directory itself.
    for (MatchResult.Metadata metadata : match(directory + "/*", directory + "/**")) {
      ResourceId resource = metadata.resourceId();
      files.put(withoutHost(resource.toString()).substring(prefix), resource);
    }
    // On some file systems a directory looks like a file.
    files.keySet().removeIf(name -> isDirectory(name, files));
    return files;
  }

  private static boolean isDirectory(String name, NavigableMap<String, ResourceId> files) {
    String next = files.higherKey(name + "/");
    return next != null && next.startsWith(name + "/");
  }

  /** File systems may add a host to the names that they return, or leave it out. */
  private static String withoutHost(String uri) {
    return uri.replaceFirst("^[A-Za-z][A-Za-z0-9+.-]*://[^/]*", "");
  }

  private static List<MatchResult.Metadata> match(String... patterns) throws IOException {
    List<MatchResult.Metadata> files = new ArrayList<>();
    for (MatchResult match : FileSystems.match(List.of(patterns), EmptyMatchTreatment.ALLOW)) {
      match.metadata().stream()
          .filter(metadata -> !metadata.resourceId().isDirectory())
          .forEach(files::add);
    }
    return files;
  }

  private static ResourceId file(String path) {
    int slash = path.lastIndexOf('/');
    return FileSystems.matchNewResource(path.substring(0, slash + 1), true)
        .resolve(path.substring(slash + 1), StandardResolveOptions.RESOLVE_FILE);
  }

  private static String relative(String uri) {
    return uri.replaceFirst("^([A-Za-z][A-Za-z0-9+.-]*:)?/*", "");
  }

  private static NoSuchFileException noSuchFile(String path, IOException cause) {
    NoSuchFileException exception = new NoSuchFileException(path);
    exception.initCause(cause);
    return exception;
  }
}
