package org.kindred.runners.job;

import java.util.Map;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.options.PipelineOptions;
import org.kindred.pipelines.run.Job;
import org.kindred.pipelines.run.JobMonitor;
import org.kindred.pipelines.run.JobRunner;

/**
 * Spark's local mode, in this process; each job has a Spark context of its own. Beam finds its
 * Spark runner by name: it is on the class path only where the Maven profile {@code spark} put it.
 */
final class SparkRunner implements JobRunner {
  private static final String BEAM_RUNNER = "org.apache.beam.runners.spark.SparkRunner";

  /** Spark takes its configuration from system properties. Nobody else is to talk to this one. */
  private static final Map<String, String> CONFIGURATION =
      Map.of(
          "spark.ui.enabled", "false",
          "spark.driver.host", "127.0.0.1",
          "spark.driver.bindAddress", "127.0.0.1");

  private final int parallelism;

  /**
   * Finds Spark.
   *
   * @throws IllegalArgumentException if this build has none
   */
  SparkRunner(int parallelism) {
    try {
      Class.forName(BEAM_RUNNER, false, SparkRunner.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new IllegalArgumentException(
          "this build has no Spark; build it with: ./mvnw -Pspark -DskipTests package", e);
    }
    this.parallelism = parallelism;
  }

  @Override
  public String name() {
    return "spark";
  }

  @Override
  public PipelineOptions options(Job job) {
    CONFIGURATION.forEach((key, value) -> System.setProperty(key, System.getProperty(key, value)));
    return FileSystemOptions.create(
        "--runner=" + BEAM_RUNNER,
        "--jobName=" + job.name(),
        "--appName=" + job.name(),
        "--sparkMaster=local[%d]".formatted(job.oneTask() ? 1 : parallelism));
  }

  @Override
  public void run(Pipeline pipeline, JobMonitor monitor) {
    Jobs.await(pipeline.run(), monitor);
  }
}
