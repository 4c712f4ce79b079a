package org.kindred.runners.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kindred.pipelines.run.Job;
import org.kindred.pipelines.run.JobLostException;
import org.kindred.pipelines.run.JobMonitor;
import org.kindred.pipelines.run.RunCancelledException;

/** A run that finds another run's job making the same artifact on the cluster. */
final class FlinkClusterRunnerTest {
  private static final Job JOB =
      new Job("run-2", "graph", "graph k=5", "00112233aabbccdd", false, false);
  private static final String TWIN = "near: graph k=5 [00112233aabbccdd] run-1";

  /** Counts how often it hears of the wait. */
  private static class CountingMonitor implements JobMonitor {
    private int looks;

    /** What happens at a look, besides. */
    void atLook() {}

    @Override
    public void metrics(Map<String, Long> metrics) {
      assertThat(metrics).as("another run's job").isEmpty();
      looks++;
      atLook();
    }

    @Override
    public boolean isCancelled() {
      return false;
    }
  }

  private static boolean await(FakeFlink flink, JobMonitor monitor) throws IOException {
    return new FlinkClusterRunner(flink.address(), OptionalInt.empty()).awaitTwin(JOB, monitor);
  }

  @ParameterizedTest
  @CsvSource({
    "RUNNING, near: graph k=5 [99112233aabbccdd] run-1", // makes something else
    "FINISHED, near: graph k=5 [00112233aabbccdd] run-1",
    "FAILED, near: graph k=5 [00112233aabbccdd] run-1",
    "CANCELED, near: graph k=5 [00112233aabbccdd] run-1",
  })
  void startsAtOnceWhereNoJobMakesTheSame(String state, String name) throws IOException {
    CountingMonitor monitor = new CountingMonitor();
    try (FakeFlink flink = new FakeFlink(name, state)) {
      assertThat(await(flink, monitor)).isFalse();
    }
    assertThat(monitor.looks).isZero();
  }

  @Test
  void saysWhatItWaitsFor() throws IOException {
    List<String> told = new ArrayList<>();
    CountingMonitor monitor =
        new CountingMonitor() {
          @Override
          public void waitsFor(String job) {
            told.add(job);
          }
        };
    try (FakeFlink flink = new FakeFlink(TWIN, "RUNNING", "FINISHED")) {
      assertThat(await(flink, monitor)).isTrue();
    }
    assertThat(told).singleElement().asString().endsWith(" of run run-1, which makes the same");
  }

  /** However it ends: the planner looks then whether there is an artifact. */
  @ParameterizedTest
  @CsvSource({"FINISHED", "FAILED", "CANCELED"})
  void waitsForTheTwinsEnd(String end) throws IOException {
    CountingMonitor monitor = new CountingMonitor();
    try (FakeFlink flink = new FakeFlink(TWIN, "RUNNING", "RESTARTING", end)) {
      assertThat(await(flink, monitor)).isTrue();
      assertThat(flink.cancelled()).isEmpty();
    }
    assertThat(monitor.looks).isEqualTo(2);
  }

  @Test
  void runThatIsCancelledWhileItWaitsLeavesTheTwinAlone() throws IOException {
    JobMonitor cancelled =
        new JobMonitor() {
          @Override
          public void metrics(Map<String, Long> metrics) {}

          @Override
          public boolean isCancelled() {
            return true;
          }
        };
    try (FakeFlink flink = new FakeFlink(TWIN, "RUNNING")) {
      assertThatThrownBy(() -> await(flink, cancelled)).isInstanceOf(RunCancelledException.class);
      assertThat(flink.cancelled()).isEmpty();
    }
  }

  @Test
  void clusterThatIsLostWhileItWaitsIsSaidToBe() throws IOException {
    try (FakeFlink flink = new FakeFlink(TWIN, "RUNNING")) {
      CountingMonitor monitor =
          new CountingMonitor() {
            @Override
            void atLook() {
              flink.goAway();
            }
          };
      assertThatThrownBy(() -> await(flink, monitor))
          .isInstanceOf(JobLostException.class)
          .hasMessage(
              "the Flink cluster is lost: no Flink cluster answers at %s (ConnectException); run"
                  + " again when it is back",
              flink.address());
    }
  }
}
