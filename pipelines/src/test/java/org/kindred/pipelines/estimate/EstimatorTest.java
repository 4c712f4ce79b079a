package org.kindred.pipelines.estimate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.pipelines.plan.Planner;
import org.kindred.pipelines.plan.Selection;
import org.kindred.pipelines.report.EstimateTable;
import org.kindred.pipelines.testing.TestExperiment;
import org.kindred.proto.pipeline.v1.Run;
import org.kindred.proto.pipeline.v1.RunStep;
import org.kindred.stages.artifact.Manifests;

final class EstimatorTest {
  private static final String COPY = "test-copy";

  @TempDir private Path folder;
  private TestExperiment experiment;

  @BeforeEach
  void write() throws IOException {
    experiment = new TestExperiment(folder);
  }

  private List<StepEstimate> estimates() throws IOException {
    return new Estimator(experiment.store(), experiment.runs(), experiment.read(), "test")
        .estimate(experiment.plan(Selection.ALL));
  }

  private StepEstimate copy() throws IOException {
    return estimates().get(1);
  }

  /** Writes a run's record anew, with other seconds and reason in one step. */
  private void rewrite(Run run, double seconds, String reason) throws IOException {
    Run.Builder changed = run.toBuilder();
    for (RunStep.Builder step : changed.getStepsBuilderList()) {
      if (step.getId().equals(COPY)) {
        step.setSeconds(seconds).setReason(reason);
      }
    }
    Path record = Path.of(experiment.runs().directory(run.getId()), "run.json");
    Files.write(record, Manifests.toJson(changed.build()));
  }

  @Test
  void sizesAreKnownBeforeAnythingIsMade() throws IOException {
    List<StepEstimate> estimates = estimates();
    assertThat(estimates)
        .extracting(StepEstimate::step)
        .containsExactly("test-source", COPY, "test-total");
    assertThat(estimates)
        .allSatisfy(
            step -> {
              assertThat(step.estimate().orElseThrow().shards()).isEqualTo(3);
              assertThat(step.rate().run()).isEmpty();
              assertThat(step.coreHours()).isEqualTo(3 / 3600.0);
              assertThat(step.notes()).isEmpty();
            });
    assertThat(EstimateTable.text(estimates))
        .contains("test-copy", "total", "core-hours of test-copy, test-source, test-total by");
  }

  @Test
  void aLongRunOfTheStageTellsItsRate() throws IOException {
    Run run = experiment.run(Selection.ALL);
    assertThat(copy().rate().run()).as("a step of a moment tells nothing").isEmpty();
    rewrite(run, 100, "forced");
    StepEstimate.Rate rate = copy().rate();
    assertThat(rate.run()).isEqualTo(Optional.of(run.getId()));
    int processors = Runtime.getRuntime().availableProcessors();
    assertThat(rate.perCoreSecond()).isEqualTo(3600.0 / (100 * processors));
    assertThat(copy().coreHours()).isCloseTo(100.0 * processors / 3600, within(1e-9));
    assertThat(EstimateTable.text(estimates()))
        .contains("test-copy: core-hours by the rate of run " + run.getId());
    rewrite(run, 100, Planner.UNFINISHED);
    assertThat(copy().rate().run()).as("it went on where another stopped").isEmpty();
    rewrite(
        run.toBuilder()
            .setPlatform(run.getPlatform().toBuilder().setProcessors(processors + 1))
            .build(),
        100,
        "forced");
    assertThat(copy().rate().run()).as("another machine").isEmpty();
  }
}
