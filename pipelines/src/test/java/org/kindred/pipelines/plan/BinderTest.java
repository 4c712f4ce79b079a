package org.kindred.pipelines.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.pipelines.experiment.ExperimentException;
import org.kindred.pipelines.experiment.ExperimentReader;
import org.kindred.stages.Stage;
import org.kindred.stages.Stages;

final class BinderTest {
  private static final String SOURCE =
      "  - {stage: test-source, config: {source: x, format: image_tree}}\n";

  @TempDir private Path folder;

  private List<BoundStep> bind(String steps) throws IOException {
    Stages stages = Stages.load();
    Path file = folder.resolve("e.yaml");
    Files.writeString(file, "name: e\nsteps:\n" + steps);
    return Binder.bind(
        new ExperimentReader(
                name -> stages.find(name).map(Stage::defaultConfig),
                stages.all().stream().map(Stage::name).toList())
            .read(file.toString(), List.of()),
        stages);
  }

  @Test
  void bindsAnInputToTheOnlyMakerAndOrdersSteps() throws IOException {
    List<BoundStep> steps = bind("  - {stage: test-total}\n  - {stage: test-copy}\n" + SOURCE);
    assertThat(steps)
        .extracting(BoundStep::id)
        .containsExactly("test-source", "test-copy", "test-total");
    assertThat(steps.get(2).inputs()).containsEntry("embeddings", "test-copy");
  }

  @Test
  void saysWhatIsMissingOrAmbiguous() {
    assertThatThrownBy(() -> bind("  - {stage: test-copy}\n"))
        .isInstanceOf(PlanException.class)
        .hasMessageContaining(
            "input \"dataset\" of step \"test-copy\" is not set, and no step makes Dataset");
    assertThatThrownBy(
            () ->
                bind(
                    SOURCE
                        + SOURCE.replace("{stage", "{id: other, stage")
                        + "  - {stage: test-copy}\n"))
        .isInstanceOf(PlanException.class)
        .hasMessageContaining(
            "and test-source and other make Dataset: set `inputs: {dataset: STEP}`");
  }

  @Test
  void refusesUnknownInputsAndWrongTypes() {
    assertThatThrownBy(
            () -> bind(SOURCE + "  - {stage: test-copy, inputs: {datset: test-source}}\n"))
        .isInstanceOf(PlanException.class)
        .hasMessageContaining(
            "step \"test-copy\" has no input \"datset\", valid for stage test-copy: dataset");
    assertThatThrownBy(
            () ->
                bind(
                    SOURCE
                        + "  - {stage: test-copy}\n"
                        + "  - {stage: test-total, inputs: {embeddings: test-source}}\n"))
        .isInstanceOf(PlanException.class)
        .hasMessageContaining(
            "input \"embeddings\" of step \"test-total\" takes EmbeddingSet, step \"test-source\" makes Dataset");
  }

  private static final String TRAINING =
      """
        - stage: pretrain
          %s
          config:
            views: {preset: A-cifar-is}
            evaluation: {preset: test}
            objective: {%s}
      """;

  /** Before anything runs: what makes the missing input may take hours. */
  @Test
  void asksForTheOptionalInputsThatAConfigurationReads() throws IOException {
    String fromSet = "invp: {from_positive_set: true}";
    String bound = "inputs: {dataset: test-source, positives: \"artifact:0123\"}";
    assertThatThrownBy(() -> bind(SOURCE + TRAINING.formatted("id: second", fromSet)))
        .isInstanceOf(PlanException.class)
        .hasMessageContaining(
            "step \"second\": input positives is not set, which pretrain.objective.invp reads");
    assertThatThrownBy(() -> bind(SOURCE + TRAINING.formatted(bound, "simclr: {}")))
        .isInstanceOf(PlanException.class)
        .hasMessageContaining(
            "step \"pretrain\": input positives is set, which pretrain.objective.simclr does not"
                + " read");
    assertThat(bind(SOURCE + TRAINING.formatted(bound, fromSet)))
        .extracting(BoundStep::id)
        .containsExactly("test-source", "pretrain");
  }

  @Test
  void howOftenATrainingIsSavedIsNoReasonToTrainAgain() throws IOException {
    String training = SOURCE + TRAINING.formatted("id: t", "simclr: {}");
    String key = key(training);
    assertThat(key(training + "      checkpoints: {every_minutes: 7, keep: 5}\n")).isEqualTo(key);
    assertThat(key(training + "      epochs: 3\n")).isNotEqualTo(key);
  }

  private String key(String steps) throws IOException {
    BoundStep training = bind(steps).get(1);
    return Producers.of(training, 1, "", Map.of(), "test").getReuseKey();
  }

  @Test
  void namesACycle() {
    assertThatThrownBy(
            () ->
                bind(
                    """
                      - {id: a, stage: test-total, inputs: {embeddings: b}}
                      - {id: b, stage: test-copy, inputs: {dataset: a}}
                    """))
        .isInstanceOf(ExperimentException.class)
        .hasMessageContaining("a reads b reads a");
  }
}
