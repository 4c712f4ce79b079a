package org.kindred.runners.job;

import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.PipelineResult;
import org.kindred.pipelines.run.JobMonitor;
import org.kindred.pipelines.run.RunCancelledException;
import org.kindred.stages.metrics.StageMetrics;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Submits a pipeline to Flink, and watches it through the REST interface until it ends. */
final class FlinkJob {
  private static final Logger LOG = LoggerFactory.getLogger(FlinkJob.class);

  private final FlinkRest rest;
  private final String name;
  private final JobMonitor monitor;

  private FlinkJob(FlinkRest rest, String name, JobMonitor monitor) {
    this.rest = rest;
    this.name = name;
    this.monitor = monitor;
  }

  /**
   * Runs a pipeline to its end.
   *
   * @throws RunCancelledException if the monitor says so
   * @throws RuntimeException if it failed, with what Flink tells as its cause
   */
  static void run(Pipeline pipeline, FlinkRest rest, JobMonitor monitor) {
    FutureTask<PipelineResult> client = new FutureTask<>(pipeline::run);
    Thread thread = new Thread(client, "flink-client");
    thread.setDaemon(true);
    thread.start();
    new FlinkJob(rest, pipeline.getOptions().getJobName(), monitor).await(client);
  }

  private void await(FutureTask<PipelineResult> client) {
    boolean cancelled = false;
    while (true) {
      try {
        Jobs.requireDone(client.get(Jobs.POLL.getMillis(), TimeUnit.MILLISECONDS).getState());
        return;
      } catch (TimeoutException e) {
        cancelled |= look();
      } catch (ExecutionException e) {
        if (cancelled) {
          throw new RunCancelledException();
        }
        throw new IllegalStateException("the Flink job failed", e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while the Flink job ran", e);
      }
    }
  }

  /** Tells the monitor of the job's metrics; returns whether the job was told to stop. */
  private boolean look() {
    try {
      Optional<FlinkRest.Job> job = rest.active(name);
      monitor.metrics(job.isPresent() ? metrics(job.get()) : Map.of());
      if (job.isPresent() && monitor.isCancelled()) {
        rest.cancel(job.get().id());
        return true;
      }
    } catch (IOException e) {
      LOG.debug("cannot look at the job", e);
    }
    return false;
  }

  private Map<String, Long> metrics(FlinkRest.Job job) throws IOException {
    Map<String, Long> values = new TreeMap<>();
    String prefix = StageMetrics.NAMESPACE + ".";
    rest.metrics(job.id(), StageMetrics.NAMESPACE)
        .forEach(
            (metric, value) -> values.put(metric.substring(prefix.length()), value.longValue()));
    return values;
  }
}
