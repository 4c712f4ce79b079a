package org.kindred.pipelines.run;

import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.options.PipelineOptions;

/** How a stage's pipeline is executed. */
public interface JobRunner {

  /** Returns the runner's name, as users say it. */
  String name();

  /**
   * Returns options for one job.
   *
   * @param job name of the job: says step and experiment
   * @param oneTask whether the work is one task; see {@link org.kindred.stages.Stage#isOneTask}
   */
  PipelineOptions options(String job, boolean oneTask);

  /**
   * Executes a pipeline and returns when it is done.
   *
   * @throws RuntimeException if it failed; the cause chain holds what a worker threw
   */
  void run(Pipeline pipeline);
}
