package org.kindred.runners.job;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.beam.runners.flink.FlinkPipelineOptions;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.options.PipelineOptions;
import org.kindred.pipelines.run.Job;
import org.kindred.pipelines.run.JobMonitor;
import org.kindred.pipelines.run.JobRunner;
import org.kindred.pipelines.run.RunCancelledException;

/** A Flink session cluster, by the address of its REST interface. */
final class FlinkClusterRunner implements JobRunner {
  /**
   * A lost TaskManager costs a restart after another until Flink knows that it is lost, which is
   * after 50 seconds unless the cluster says otherwise. Failures that come together count as one.
   */
  private static final List<String> CONFIGURATION =
      List.of(
          "restart-strategy.type: exponential-delay",
          "restart-strategy.exponential-delay.initial-backoff: 1 s",
          "restart-strategy.exponential-delay.backoff-multiplier: 2",
          "restart-strategy.exponential-delay.max-backoff: 10 s",
          "restart-strategy.exponential-delay.reset-backoff-threshold: 10 min",
          "restart-strategy.exponential-delay.attempts-before-reset-backoff: 15");

  private final String address;
  private final FlinkRest rest;
  private final OptionalInt parallelism;

  FlinkClusterRunner(String address, OptionalInt parallelism) {
    this.address = address;
    this.parallelism = parallelism;
    this.rest = new FlinkRest(address);
  }

  @Override
  public String name() {
    return "flink=" + address;
  }

  @Override
  public Optional<String> ui() {
    return Optional.of(rest.ui());
  }

  @Override
  public PipelineOptions options(Job job) {
    int tasks = parallelism.orElseGet(this::slots);
    FlinkPipelineOptions options = FlinkOptions.of(job, address, tasks, CONFIGURATION);
    options.setFilesToStage(JobJars.list());
    return options;
  }

  private int slots() {
    try {
      int slots = rest.slots();
      if (slots < 1) {
        throw new IllegalStateException(
            "the Flink cluster at %s has no TaskManager".formatted(address));
      }
      return slots;
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }

  @Override
  public boolean awaitTwin(Job job, JobMonitor monitor) throws IOException {
    Optional<FlinkRest.Job> twin = twin(job);
    if (twin.isEmpty()) {
      return false;
    }
    String name = twin.get().name();
    String run = name.substring(name.lastIndexOf(' ') + 1);
    monitor.waitsFor("job %s of run %s, which makes the same".formatted(twin.get().id(), run));
    while (twin.isPresent()) {
      monitor.metrics(Map.of());
      if (monitor.isCancelled()) {
        throw new RunCancelledException();
      }
      pause();
      try {
        twin = twin(job);
      } catch (IOException e) {
        throw FlinkJob.lost(e, e);
      }
    }
    return true;
  }

  private Optional<FlinkRest.Job> twin(Job job) throws IOException {
    return rest.jobs().stream()
        .filter(other -> other.isActive() && other.name().contains(job.mark()))
        .findFirst();
  }

  @Override
  public void cancelJobs(String run) throws IOException {
    for (FlinkRest.Job job : rest.jobs()) {
      if (job.isActive() && job.name().endsWith(" " + run)) {
        rest.cancel(job.id());
      }
    }
  }

  private static void pause() throws InterruptedIOException {
    try {
      Thread.sleep(Jobs.POLL.getMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for a job");
    }
  }

  @Override
  public void run(Pipeline pipeline, JobMonitor monitor) {
    FlinkJob.run(pipeline, rest, monitor, false);
  }
}
