package org.kindred.models.tensorflow;

import org.kindred.proto.pipeline.v1.Precision;
import org.tensorflow.Graph;
import org.tensorflow.Session;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.GPUOptions;
import org.tensorflow.proto.GraphOptions;
import org.tensorflow.proto.RewriterConfig;
import org.tensorflow.proto.RunOptions;

/**
 * Opens sessions on the process's pool of threads, and on its GPU where there is one.
 *
 * <p>TensorFlow sizes the pool that operations run on once, by the first session of the process,
 * and silently ignores what later sessions ask for. Every session of this module is opened here, so
 * that a size which cannot be had is an error.
 *
 * <p>On a GPU TensorFlow places each operation that has a kernel for one, with the variables that
 * it reads or changes, and copies what is fed and fetched.
 */
public final class Sessions {

  static {
    // Before anything touches TensorFlow: every graph is made here too.
    CudaLibraries.load();
  }

  /**
   * Runs the operations of a call one after the other on the caller's own thread, so that calls
   * from several threads do not queue for the process's pool. An operation's inner loops still use
   * the pool.
   */
  public static final RunOptions IN_CALLER_THREAD =
      RunOptions.newBuilder().setInterOpThreadPool(-1).build();

  private Sessions() {}

  /** Returns an empty graph. */
  public static Graph newGraph() {
    return new Graph();
  }

  /**
   * Opens a session on the processor alone, whatever else there is: for products whose bytes must
   * be the same on every machine, and which several workers of a process compute at a time.
   */
  public static Session onProcessor(Graph graph) {
    return new Session(
        graph,
        configuration(Precision.PRECISION_FLOAT32, 0).toBuilder().putDeviceCount("GPU", 0).build());
  }

  /**
   * Opens a session.
   *
   * @param graph the graph, complete or not
   * @param precision arithmetic of convolutions and matrix products
   * @param threads threads of one operation; 0: what the process has, or one per processor when
   *     this is its first session
   * @throws IllegalStateException when the process's pool has another size
   */
  public static Session open(Graph graph, Precision precision, int threads) {
    return new Session(graph, configuration(precision, threads));
  }

  /** Returns the configuration of a session that is about to be opened. */
  public static ConfigProto configuration(Precision precision, int threads) {
    int pool = claimThreads(threads);
    ConfigProto.Builder configuration =
        ConfigProto.newBuilder()
            .setIntraOpParallelismThreads(pool)
            .setInterOpParallelismThreads(pool)
            // What has no kernel for a GPU runs on the processor.
            .setAllowSoftPlacement(true)
            // As much of the GPU's memory as is needed, or the first session would take all of it.
            .setGpuOptions(GPUOptions.newBuilder().setAllowGrowth(true));
    if (precision == Precision.PRECISION_BFLOAT16) {
      configuration.setGraphOptions(
          GraphOptions.newBuilder()
              .setRewriteOptions(
                  RewriterConfig.newBuilder()
                      .setAutoMixedPrecisionOnednnBfloat16(RewriterConfig.Toggle.ON)));
    }
    return configuration.build();
  }

  private static int claimThreads(int threads) {
    if (threads < 0) {
      throw new IllegalArgumentException("threads is " + threads + ", valid is 0 or more");
    }
    int first = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    int pool = ProcessWide.get("tensorflow.threads", Integer.class, () -> first);
    if (threads != 0 && threads != pool) {
      throw new IllegalStateException(
          "threads is "
              + threads
              + ", but TensorFlow already runs with "
              + pool
              + " in this process, which fixes the number at first use: use "
              + pool
              + " or 0, or start another process");
    }
    return pool;
  }
}
