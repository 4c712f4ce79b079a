package org.kindred.pipelines.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.pipelines.testing.TestExperiment;
import org.kindred.proto.pipeline.v1.Run;
import org.kindred.proto.pipeline.v1.RunStep;
import org.kindred.proto.pipeline.v1.StepAction;

final class PlannerTest {
  private static final Selection ONLY_COPY =
      new Selection(Optional.empty(), Optional.of("test-copy"), Set.of());
  private static final Selection FROM_COPY =
      new Selection(Optional.of("test-copy"), Optional.empty(), Set.of());

  @TempDir private Path folder;
  private TestExperiment experiment;

  @BeforeEach
  void write() throws IOException {
    experiment = new TestExperiment(folder);
  }

  private static List<String> lines(List<PlannedStep> plan) {
    return plan.stream()
        .map(step -> step.step().id() + (step.isReused() ? " reuse: " : " run: ") + step.reason())
        .toList();
  }

  private static List<String> actions(Run run) {
    return run.getStepsList().stream()
        .map(
            step ->
                step.getId()
                    + (step.getAction() == StepAction.STEP_ACTION_RAN ? " ran" : " reused"))
        .toList();
  }

  @Test
  void runsEverythingInAnEmptyStore() throws IOException {
    assertThat(lines(experiment.plan(Selection.ALL)))
        .containsExactly(
            "test-source run: never run in this store",
            "test-copy run: reads test-source, to be made; never run in this store",
            "test-total run: reads test-copy, to be made; never run in this store");
  }

  @Test
  void reusesEverythingTheSecondTime() throws IOException {
    Run first = experiment.run(Selection.ALL);
    assertThat(lines(experiment.plan(Selection.ALL)))
        .containsExactly(
            "test-source reuse: nothing changed",
            "test-copy reuse: nothing changed",
            "test-total reuse: nothing changed");
    Run second = experiment.run(Selection.ALL);
    assertThat(actions(second))
        .containsExactly("test-source reused", "test-copy reused", "test-total reused");
    assertThat(second.getStepsList().stream().map(RunStep::getArtifact).toList())
        .isEqualTo(first.getStepsList().stream().map(RunStep::getArtifact).toList());
  }

  @Test
  void aChangedFieldRunsItsStepAndTheReadersAlone() throws IOException {
    experiment.run(Selection.ALL);
    assertThat(lines(experiment.plan(Selection.ALL, "test-copy.shard_rows=12")))
        .containsExactly(
            "test-source reuse: nothing changed",
            "test-copy run: test-copy.shard_rows: 10 -> 12",
            "test-total run: reads test-copy, to be made");
    assertThat(lines(experiment.plan(Selection.ALL, "test-total.k=2")))
        .containsExactly(
            "test-source reuse: nothing changed",
            "test-copy reuse: nothing changed",
            "test-total run: test-total.k: 3 -> 2");
  }

  @Test
  void writingADefaultOutChangesNothing() throws IOException {
    experiment.run(Selection.ALL);
    assertThat(experiment.plan(Selection.ALL, "test-total.split=train"))
        .allMatch(PlannedStep::isReused);
  }

  @Test
  void goingBackToAnEarlierValueReusesItsArtifact() throws IOException {
    experiment.run(Selection.ALL);
    experiment.run(Selection.ALL, "test-total.k=2");
    assertThat(experiment.plan(Selection.ALL)).allMatch(PlannedStep::isReused);
  }

  @Test
  void sameContentFromATouchedSourceSparesTheReaders() throws IOException {
    experiment.run(Selection.ALL);
    Files.setLastModifiedTime(experiment.source(), FileTime.fromMillis(12345));
    assertThat(lines(experiment.plan(Selection.ALL)).get(0))
        .isEqualTo("test-source run: what it reads from outside changed");
    assertThat(actions(experiment.run(Selection.ALL)))
        .containsExactly("test-source ran", "test-copy reused", "test-total reused");
  }

  @Test
  void changedContentOfTheSourceRunsTheReaders() throws IOException {
    experiment.run(Selection.ALL);
    Files.writeString(experiment.source(), "6");
    Files.setLastModifiedTime(experiment.source(), FileTime.fromMillis(12345));
    Run run = experiment.run(Selection.ALL);
    assertThat(actions(run)).containsExactly("test-source ran", "test-copy ran", "test-total ran");
    assertThat(run.getSteps(1).getReason()).startsWith("input dataset: ");
  }

