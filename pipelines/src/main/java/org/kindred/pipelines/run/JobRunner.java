package org.kindred.pipelines.run;

import java.io.IOException;
import java.util.Optional;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.options.PipelineOptions;

/** How a stage's pipeline is executed. */
public interface JobRunner {

  /** Returns the runner's name, as users say it. */
  String name();

  /** Returns where a browser sees the jobs, if there is such a place. */
  default Optional<String> ui() {
    return Optional.empty();
  }

  /** Returns options for one job. */
  PipelineOptions options(Job job);

  /**
   * Waits for the end of a job that makes the same artifact, if there is one: a client that died
   * may have left it behind.
   *
   * @return whether there was one
   */
  default boolean awaitTwin(Job job, JobMonitor monitor) throws IOException {
    return false;
  }

  /** Stops the jobs of a run whose process is gone, where jobs outlive it. */
  default void cancelJobs(String run) throws IOException {}

  /**
   * Executes a pipeline and returns when it is done.
   *
   * @param monitor is told of metrics while it runs, and asked whether to go on
   * @throws RunCancelledException if the monitor said no; the job has been told to stop
   * @throws RuntimeException if it failed; the cause chain holds what a worker threw
   */
  void run(Pipeline pipeline, JobMonitor monitor);
}
