package org.kindred.stages.artifact;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.file.FileAlreadyExistsException;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.io.fs.EmptyMatchTreatment;
import org.apache.beam.sdk.io.fs.MatchResult;
import org.apache.beam.sdk.io.fs.MoveOptions.StandardMoveOptions;
import org.apache.beam.sdk.io.fs.ResolveOptions.StandardResolveOptions;
import org.apache.beam.sdk.io.fs.ResourceId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files behind Beam's {@link FileSystems}, which has no conditional create and no rename of
 * directories.
 *
 * <ul>
 *   <li>{@link #publish} copies the data files, then creates the manifest. It is safe for several
 *       writers where the file system puts a copied file in place in one step, as object stores do.
 *   <li>{@link #create} looks, then writes. Of two writers at the same moment both may succeed; the
 *       later one's file stays. A subclass can do better where the file system can.
 *   <li>{@link #replace} is as atomic as the file system's own writing of a file: on object stores
 *       it is.
 * </ul>
 *
 * <p>Directories mean nothing here: a name is there as long as a file below it is. Outside a
 * pipeline, {@link FileSystems#setDefaultPipelineOptions} must have been called before.
 */
public class BeamFiles extends RemoteFiles {
  private static final long serialVersionUID = 1L;
  private static final Logger LOG = LoggerFactory.getLogger(BeamFiles.class);

  @Override
  public OutputStream create(String path) throws IOException {
    if (size(path) >= 0) {
      throw new FileAlreadyExistsException(path);
    }
    return overwrite(path);
  }

  /** Writes a file, whether or not there is one. */
  protected final OutputStream overwrite(String path) throws IOException {
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
  public long lastModified(String path) throws IOException {
    return match(path, path + "/*", path + "/**").stream()
        .mapToLong(MatchResult.Metadata::lastModifiedMillis)
        .max()
        .orElse(0);
  }

  @Override
  protected Optional<Version> version(String path) throws IOException {
    return match(path).stream()
        .map(file -> new Version(file.sizeBytes(), file.lastModifiedMillis()))
        .findFirst();
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
    try (OutputStream out = overwrite(path)) {
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
    byte[] bytes = ArtifactStore.readAll(this, staged + "/" + manifest);
    try (OutputStream out = create(target + "/" + manifest)) {
      out.write(bytes);
      return true;
    } catch (FileAlreadyExistsException e) {
      LOG.debug("{} was published by another writer", target, e);
      return false;
    }
  }

  @Override
  public void withdraw(String target, String manifest, String aside) throws IOException {
    delete(target + "/" + manifest);
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
    for (String pattern : patterns) {
      // One at a time: Beam's S3 file system fails when two patterns match the same file.
      FileSystems.match(pattern, EmptyMatchTreatment.ALLOW).metadata().stream()
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
}