  @Test
  void anotherSeedSparesWhatDrawsNothing() throws IOException {
    experiment.run(Selection.ALL);
    assertThat(lines(experiment.plan(Selection.ALL, "seed=9")))
        .containsExactly(
            "test-source reuse: nothing changed",
            "test-copy run: seed: 1 -> 9",
            "test-total run: reads test-copy, to be made; seed: 1 -> 9 since its last run");
  }

  @Test
  void forceRunsAStepAndSparesReadersOfTheSameBytes() throws IOException {
    experiment.run(Selection.ALL);
    Selection force = new Selection(Optional.empty(), Optional.empty(), Set.of("test-copy"));
    assertThat(actions(experiment.run(force)))
        .containsExactly("test-source reused", "test-copy ran", "test-total reused");
  }

  @Test
  void fromRunsTheStepAndItsReaders() throws IOException {
    experiment.run(Selection.ALL);
    assertThat(actions(experiment.run(FROM_COPY)))
        .containsExactly("test-source reused", "test-copy ran", "test-total ran");
  }

  @Test
  void onlyRunsOneStepAndNeedsWhatItReads() throws IOException {
    assertThatThrownBy(() -> experiment.plan(ONLY_COPY))
        .isInstanceOf(PlanException.class)
        .hasMessageContaining(
            "step \"test-source\" would have to run first: never run in this store");
    experiment.run(Selection.ALL);
    assertThat(actions(experiment.run(ONLY_COPY, "test-copy.shard_rows=12")))
        .containsExactly("test-source reused", "test-copy ran");
  }

  @Test
  void namesTheStepsWhenOneIsUnknown() {
    Selection unknown = new Selection(Optional.empty(), Optional.empty(), Set.of("grph"));
    assertThatThrownBy(() -> experiment.plan(unknown))
        .isInstanceOf(PlanException.class)
        .hasMessage(
            "no step \"grph\", the experiment's steps are test-source, test-copy, test-total");
  }

  @Test
  void runsAgainWhatIsGoneOrDamaged() throws IOException {
    Run run = experiment.run(Selection.ALL);
    Path artifacts = folder.resolve("store/artifacts");
    Path table = artifacts.resolve(run.getSteps(2).getArtifact()).resolve("numbers-000001.arrow");
    byte[] bytes = Files.readAllBytes(table);
    bytes[bytes.length / 2] ^= 1;
    Files.write(table, bytes);
    assertThat(lines(experiment.plan(Selection.ALL)).get(2))
        .startsWith("test-total run: damaged: ")
        .contains("numbers-000001.arrow has SHA-256");
    Run repaired = experiment.run(Selection.ALL);
    assertThat(actions(repaired))
        .containsExactly("test-source reused", "test-copy reused", "test-total ran");
    assertThat(repaired.getSteps(2).getArtifact()).isEqualTo(run.getSteps(2).getArtifact());
    assertThat(experiment.plan(Selection.ALL)).allMatch(PlannedStep::isReused);

    experiment.store().files().delete(artifacts.resolve(run.getSteps(1).getArtifact()).toString());
    assertThat(lines(experiment.plan(Selection.ALL)).get(1)).endsWith("is gone");
    assertThat(actions(experiment.run(Selection.ALL)))
        .containsExactly("test-source reused", "test-copy ran", "test-total reused");
  }

  @Test
  void aDamagedManifestIsMadeAnew() throws IOException {
    Run first = experiment.run(Selection.ALL);
    String digest = first.getSteps(1).getArtifact();
    Path manifest = folder.resolve("store/artifacts").resolve(digest).resolve("artifact.json");
    String text = Files.readString(manifest);
    for (String damaged :
        List.of(text.replaceFirst("\"bytes\": \"\\d", "\"bytes\": \"9"), "{", "")) {
      Files.writeString(manifest, damaged);
      assertThat(lines(experiment.plan(Selection.ALL)).get(1))
          .startsWith("test-copy run: ")
          .contains("artifact.json");
      Run mended = experiment.run(Selection.ALL);
      assertThat(actions(mended))
          .containsExactly("test-source reused", "test-copy ran", "test-total reused");
      assertThat(mended.getSteps(1).getArtifact()).isEqualTo(digest);
    }
  }

  @Test
  void selectionsThatContradictThemselvesAreRefused() {
    Optional<String> copy = Optional.of("test-copy");
    assertThatThrownBy(() -> experiment.plan(new Selection(copy, copy, Set.of())))
        .isInstanceOf(PlanException.class)
        .hasMessage("--from test-copy and --only test-copy exclude each other");
    assertThatThrownBy(
            () -> experiment.plan(new Selection(Optional.empty(), copy, Set.of("test-total"))))
        .isInstanceOf(PlanException.class)
        .hasMessage("--force test-total has no part in --only test-copy, which runs no other step");
  }
}
