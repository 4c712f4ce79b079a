package org.kindred.runners.job;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Optional;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.options.PipelineOptions;
import org.kindred.pipelines.run.Job;
import org.kindred.pipelines.run.JobMonitor;
import org.kindred.pipelines.run.JobRunner;

/**
 * Flink's local mode: a cluster of one, inside this process, with one slot per processor. There is
 * a new one for each job, at the same address.
 */
final class FlinkLocalRunner implements JobRunner {
  private final int port = freePort();
  private final FlinkRest rest = new FlinkRest("127.0.0.1:" + port);
  private final int parallelism;

  FlinkLocalRunner(int parallelism) {
    this.parallelism = parallelism;
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException("there is no free port on the loopback interface", e);
    }
  }

  @Override
  public String name() {
    return "flink";
  }

  @Override
  public Optional<String> ui() {
    return Optional.of(rest.ui());
  }

  @Override
  public PipelineOptions options(Job job) {
    List<String> configuration =
        List.of(
            "rest.address: 127.0.0.1",
            "rest.bind-address: 127.0.0.1",
            "rest.port: " + port,
            "rest.bind-port: " + port);
    return FlinkOptions.of(job, "[local]", parallelism, configuration);
  }

  @Override
  public void run(Pipeline pipeline, JobMonitor monitor) {
    FlinkJob.run(pipeline, rest, monitor, true);
  }
}
