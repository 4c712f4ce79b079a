package org.kindred.store.hdfs;

import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.beam.sdk.io.FileSystem;
import org.apache.beam.sdk.io.FileSystemRegistrar;
import org.apache.beam.sdk.io.hdfs.HadoopFileSystemOptions;
import org.apache.beam.sdk.io.hdfs.HadoopFileSystemRegistrar;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.CommonConfigurationKeysPublic;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.Path;
import org.kindred.stages.artifact.StoreFiles;
import org.kindred.stages.artifact.StoreFilesProvider;

/**
 * Takes Hadoop's configuration from where Beam takes it, {@link HadoopFileSystemOptions}: the
 * option {@code hdfsConfiguration}, by default the files in {@code HADOOP_CONF_DIR}. With a job's
 * options it comes to the job's workers.
 *
 * <p>Without any configuration Beam would not know the scheme {@code hdfs}. As a URI that names its
 * NameNode needs none, the scheme is registered then too.
 */
public final class HdfsRegistrar implements FileSystemRegistrar, StoreFilesProvider {
  private static final String SCHEME = "hdfs";

  /** With the newest options; null until there are some. */
  private static volatile Clients clients;

  /**
   * Hadoop's clients by URI of the file system. It keeps none itself.
   *
   * @param configuration what new ones are made with
   */
  private record Clients(Configuration configuration, Map<URI, FileContext> known) {
    Clients(Configuration configuration) {
      this(configuration, new ConcurrentHashMap<>());
    }
  }

  @Override
  public Iterable<FileSystem<?>> fromOptions(PipelineOptions options) {
    List<Configuration> given = options.as(HadoopFileSystemOptions.class).getHdfsConfiguration();
    if (given != null) {
      clients = new Clients(given.isEmpty() ? new Configuration() : withDefaults(given.get(0)));
      return List.of(); // Beam's own registrar has been given it too
    }
    clients = new Clients(new Configuration());
    HadoopFileSystemOptions bare = PipelineOptionsFactory.as(HadoopFileSystemOptions.class);
    Configuration scheme = new Configuration(false);
    scheme.set(CommonConfigurationKeysPublic.FS_DEFAULT_NAME_KEY, SCHEME + ":///");
    bare.setHdfsConfiguration(List.of(scheme));
    return new HadoopFileSystemRegistrar().fromOptions(bare);
  }

  /** Beam reads configurations without the defaults that stand in Hadoop's jars. */
  private static Configuration withDefaults(Configuration given) {
    Configuration whole = new Configuration();
    given.forEach(entry -> whole.set(entry.getKey(), entry.getValue()));
    return whole;
  }

  @Override
  public String scheme() {
    return SCHEME;
  }

  @Override
  public StoreFiles files() {
    return new HdfsFiles();
  }

  /** Returns a path with the NameNode that the configuration names, unless the URI names one. */
  static Path path(String uri) {
    URI defaults = org.apache.hadoop.fs.FileSystem.getDefaultUri(clients().configuration);
    return new Path(uri).makeQualified(defaults, new Path(Path.SEPARATOR));
  }

  /** Returns a client of the file system that a path is on. */
  static FileContext client(Path path) throws IOException {
    Clients current = clients();
    URI fileSystem = path.toUri().resolve(Path.SEPARATOR);
    FileContext client = current.known.get(fileSystem);
    if (client == null) {
      client = FileContext.getFileContext(fileSystem, current.configuration);
      current.known.put(fileSystem, client);
    }
    return client;
  }

  private static Clients clients() {
    if (clients == null) {
      throw new IllegalStateException(
          "FileSystems.setDefaultPipelineOptions must be called before a store on HDFS is used");
    }
    return clients;
  }
}
