package org.kindred.runners.job;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.beam.runners.flink.FlinkPipelineOptions;
import org.apache.beam.runners.flink.FlinkRunner;
import org.kindred.pipelines.run.Job;

/**
 * How Kindred's jobs run on Flink, wherever Flink is: in batch mode, where tasks exchange data
 * through files, so that a region that fails is repeated alone and needs no more slots than there
 * are. Work that is one task gains nothing by that and goes on from its own checkpoint; it runs in
 * streaming mode, because it takes hours and shows its metrics only so.
 */
final class FlinkOptions {
  /**
   * The adaptive scheduler chooses the parallelism of a task by the bytes that it reads, of which a
   * work item has few, whatever work it is.
   */
  private static final String SCHEDULER = "jobmanager.scheduler: Default";

  /**
   * Flink hears of Beam's metrics at the end of a bundle, which in a batch job is the end of a
   * task. A streaming job ends a bundle after so many elements.
   */
  private static final long BUNDLE = 1;

  private FlinkOptions() {}

  /**
   * Returns options for a job.
   *
   * @param master {@code [local]} or {@code HOST:PORT}
   * @param slots tasks that can run at a time
   * @param configuration lines of Flink's configuration for this client and its jobs
   */
  static FlinkPipelineOptions of(Job job, String master, int slots, List<String> configuration) {
    FlinkPipelineOptions options = FileSystemOptions.create().as(FlinkPipelineOptions.class);
    options.setRunner(FlinkRunner.class);
    options.setJobName(job.name());
    options.setFlinkMaster(master);
    options.setFlinkConfDir(directory(configuration).toString());
    options.setStreaming(job.oneTask());
    options.setUseDataStreamForBatch(!job.oneTask());
    options.setParallelism(job.oneTask() ? 1 : slots);
    options.setMaxBundleSize(BUNDLE);
    options.setObjectReuse(true);
    options.setFasterCopy(true);
    return options;
  }

  private static Path directory(List<String> configuration) {
    try {
      Path directory = Files.createTempDirectory("kindred-flink-");
      List<String> lines = new ArrayList<>(configuration);
      lines.add(SCHEDULER);
      Path file = Files.write(directory.resolve("config.yaml"), lines);
      // The last registered goes first.
      directory.toFile().deleteOnExit();
      file.toFile().deleteOnExit();
      return directory;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write Flink's configuration", e);
    }
  }
}
