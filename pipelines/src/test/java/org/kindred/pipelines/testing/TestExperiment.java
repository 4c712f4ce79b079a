package org.kindred.pipelines.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.kindred.pipelines.experiment.ExperimentReader;
import org.kindred.pipelines.experiment.ExperimentSpec;
import org.kindred.pipelines.plan.PlannedStep;
import org.kindred.pipelines.plan.Planner;
import org.kindred.pipelines.plan.Selection;
import org.kindred.pipelines.run.ExperimentRunner;
import org.kindred.pipelines.run.JobRunner;
import org.kindred.pipelines.run.RunListener;
import org.kindred.pipelines.run.RunStore;
import org.kindred.proto.pipeline.v1.Run;
import org.kindred.stages.Stage;
import org.kindred.stages.Stages;
import org.kindred.stages.artifact.ArtifactStore;

/** An experiment of three test stages, source -> copy -> total, in a folder of its own. */
public final class TestExperiment {
  private final Path folder;
  private final Stages stages = Stages.load();

  /** Writes the experiment; the source's number is 5. */
  public TestExperiment(Path folder) throws IOException {
    this.folder = folder;
    Files.writeString(source(), "5");
    Files.writeString(
        folder.resolve("e.yaml"),
        """
        name: numbers
        steps:
          - stage: test-source
            config: {source: %s, format: image_tree}
          - stage: test-copy
            config: {shard_rows: 10}
          - stage: test-total
            config: {k: 3}
        """
            .formatted(source()));
  }

  /** Returns the file that the first stage reads. */
  public Path source() {
    return folder.resolve("source.txt");
  }

  /** Returns the store. */
  public ArtifactStore store() {
    return ArtifactStore.open(folder.resolve("store").toString());
  }

  /** Returns the records of runs. */
  public RunStore runs() {
    return new RunStore(store());
  }

  /** Reads the experiment with overrides. */
  public ExperimentSpec read(String... overrides) {
    return new ExperimentReader(
            name -> stages.find(name).map(Stage::defaultConfig),
            stages.all().stream().map(Stage::name).toList())
        .read(folder.resolve("e.yaml").toString(), List.of(overrides));
  }

  /** Plans it. */
  public List<PlannedStep> plan(Selection selection, String... overrides) throws IOException {
    return new Planner(store(), stages, runs(), read(overrides), selection, "test").plan();
  }

  /** Runs it. */
  public Run run(Selection selection, String... overrides) throws IOException {
    return run(new TestRunner(), selection, overrides);
  }

  /** Runs it on a runner. */
  public Run run(JobRunner jobs, Selection selection, String... overrides) throws IOException {
    return new ExperimentRunner(store(), stages, jobs, new RunListener() {})
        .run(read(overrides), selection);
  }
}
