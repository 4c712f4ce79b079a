package org.kindred.runners.job;

import java.util.OptionalInt;
import org.apache.beam.runners.direct.DirectOptions;
import org.apache.beam.runners.direct.DirectRunner;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.options.PipelineOptions;
import org.kindred.pipelines.run.Job;
import org.kindred.pipelines.run.JobMonitor;
import org.kindred.pipelines.run.JobRunner;

/**
 * Beam's DirectRunner in this process, one worker thread per processor unless told otherwise. Its
 * checks that a pipeline does not change or fail to encode its elements are off: they copy every
 * element.
 */
final class EmbeddedRunner implements JobRunner {
  private final OptionalInt parallelism;

  EmbeddedRunner(OptionalInt parallelism) {
    this.parallelism = parallelism;
  }

  @Override
  public String name() {
    return "embedded";
  }

  @Override
  public PipelineOptions options(Job job) {
    DirectOptions options = FileSystemOptions.create().as(DirectOptions.class);
    options.setRunner(DirectRunner.class);
    options.setJobName(job.name());
    options.setBlockOnRun(false);
    // While a worker thread is free the runner polls on it without pause, at the expense of a task
    // that uses the other processors itself. With one thread there is none free.
    options.setTargetParallelism(tasks(job));
    options.setEnforceImmutability(false);
    options.setEnforceEncodability(false);
    return options;
  }

  private int tasks(Job job) {
    if (job.oneTask()) {
      return 1;
    }
    return parallelism.orElseGet(
        () -> job.usesAllProcessors() ? 1 : Runtime.getRuntime().availableProcessors());
  }

  @Override
  public void run(Pipeline pipeline, JobMonitor monitor) {
    Jobs.await(pipeline.run(), monitor);
  }
}
