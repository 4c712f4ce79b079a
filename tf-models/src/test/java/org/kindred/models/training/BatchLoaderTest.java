package org.kindred.models.training;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.kindred.models.training.TinyTraining.INVASPREAD;
import static org.kindred.models.training.TinyTraining.RANDOM_VIEWS;
import static org.kindred.models.training.TinyTraining.config;

import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.kindred.models.objective.TrainingStep.EpochPlan;

/** What a plan may ask for. */
final class BatchLoaderTest {

  private static void prepare(EpochPlan plan) {
    try (BatchLoader loader =
        new BatchLoader(config(INVASPREAD, 3), RANDOM_VIEWS, Optional.of(plan), 2, 0)) {
      loader.allow(2);
    }
  }

  private static EpochPlan order(int... order) {
    return new EpochPlan() {
      @Override
      public int[] order(int epoch, int[] shuffled) {
        return order;
      }
    };
  }

  @Test
  void aPlanHasAsManyExamplesAsThereAre() {
    prepare(order(0, 0, 0, 3, 4, 5, 6, 7, 8, 9));
    assertThatThrownBy(() -> prepare(order(0, 1, 2, 3, 4, 5, 6, 7, 8)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the objective planned 9 examples for epoch 2, valid is 10");
  }

  @Test
  void aPlanHasExamplesThatThereAre() {
    int[] order = new int[10];
    order[9] = 10;
    assertThatThrownBy(() -> prepare(order(order)))
        .hasMessage("the objective planned example 10 for epoch 2, valid is 0 to 9");
    Arrays.fill(order, -1);
    assertThatThrownBy(() -> prepare(order(order)))
        .hasMessage("the objective planned example -1 for epoch 2, valid is 0 to 9");
  }

  @Test
  void aPlanHasViewsOfImagesThatThereAre() {
    EpochPlan plan =
        new EpochPlan() {
          @Override
          public int source(int epoch, int example, int view) {
            return example + 10 * view;
          }
        };
    assertThatThrownBy(() -> prepare(plan)).hasMessageContaining("for epoch 2, valid is 0 to 9");
  }
}
