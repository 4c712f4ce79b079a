package org.kindred.stages.artifact;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;
import org.apache.beam.sdk.io.FileSystem;
import org.apache.beam.sdk.io.FileSystemRegistrar;
import org.apache.beam.sdk.io.fs.CreateOptions;
import org.apache.beam.sdk.io.fs.MatchResult;
import org.apache.beam.sdk.io.fs.MoveOptions;
import org.apache.beam.sdk.io.fs.ResolveOptions;
import org.apache.beam.sdk.io.fs.ResolveOptions.StandardResolveOptions;
import org.apache.beam.sdk.io.fs.ResourceId;
import org.apache.beam.sdk.options.PipelineOptions;

/**
 * A Beam file system in memory, as awkward as the real ones: a file is there once its stream is
 * closed; a directory is there while a file is below it, and `*` matches it as if it were a file;
 * `**` does not match what lies in the directory itself; names come back with a host.
 */
final class MemoryFileSystem extends FileSystem<MemoryFileSystem.Id> {
  static final String SCHEME = "mem";
  private static final NavigableMap<String, byte[]> FILES = new ConcurrentSkipListMap<>();

  /** How Beam finds it. */
  public static final class Registrar implements FileSystemRegistrar {
    @Override
    public Iterable<FileSystem<?>> fromOptions(PipelineOptions options) {
      return List.of(new MemoryFileSystem());
    }
  }

  static final class Id implements ResourceId {
    private static final long serialVersionUID = 1L;
    private final String path;

    Id(String uri) {
      this.path = uri.replaceFirst("^mem://(host)?", "");
    }

    @Override
    public ResourceId resolve(String other, ResolveOptions options) {
      boolean directory = options == StandardResolveOptions.RESOLVE_DIRECTORY;
      return new Id(path + other + (directory ? "/" : ""));
    }

    @Override
    public ResourceId getCurrentDirectory() {
      return new Id(path.substring(0, path.lastIndexOf('/') + 1));
    }

    @Override
    public String getScheme() {
      return SCHEME;
    }

    @Override
    public String getFilename() {
      return path.substring(path.lastIndexOf('/') + 1);
    }

    @Override
    public boolean isDirectory() {
      return path.endsWith("/");
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Id id && id.path.equals(path);
    }

    @Override
    public int hashCode() {
      return path.hashCode();
    }

    @Override
    public String toString() {
      return "mem://host" + path;
    }
  }

  @Override
  protected List<MatchResult> match(List<String> specs) {
    List<MatchResult> results = new ArrayList<>();
    for (String spec : specs) {
      List<MatchResult.Metadata> found = new ArrayList<>();
      for (String path : matching(new Id(spec).path)) {
        found.add(
            MatchResult.Metadata.builder()
                .setResourceId(new Id(path))
                .setIsReadSeekEfficient(false)
                .setSizeBytes(FILES.getOrDefault(path, new byte[0]).length)
                .build());
      }
      results.add(
          found.isEmpty()
              ? MatchResult.create(MatchResult.Status.NOT_FOUND, found)
              : MatchResult.create(MatchResult.Status.OK, found));
    }
    return results;
  }

  private static Set<String> matching(String spec) {
    String directory = spec.substring(0, spec.lastIndexOf('/') + 1);
    Set<String> found = new TreeSet<>();
    for (String path : FILES.keySet()) {
      if (spec.endsWith("*") && path.startsWith(directory)) {
        int slash = path.indexOf('/', directory.length());
        if (!spec.endsWith("**")) {
          found.add(slash < 0 ? path : path.substring(0, slash));
        } else if (slash >= 0) {
          found.add(path);
        }
      } else if (path.equals(spec)) {
        found.add(path);
      }
    }
    return found;
  }

  @Override
  protected WritableByteChannel create(Id resource, CreateOptions options) {
    return Channels.newChannel(
        new ByteArrayOutputStream() {
          @Override
          public void close() {
            FILES.put(resource.path, toByteArray());
          }
        });
  }

  @Override
  protected ReadableByteChannel open(Id resource) throws IOException {
    return Channels.newChannel(new ByteArrayInputStream(bytes(resource)));
  }

  private static byte[] bytes(Id resource) throws IOException {
    byte[] bytes = FILES.get(resource.path);
    if (bytes == null) {
      throw new FileNotFoundException(resource.toString());
    }
    return bytes;
  }

  @Override
  protected void copy(List<Id> sources, List<Id> targets) throws IOException {
    for (int i = 0; i < sources.size(); i++) {
      FILES.put(targets.get(i).path, bytes(sources.get(i)));
    }
  }

  @Override
  protected void rename(List<Id> sources, List<Id> targets, MoveOptions... options)
      throws IOException {
    copy(sources, targets);
    delete(sources);
  }

  @Override
  protected void delete(Collection<Id> resources) throws IOException {
    for (Id resource : resources) {
      bytes(resource);
      FILES.remove(resource.path);
    }
  }

  @Override
  protected Id matchNewResource(String spec, boolean isDirectory) {
    return new Id(isDirectory && !spec.endsWith("/") ? spec + "/" : spec);
  }

  @Override
  protected String getScheme() {
    return SCHEME;
  }
}
