package org.kindred.store.hdfs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.io.hdfs.HadoopFileSystemOptions;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.DistributedFileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.kindred.stages.artifact.StoreFiles;

/** A real HDFS on the loopback interface, a NameNode and a DataNode, for all tests of a process. */
public final class Hdfs {
  private static final MiniDFSCluster CLUSTER = start();

  private Hdfs() {}

  private static MiniDFSCluster start() {
    try {
      Path directory = Files.createTempDirectory("kindred-hdfs-");
      Configuration configuration = new Configuration();
      configuration.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, directory.toString());
      MiniDFSCluster cluster = new MiniDFSCluster.Builder(configuration).numDataNodes(1).build();
      cluster.waitActive();
      Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(cluster, directory)));
      return cluster;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void stop(MiniDFSCluster cluster, Path directory) {
    cluster.shutdown();
    try {
      StoreFiles.of("/").delete(directory.toString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Returns options with the file system's configuration. Its client asks early and often whether a
   * file that it closes has arrived: the default is to wait for 0.4 s after the first time.
   */
  public static PipelineOptions options() {
    Configuration configuration = new Configuration(false);
    configuration.set("fs.defaultFS", "hdfs://localhost:" + CLUSTER.getNameNodePort());
    configuration.setInt("dfs.client.block.write.locateFollowingBlock.initial.delay.ms", 5);
    configuration.setInt("dfs.client.block.write.locateFollowingBlock.retries", 12);
    HadoopFileSystemOptions options = PipelineOptionsFactory.as(HadoopFileSystemOptions.class);
    options.setHdfsConfiguration(List.of(configuration));
    return options;
  }

  /** Returns the URI of a directory that does not exist, and gives Beam its configuration. */
  public static String newDirectory() {
    FileSystems.setDefaultPipelineOptions(options());
    return "hdfs://localhost:%d/%s".formatted(CLUSTER.getNameNodePort(), UUID.randomUUID());
  }

  /** Returns Hadoop's own client. */
  public static DistributedFileSystem client() throws IOException {
    return CLUSTER.getFileSystem();
  }
}
