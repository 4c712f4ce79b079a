package org.kindred.store.hdfs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.apache.beam.sdk.io.FileSystems;
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
      FileSystems.setDefaultPipelineOptions(PipelineOptionsFactory.create());
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

  /** Returns the URI of a directory that does not exist. */
  public static String newDirectory() {
    return "hdfs://localhost:%d/%s".formatted(CLUSTER.getNameNodePort(), UUID.randomUUID());
  }

  /** Returns Hadoop's own client. */
  public static DistributedFileSystem client() throws IOException {
    return CLUSTER.getFileSystem();
  }
}
