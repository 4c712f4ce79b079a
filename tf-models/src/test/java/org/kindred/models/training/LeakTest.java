package org.kindred.models.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.kindred.models.training.TinyTraining.INVASPREAD;
import static org.kindred.models.training.TinyTraining.RANDOM_VIEWS;
import static org.kindred.models.training.TinyTraining.config;

import java.util.List;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.kindred.models.network.Networks;
import org.kindred.models.objective.Crop;
import org.kindred.models.objective.TrainingObjective;
import org.kindred.models.objective.TrainingStep;
import org.kindred.models.optimizer.MomentumSgd;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.tensorflow.Sessions;
import org.kindred.models.training.TrainingGraph.Sizes;
import org.kindred.proto.pipeline.v1.Precision;
import org.kindred.proto.pipeline.v1.Sgd;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/** What could not be made whole leaves no native memory and no threads behind. */
final class LeakTest {

  @BeforeAll
  static void loadTensorFlow() {
    Sessions.newGraph().close();
  }

  private static void assertFailsWithoutLeak(ThrowingCallable construction, String message) {
    // The first time, what lives as long as the process is made.
    assertThatThrownBy(construction).hasMessageContaining(message);
    // Other tests' garbage may be collected meanwhile, so that there are less.
    long before = Pointer.totalCount();
    assertThatThrownBy(construction).hasMessageContaining(message);
    assertThat(Pointer.totalCount()).isLessThanOrEqualTo(before);
  }

  @Test
  void aTrainingGraph() {
    TrainingObjective failing =
        new TrainingObjective() {
          @Override
          public List<Crop> views() {
            return List.of(Crop.OF_RECIPE);
          }

          @Override
          public Operand<TFloat32> loss(TrainingStep step) {
            throw new IllegalStateException("no such loss");
          }
        };
    assertFailsWithoutLeak(() -> graph(failing, 0), "no such loss");
    int other = Runtime.getRuntime().availableProcessors() + 1;
    assertFailsWithoutLeak(() -> graph(failing, other), "threads is " + other);
  }

  private static TrainingGraph graph(TrainingObjective objective, int threads) {
    TrainingConfig config = config(INVASPREAD, 1);
    return new TrainingGraph(
        Networks.create(config.network(), config.normalize()),
        objective,
        new MomentumSgd(Sgd.getDefaultInstance()),
        new Sizes(2, 1, 2, 1, 8, 1),
        Precision.PRECISION_FLOAT32,
        threads);
  }

  /** The batch after the first is of an epoch that no stream of random numbers has. */
  @Test
  void aBatchLoader() throws InterruptedException {
    TrainingConfig config =
        config(INVASPREAD, CounterRandom.MAX_EPOCHS + 1, 11, c -> c.setBatchSize(10));
    assertFailsWithoutLeak(
        () -> {
          int last = CounterRandom.MAX_EPOCHS - 1;
          try (BatchLoader loader =
              new BatchLoader(config, RANDOM_VIEWS, Optional.empty(), last, 0)) {
            loader.allow(last);
          }
        },
        "epoch is " + CounterRandom.MAX_EPOCHS);
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().equals("kindred-batch-loader")) {
        thread.join(1000);
        assertThat(thread.isAlive()).isFalse();
      }
    }
  }
}
