package org.kindred.pipelines.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.options.PipelineOptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kindred.pipelines.plan.Selection;
import org.kindred.pipelines.testing.TestExperiment;
import org.kindred.pipelines.testing.TestRunner;
import org.kindred.proto.pipeline.v1.Run;
import org.kindred.proto.pipeline.v1.RunState;
import org.kindred.proto.pipeline.v1.RunStep;
import org.kindred.proto.pipeline.v1.StepAction;
import org.kindred.stages.StepOptions;
import org.kindred.stages.artifact.ArtifactException;
import org.kindred.stages.artifact.StoredArtifact;

final class ExperimentRunnerTest {
  @TempDir private Path folder;
  private TestExperiment experiment;

  @BeforeEach
  void write() throws IOException {
    experiment = new TestExperiment(folder);
  }

  @Test
  void keepsARecordOfTheRun() throws IOException {
    Run run = experiment.run(Selection.ALL, "test-total.k=4");
    Run read = experiment.runs().resolve("latest");
    assertThat(read).isEqualTo(run);
    assertThat(read.hasFinished()).isTrue();
    assertThat(read.getState()).isEqualTo(RunState.RUN_STATE_DONE);
    assertThat(read.getOverridesList()).containsExactly("test-total.k=4");
    assertThat(read.getSteps(2).getProducer().getConfig().getFieldsOrThrow("k").getNumberValue())
        .isEqualTo(4);
    for (StoredArtifact artifact : experiment.store().list()) {
      assertThat(experiment.store().verify(artifact)).isEmpty();
    }
    assertThat(experiment.store().list()).hasSize(3);
    assertThat(experiment.store().files().list(folder.resolve("store/staging").toString()))
        .isEmpty();
  }

  @Test
  void aFailedStepSaysWhyAndLeavesTheStepsBeforeIt() throws IOException {
    assertThatThrownBy(() -> experiment.run(Selection.ALL, "test-total.k=20"))
        .isInstanceOf(StepFailedException.class)
        .hasMessage("step test-total failed: the value is -5.0, valid is 0 or more");
    Run failed = experiment.runs().resolve("latest");
    assertThat(failed.getState()).isEqualTo(RunState.RUN_STATE_FAILED);
    assertThat(failed.getError())
        .isEqualTo("step test-total failed: the value is -5.0, valid is 0 or more");
    RunStep last = failed.getSteps(2);
    assertThat(last.getAction()).isEqualTo(StepAction.STEP_ACTION_FAILED);
    assertThat(last.getArtifact()).isEmpty();
    assertThat(last.getProducer().getConfig().getFieldsOrThrow("k").getNumberValue()).isEqualTo(20);
    assertThat(experiment.store().list()).hasSize(2);
    assertThat(experiment.store().files().list(folder.resolve("store/staging").toString()))
        .isEmpty();
    assertThat(experiment.plan(Selection.ALL, "test-total.k=20").get(2).reason())
        .isEqualTo("it was begun and not finished");

    Run next = experiment.run(Selection.ALL, "test-total.k=15");
    assertThat(next.getStepsList())
        .extracting(step -> step.getAction())
        .containsExactly(
            StepAction.STEP_ACTION_REUSED,
            StepAction.STEP_ACTION_REUSED,
            StepAction.STEP_ACTION_RAN);
  }

  /** What another run does, or the cluster suffers, while this one makes its second step. */
  private abstract static class Disturbed implements JobRunner {
    private final JobRunner jobs = new TestRunner();

    @Override
    public String name() {
      return jobs.name();
    }

    @Override
    public PipelineOptions options(Job job) {
      return jobs.options(job);
    }

    @Override
    public void run(Pipeline pipeline, JobMonitor monitor) {
      jobs.run(pipeline, monitor);
    }
  }

  @Test
  void aTwinsArtifactIsTaken() throws IOException {
    List<String> marks = new ArrayList<>();
    JobRunner jobs =
        new Disturbed() {
          @Override
          public boolean awaitTwin(Job job, JobMonitor monitor) throws IOException {
            if (!job.step().equals("test-copy")) {
              return false;
            }
            marks.add(job.mark());
            experiment.run(
                new Disturbed() {
                  @Override
                  public boolean awaitTwin(Job other, JobMonitor otherMonitor) {
                    assertThat(other.run()).isNotEqualTo(job.run());
                    marks.add(other.mark());
                    return false;
                  }
                },
                Selection.ALL);
            return true;
          }

          @Override
          public void run(Pipeline pipeline, JobMonitor monitor) {
            assertThat(pipeline.getOptions().as(StepOptions.class).getStep())
                .isEqualTo("test-source");
            super.run(pipeline, monitor);
          }
        };
    Run run = experiment.run(jobs, Selection.ALL);
    assertThat(run.getStepsList())
        .extracting(step -> step.getAction())
        .containsExactly(
            StepAction.STEP_ACTION_RAN,
            StepAction.STEP_ACTION_REUSED,
            StepAction.STEP_ACTION_REUSED);
    assertThat(run.getSteps(1).getReason()).isEqualTo("nothing changed");
    // Its own job, the twin's, and the one of the step after it.
    assertThat(marks.get(1)).isEqualTo(marks.get(0)).isNotEqualTo(marks.get(2));
    assertThat(experiment.store().list()).hasSize(3);
  }

