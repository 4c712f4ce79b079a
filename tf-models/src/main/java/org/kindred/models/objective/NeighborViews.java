package org.kindred.models.objective;

import org.kindred.models.objective.Cost.State;
import org.kindred.models.objective.EpochState.FeatureReader;
import org.kindred.models.objective.TrainingStep.EpochPlan;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;

/**
 * Has an image's second view made of its nearest other image in some epochs, drawn for each image
 * and epoch. The nearest is found before each epoch by the cosine of the pooled features of the
 * evaluation images (Ye et al.'s reference implementation, for CUB200).
 */
final class NeighborViews implements EpochPlan {

  private static final String NEAREST = TrainingObjective.STATE_PREFIX + "nearest";

  private final IntTable nearest;
  private final double probability;
  private final long seed;

  private NeighborViews(IntTable nearest, double probability, long seed) {
    this.nearest = nearest;
    this.probability = probability;
    this.seed = seed;
  }

  /** Returns what is kept between steps. */
  static State state(Extent extent) {
    return State.table(NEAREST, extent, 1);
  }

  /** Plans a step's epochs so. */
  static void plan(TrainingStep step, double probability) {
    IntTable nearest = step.table(NEAREST, 1, -1);
    FeatureReader pooled = step.reader(step.variables(), Features::pooled);
    step.atEpochStart(
        state -> {
          float[] features = state.features(pooled);
          int[] ids = NearestRows.of(features, features.length / nearest.rows(), 1);
          System.arraycopy(ids, 0, nearest.values(), 0, ids.length);
        });
    step.planEpochs(new NeighborViews(nearest, probability, step.sizes().seed()));
  }

  @Override
  public int source(int epoch, int example, int view) {
    if (view == 0) {
      return example;
    }
    CounterRandom random = new CounterRandom(Domain.EPOCH_PLAN, seed, epoch, example, view);
    return random.nextDouble() < probability ? nearest.get(example, 0) : example;
  }
}
