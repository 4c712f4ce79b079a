package org.kindred.pipelines.testing;

import org.apache.beam.runners.direct.DirectRunner;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.kindred.pipelines.run.Job;
import org.kindred.pipelines.run.JobMonitor;
import org.kindred.pipelines.run.JobRunner;

/** Beam's DirectRunner with all its checks. */
public final class TestRunner implements JobRunner {

  @Override
  public String name() {
    return "test";
  }

  @Override
  public PipelineOptions options(Job job) {
    PipelineOptions options = PipelineOptionsFactory.create();
    options.setRunner(DirectRunner.class);
    options.setJobName(job.name());
    return options;
  }

  @Override
  public void run(Pipeline pipeline, JobMonitor monitor) {
    pipeline.run().waitUntilFinish();
  }
}
