package org.kindred.runners.job;

import org.apache.beam.runners.flink.FlinkPipelineOptions;
import org.apache.beam.runners.flink.FlinkRunner;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.kindred.pipelines.run.JobRunner;

/** Flink's local mode: a cluster of one, inside this process, with one slot per processor. */
final class FlinkLocalRunner implements JobRunner {

  @Override
  public String name() {
    return "flink";
  }

  @Override
  public PipelineOptions options(String job, boolean oneTask) {
    FlinkPipelineOptions options = PipelineOptionsFactory.create().as(FlinkPipelineOptions.class);
    options.setRunner(FlinkRunner.class);
    options.setJobName(job);
    options.setFlinkMaster("[local]");
    options.setStreaming(false);
    options.setParallelism(oneTask ? 1 : Runtime.getRuntime().availableProcessors());
    options.setObjectReuse(true);
    return options;
  }

  @Override
  public void run(Pipeline pipeline) {
    Jobs.requireDone(pipeline.run());
  }
}
