package org.kindred.stages.artifact;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.io.fs.MatchResult;
import org.apache.beam.sdk.io.fs.MoveOptions.StandardMoveOptions;
import org.apache.beam.sdk.io.fs.ResolveOptions.StandardResolveOptions;
import org.apache.beam.sdk.io.fs.ResourceId;

/**
 * Files behind Beam's {@link FileSystems}, for stores that have no atomic rename of directories. A
 * publish copies the data files first and the manifest last; as targets are named by content,
 * writers that race copy the same bytes, and a reader that trusts manifests only sees the artifact
 * whole or not at all.
 */
final class BeamFiles implements StoreFiles {
  private static final long serialVersionUID = 1L;
  private static final Map<String, Path> COPIES = new ConcurrentHashMap<>();

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
    Path known = COPIES.get(path);
    if (known != null && Files.exists(known)) {
      return known;
    }
    Path copy = Files.createTempFile("kindred-", "-" + path.substring(path.lastIndexOf('/') + 1));
    copy.toFile().deleteOnExit();
    try (InputStream in = open(path)) {
      Files.copy(in, copy, StandardCopyOption.REPLACE_EXISTING);
    }
    COPIES.put(path, copy);
    return copy;
  }

  @Override
  public long size(String path) throws IOException {
    MatchResult match = FileSystems.match(path);
    return match.status() == MatchResult.Status.OK && !match.metadata().isEmpty()
        ? match.metadata().get(0).sizeBytes()
        : -1;
  }

  @Override
  public List<String> list(String directory) throws IOException {
    String prefix = directory.endsWith("/") ? directory : directory + "/";
    MatchResult match = FileSystems.match(prefix + "**");
    TreeSet<String> names = new TreeSet<>();
    if (match.status() == MatchResult.Status.OK) {
      for (MatchResult.Metadata metadata : match.metadata()) {
        String rest = metadata.resourceId().toString().substring(prefix.length());
        names.add(rest.contains("/") ? rest.substring(0, rest.indexOf('/')) : rest);
      }
    }
    names.remove("");
    return List.copyOf(names);
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
    delete(staged);
    return true;
  }

  @Override
  public void delete(String path) throws IOException {
    List<ResourceId> resources = new ArrayList<>();
    for (String pattern : List.of(path, path + "/**")) {
      MatchResult match = FileSystems.match(pattern);
      if (match.status() == MatchResult.Status.OK) {
        match.metadata().forEach(metadata -> resources.add(metadata.resourceId()));
      }
    }
    FileSystems.delete(resources, StandardMoveOptions.IGNORE_MISSING_FILES);
  }

  private static ResourceId file(String path) {
    int slash = path.lastIndexOf('/');
    return FileSystems.matchNewResource(path.substring(0, slash + 1), true)
        .resolve(path.substring(slash + 1), StandardResolveOptions.RESOLVE_FILE);
  }

  private static NoSuchFileException noSuchFile(String path, IOException cause) {
    NoSuchFileException exception = new NoSuchFileException(path);
    exception.initCause(cause);
    return exception;
  }
}
