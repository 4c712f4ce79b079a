package org.kindred.runners.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ConnectException;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.PipelineResult;
import org.apache.beam.sdk.PipelineRunner;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.kindred.pipelines.run.JobLostException;
import org.kindred.pipelines.run.JobMonitor;
import org.kindred.pipelines.run.RunCancelledException;
import org.kindred.stages.StageException;

/** A job under way, as its client sees it, with a client of Flink that knows nothing by itself. */
final class FlinkJobTest {
  private static final String NAME = "graph: graph k=5 [00112233aabbccdd] run-1";
  private static CountDownLatch end;

  private boolean cancelled;

  /** Stands for Flink's client, which throws once it believes that its job or cluster is gone. */
  public static final class Client extends PipelineRunner<PipelineResult> {
    /** Made by Beam. */
    public static Client fromOptions(PipelineOptions options) {
      return new Client();
    }

    @Override
    public PipelineResult run(Pipeline pipeline) {
      try {
        end.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      throw new IllegalStateException("the job failed", new ConnectException("refused"));
    }
  }

  @BeforeEach
  void begin() {
    end = new CountDownLatch(1);
  }

  private JobMonitor at(Runnable look) {
    return new JobMonitor() {
      @Override
      public void metrics(Map<String, Long> metrics) {
        look.run();
      }

      @Override
      public boolean isCancelled() {
        return cancelled;
      }
    };
  }

  private static void run(FakeFlink flink, JobMonitor monitor) {
    PipelineOptions options = PipelineOptionsFactory.create();
    options.setRunner(Client.class);
    options.setJobName(NAME);
    FlinkJob.run(Pipeline.create(options), new FlinkRest(flink.address()), monitor, false);
  }

  @Test
  void jobManagerThatIsGoneInTheMiddleOfAJobIsSaidToBe() throws IOException {
    try (FakeFlink flink = new FakeFlink(NAME, "RUNNING")) {
      JobMonitor monitor =
          at(
              () -> {
                flink.goAway();
                end.countDown();
              });
      assertThatThrownBy(() -> run(flink, monitor))
          .isInstanceOf(JobLostException.class)
          .hasMessage(
              "the Flink cluster is lost: no Flink cluster answers at %s (ConnectException); run"
                  + " again when it is back",
              flink.address())
          .hasRootCauseMessage("refused");
    }
  }

  /** Flink's client may not notice for a minute or more; what goes wrong meanwhile is no matter. */
  @Test
  void silenceOfTheClusterAloneEndsNothing() throws IOException {
    try (FakeFlink flink = new FakeFlink(NAME, "RUNNING")) {
      flink.goAway();
      int[] looks = {0};
      JobMonitor monitor =
          at(
              () -> {
                if (++looks[0] == 2) {
                  end.countDown();
                }
              });
      assertThatThrownBy(() -> run(flink, monitor)).isInstanceOf(JobLostException.class);
      assertThat(looks[0]).isEqualTo(2);
    }
  }

  @Test
  void jobThatFailsOnAClusterThatAnswersIsNotLost() throws IOException {
    try (FakeFlink flink = new FakeFlink(NAME, "RUNNING")) {
      end.countDown();
      assertThatThrownBy(() -> run(flink, at(() -> {})))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("the Flink job failed")
          .hasRootCauseMessage("refused");
    }
  }

  @Test
  void jobWhoseInputIsAtFaultIsStoppedInsteadOfRestarted() throws IOException {
    try (FakeFlink flink = new FakeFlink(NAME, "RUNNING")) {
      flink.failOnce(
          "org.apache.beam.sdk.util.UserCodeException\nCaused by: %s: 3 of 4 images are damaged"
              .formatted(StageException.class.getName()));
      JobMonitor monitor = at(() -> endIfCancelled(flink));
      assertThatThrownBy(() -> run(flink, monitor))
          .isInstanceOf(StageException.class)
          .hasMessage("3 of 4 images are damaged");
      assertThat(flink.cancelled()).hasSize(1);
    }
  }

  @Test
  void cancelledRunStopsItsJob() throws IOException {
    cancelled = true;
    try (FakeFlink flink = new FakeFlink(NAME, "RUNNING")) {
      JobMonitor monitor = at(() -> endIfCancelled(flink));
      assertThatThrownBy(() -> run(flink, monitor)).isInstanceOf(RunCancelledException.class);
      assertThat(flink.cancelled()).hasSize(1);
    }
  }

  /** Flink's client hears of the job's end. */
  private static void endIfCancelled(FakeFlink flink) {
    if (!flink.cancelled().isEmpty()) {
      end.countDown();
    }
  }
}
