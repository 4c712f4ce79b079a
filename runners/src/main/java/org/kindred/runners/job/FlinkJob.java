package org.kindred.runners.job;

import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.PipelineResult;
import org.kindred.pipelines.run.JobLostException;
import org.kindred.pipelines.run.JobMonitor;
import org.kindred.pipelines.run.RunCancelledException;
import org.kindred.stages.StageException;
import org.kindred.stages.artifact.ArtifactException;
import org.kindred.stages.metrics.StageMetrics;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Submits a pipeline to Flink, and watches it through the REST interface until it ends. */
final class FlinkJob {
  private static final Logger LOG = LoggerFactory.getLogger(FlinkJob.class);

  /** The message of an exception that is written for users, in a stack trace. */
  private static final Pattern FOR_USERS =
      Pattern.compile(
          "^(?:Caused by: )?(?:%s|%s): (.*)$"
              .formatted(
                  Pattern.quote(StageException.class.getName()),
                  Pattern.quote(ArtifactException.class.getName())),
          Pattern.MULTILINE);

  /** Flink's own count of what goes into a step's last transform: how many work items are done. */
  private static final String PARTS = "numRecordsIn";

  /** That, and Beam's metrics of Kindred, which Flink has of a batch job when a task ends. */
  private static final Pattern METRICS =
      Pattern.compile(
          "\\.%s_(\\w+)$|/Key_Parts_Alike/.*\\.(%s)$".formatted(StageMetrics.NAMESPACE, PARTS));

  private final FlinkRest rest;
  private final String name;
  private final JobMonitor monitor;

  /** Whether the job's end is the client's end too: its cluster is inside this process. */
  private final boolean local;

  /** Why the job was told to stop; null if it was not. */
  private RuntimeException stopped;

  private FlinkJob(FlinkRest rest, String name, JobMonitor monitor, boolean local) {
    this.rest = rest;
    this.local = local;
    this.name = name;
    this.monitor = monitor;
  }

  /**
   * Runs a pipeline to its end.
   *
   * @param local whether the cluster is inside this process and ends with the job
   * @throws RunCancelledException if the monitor says so
   * @throws StageException if a worker threw one, or an {@link ArtifactException}
   * @throws JobLostException if the cluster does not answer any more
   * @throws RuntimeException if it failed, with what Flink tells as its cause
   */
  static void run(Pipeline pipeline, FlinkRest rest, JobMonitor monitor, boolean local) {
    FutureTask<PipelineResult> client = new FutureTask<>(pipeline::run);
    Thread thread = new Thread(client, "flink-client");
    thread.setDaemon(true);
    thread.start();
    new FlinkJob(rest, pipeline.getOptions().getJobName(), monitor, local).await(client);
  }

  private void await(FutureTask<PipelineResult> client) {
    while (true) {
      try {
        PipelineResult.State state =
            client.get(Jobs.POLL.getMillis(), TimeUnit.MILLISECONDS).getState();
        if (stopped != null && state != PipelineResult.State.DONE) {
          throw stopped;
        }
        Jobs.requireDone(state);
        return;
      } catch (TimeoutException e) {
        if (look()) {
          return;
        }
      } catch (ExecutionException e) {
        if (stopped != null) {
          throw stopped;
        }
        requireCluster(e.getCause());
        throw new IllegalStateException("the Flink job failed", e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while the Flink job ran", e);
      }
    }
  }

  private void requireCluster(Throwable cause) {
    try {
      rest.slots();
    } catch (IOException e) {
      cause.addSuppressed(e);
      throw lost(e, cause);
    }
  }

  /** Says that a cluster which answered before does not any more. */
  static JobLostException lost(IOException silence, Throwable cause) {
    return new JobLostException(
        "the Flink cluster is lost: %s; run again when it is back".formatted(silence.getMessage()),
        cause);
  }

  /**
   * Tells the monitor of the job's metrics; stops a job that is cancelled or can't succeed.
   *
   * @return whether there is nothing to wait for any more: Flink's client hears of a job's end up
   *     to two seconds later
   */
  private boolean look() {
    Map<String, Long> metrics = Map.of();
    try {
      Optional<FlinkRest.Job> job = rest.newest(name);
      if (job.isPresent() && !job.get().isActive()) {
        return !local && job.get().isFinished();
      }
      if (job.isPresent() && stopped == null) {
        stopIfUseless(job.get());
        metrics = metrics(job.get());
      }
    } catch (IOException | RuntimeException e) {
      LOG.debug("cannot look at the job", e);
    }
    monitor.metrics(metrics);
    return false;
  }

  private void stopIfUseless(FlinkRest.Job job) throws IOException {
    if (monitor.isCancelled()) {
      stop(job, new RunCancelledException());
      return;
    }
    // Flink restarts what fails, which is of no use where the input is at fault.
    Optional<String> fault = fault(job);
    if (fault.isPresent()) {
      stop(job, new StageException(fault.get()));
    }
  }

  private void stop(FlinkRest.Job job, RuntimeException why) throws IOException {
    rest.cancel(job.id());
    stopped = why;
  }

  private Optional<String> fault(FlinkRest.Job job) throws IOException {
    return rest.failures(job.id()).stream()
        .flatMap(trace -> FOR_USERS.matcher(trace).results())
        .map(match -> match.group(1))
        .findFirst();
  }

  private Map<String, Long> metrics(FlinkRest.Job job) throws IOException {
    Map<String, Long> values = new TreeMap<>();
    rest.metrics(job.id(), METRICS)
        .forEach((name, value) -> values.put(name.equals(PARTS) ? "parts" : name, value));
    return values;
  }
}
