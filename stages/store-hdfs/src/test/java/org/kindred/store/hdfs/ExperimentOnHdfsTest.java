package org.kindred.store.hdfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.apache.beam.runners.direct.DirectRunner;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.options.PipelineOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.pipelines.experiment.ExperimentReader;
import org.kindred.pipelines.experiment.ExperimentSpec;
import org.kindred.pipelines.plan.Selection;
import org.kindred.pipelines.run.ExperimentRunner;
import org.kindred.pipelines.run.Job;
import org.kindred.pipelines.run.JobMonitor;
import org.kindred.pipelines.run.JobRunner;
import org.kindred.pipelines.run.RunListener;
import org.kindred.proto.pipeline.v1.Run;
import org.kindred.proto.pipeline.v1.RunStep;
import org.kindred.proto.pipeline.v1.StepAction;
import org.kindred.stages.Stage;
import org.kindred.stages.Stages;
import org.kindred.stages.artifact.ArtifactStore;
import org.kindred.stages.artifact.StoreFiles;
import org.kindred.stages.artifact.StoredArtifact;

/** Images, store and checkpoints on HDFS. */
final class ExperimentOnHdfsTest {
  private static final String YAML =
      """
      name: on-hdfs
      seed: 3
      steps:
        - stage: ingest
          config: {source: "%s/photographs", format: image_tree, shard_rows: 20}
        - stage: augment
          config: {views: {preset: A-cifar-is, size: 32}}
        - stage: pretrain
          inputs: {views: augment}
          config:
            network: {architecture: resnet10_half, embedding_dimension: 16}
            views: {preset: A-cifar-is, size: 32}
            evaluation: {preset: test, size: 32}
            objective: {invaspread: {temperature: 0.2}}
            epochs: 1
            batch_size: 16
            monitor: {k: 5}
        - stage: extract
          config: {layers: [embedding], shard_rows: 20}
        - stage: graph
          config: {k: 5}
      """;

  @TempDir private Path folder;
  private final Stages stages = Stages.load();
  private final String root = Hdfs.newDirectory();
  private final ArtifactStore store = ArtifactStore.open(root + "/store");

  @Test
  void runsOnceAndReusesEverything() throws IOException {
    assertThat(copyPhotographs()).isEqualTo(48);
    Run first = run();
    assertThat(actions(first)).containsOnly(StepAction.STEP_ACTION_RAN).hasSize(5);
    for (RunStep step : first.getStepsList()) {
      StoredArtifact artifact = store.resolve(step.getArtifact());
      assertThat(artifact.location()).startsWith(root);
      assertThat(store.verify(artifact)).isEmpty();
    }
    assertThat(store.list()).hasSize(5);
    assertThat(store.files().list(root + "/store/staging")).isEmpty();
    assertThat(store.files().list(root + "/store/checkpoints")).isEmpty();

    Run second = run();
    assertThat(second.getId()).isNotEqualTo(first.getId());
    assertThat(actions(second)).containsOnly(StepAction.STEP_ACTION_REUSED).hasSize(5);
    assertThat(store.files().list(root + "/store/runs"))
        .containsExactlyInAnyOrder(first.getId(), second.getId());
  }

  private static List<StepAction> actions(Run run) {
    return run.getStepsList().stream().map(RunStep::getAction).toList();
  }

  private Run run() throws IOException {
    return new ExperimentRunner(store, stages, new Embedded(), new RunListener() {})
        .run(experiment(), Selection.ALL);
  }

  private ExperimentSpec experiment() throws IOException {
    Path file = Files.writeString(folder.resolve("experiment.yaml"), YAML.formatted(root));
    return new ExperimentReader(
            name -> stages.find(name).map(Stage::defaultConfig),
            stages.all().stream().map(Stage::name).toList())
        .read(file.toString(), List.of());
  }

  /** Copies a few of the shipped photographs to HDFS and returns how many. */
  private int copyPhotographs() throws IOException {
    Path archive = Path.of(System.getProperty("kindred.testdata"), "clothing-64.zip");
    StoreFiles files = StoreFiles.of(root);
    Map<String, Integer> taken = new HashMap<>();
    try (ZipFile zip = new ZipFile(archive.toFile())) {
      for (ZipEntry entry : (Iterable<ZipEntry>) zip.stream().map(ZipEntry.class::cast)::iterator) {
        if (entry.getName().matches("(train|test)/(pants|shoes)/.*")
            && taken.merge(Path.of(entry.getName()).getParent().toString(), 1, Integer::sum)
                <= 12) {
          try (InputStream in = zip.getInputStream(entry);
              OutputStream out = files.create(root + "/photographs/" + entry.getName())) {
            in.transferTo(out);
          }
        }
      }
    }
    return taken.keySet().size() * 12;
  }

  private static final class Embedded implements JobRunner {
    @Override
    public String name() {
      return "embedded";
    }

    @Override
    public PipelineOptions options(Job job) {
      PipelineOptions options = Hdfs.options();
      options.setRunner(DirectRunner.class);
      options.setJobName(job.name());
      return options;
    }

    @Override
    public void run(Pipeline pipeline, JobMonitor monitor) {
      pipeline.run().waitUntilFinish();
    }
  }
}
