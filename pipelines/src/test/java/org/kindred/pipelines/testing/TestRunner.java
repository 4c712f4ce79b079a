package org.kindred.pipelines.testing;

import org.apache.beam.runners.direct.DirectRunner;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.kindred.pipelines.run.JobRunner;

/** Beam's DirectRunner with all its checks. */
public final class TestRunner implements JobRunner {

  @Override
  public String name() {
    return "test";
  }

  @Override
  public PipelineOptions options(String job, boolean oneTask) {
    PipelineOptions options = PipelineOptionsFactory.create();
    options.setRunner(DirectRunner.class);
    options.setJobName(job);
    return options;
  }

  @Override
  public void run(Pipeline pipeline) {
    pipeline.run().waitUntilFinish();
  }
}