  /** It was made while this run waited: anew, as was asked for. */
  @Test
  void aTwinsArtifactIsTakenByAForcedStepToo() throws IOException {
    JobRunner jobs =
        new Disturbed() {
          @Override
          public boolean awaitTwin(Job job, JobMonitor monitor) throws IOException {
            experiment.run(Selection.ALL);
            return true;
          }

          @Override
          public void run(Pipeline pipeline, JobMonitor monitor) {
            throw new AssertionError("the twin has made it");
          }
        };
    Run run =
        experiment.run(
            jobs, new Selection(Optional.empty(), Optional.empty(), Set.of("test-source")));
    assertThat(run.getSteps(0).getAction()).isEqualTo(StepAction.STEP_ACTION_REUSED);
  }

  @Test
  void aStepWhoseTwinMadeNothingIsRun() throws IOException {
    Run run =
        experiment.run(
            new Disturbed() {
              @Override
              public boolean awaitTwin(Job job, JobMonitor monitor) {
                return true;
              }
            },
            Selection.ALL);
    assertThat(run.getStepsList())
        .extracting(step -> step.getAction())
        .containsOnly(StepAction.STEP_ACTION_RAN);
  }

  /** Whether or not its job came to its end without it. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aRunThatLostItsClusterCanBeRunAgain(boolean jobEnded) throws IOException {
    String lost = "the Flink cluster is lost: nobody answers; run again when it is back";
    JobRunner jobs =
        new Disturbed() {
          @Override
          public void run(Pipeline pipeline, JobMonitor monitor) {
            boolean copy =
                pipeline.getOptions().as(StepOptions.class).getStep().equals("test-copy");
            if (!copy || jobEnded) {
              super.run(pipeline, monitor);
            }
            if (copy) {
              throw new JobLostException(lost, new IOException("refused"));
            }
          }
        };
    assertThatThrownBy(() -> experiment.run(jobs, Selection.ALL))
        .isInstanceOf(StepFailedException.class)
        .hasMessage("step test-copy failed: " + lost);
    Run failed = experiment.runs().resolve("latest");
    assertThat(failed.getState()).isEqualTo(RunState.RUN_STATE_FAILED);
    assertThat(failed.getError()).isEqualTo("step test-copy failed: " + lost);
    Run next = experiment.run(Selection.ALL);
    assertThat(next.getStepsList())
        .extracting(step -> step.getAction())
        .containsExactly(
            StepAction.STEP_ACTION_REUSED,
            jobEnded ? StepAction.STEP_ACTION_REUSED : StepAction.STEP_ACTION_RAN,
            StepAction.STEP_ACTION_RAN);
    assertThat(experiment.store().list()).hasSize(3);
  }

  @Test
  void whatAKilledRunLeftIsDeletedAfterAWeek() throws IOException {
    for (String name : List.of("old", "recent")) {
      Path staging = Files.createDirectories(folder.resolve("store/staging").resolve(name));
      Path file = Files.writeString(staging.resolve("part"), "half a table");
      FileTime time =
          FileTime.from(Instant.now().minus(Duration.ofDays(name.equals("old") ? 8 : 6)));
      Files.setLastModifiedTime(file, time);
      Files.setLastModifiedTime(staging, time);
    }
    experiment.run(Selection.ALL);
    assertThat(experiment.store().files().list(folder.resolve("store/staging").toString()))
        .containsExactly("recent");
  }

  @Test
  void theRecordKeepsTheExperimentAsItWasRead() throws IOException {
    Run run = experiment.run(Selection.ALL);
    assertThat(run.getYaml()).isEqualTo(Files.readString(folder.resolve("e.yaml")));
  }

  @Test
  void anUnreadableRecordIsPassedOver() throws IOException {
    Run run = experiment.run(Selection.ALL);
    Path damaged = Files.createDirectories(folder.resolve("store/runs/99990101-000000.000-x"));
    Files.writeString(damaged.resolve("run.json"), "{");
    Files.createDirectories(folder.resolve("store/runs/99990101-000000.000-empty"));
    assertThat(experiment.plan(Selection.ALL, "test-total.k=4").get(2).reason())
        .isEqualTo("test-total.k: 3 -> 4");
    assertThat(experiment.runs().ids()).hasSize(2).contains(run.getId());
    assertThatThrownBy(() -> experiment.runs().resolve("9999"))
        .isInstanceOf(ArtifactException.class)
        .hasMessageContaining("99990101-000000.000-x/run.json");
  }

  @Test
  void runsThatStartTogetherHaveIdsOfTheirOwn() {
    Instant start = Instant.parse("2026-01-02T03:04:05.678Z");
    List<String> ids =
        IntStream.range(0, 20)
            .parallel()
            .mapToObj(
                i -> {
                  try {
                    return experiment.runs().claimId(start, "numbers");
                  } catch (IOException e) {
                    throw new UncheckedIOException(e);
                  }
                })
            .sorted()
            .toList();
    assertThat(ids).doesNotHaveDuplicates();
    assertThat(ids.get(0)).isEqualTo("20260102-030405.678-numbers");
    assertThat(ids.get(19)).isEqualTo("20260102-030405.697-numbers");
  }

  @Test
  void findsRunsByPrefixAndNamesThemOtherwise() throws IOException {
    Run run = experiment.run(Selection.ALL);
    String id = run.getId();
    assertThat(experiment.runs().resolve(id.substring(0, 12)).getId()).isEqualTo(id);
    assertThatThrownBy(() -> experiment.runs().resolve("1999"))
        .isInstanceOf(ArtifactException.class)
        .hasMessageContaining("no run \"1999\"")
        .hasMessageContaining(id);
    Run second = experiment.run(Selection.ALL);
    assertThat(experiment.runs().ids())
        .isEqualTo(
            List.of(second.getId(), id).stream()
                .sorted(java.util.Comparator.reverseOrder())
                .toList());
  }
}
