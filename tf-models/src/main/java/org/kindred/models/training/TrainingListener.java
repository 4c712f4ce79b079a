package org.kindred.models.training;

import java.util.Map;

/** Hears of a training's progress, on the thread that trains. */
public interface TrainingListener {

  /** Called after each step. */
  default void onStep(StepReport report) {}

  /**
   * Called after each epoch, before its checkpoint is written.
   *
   * @param report the epoch
   * @param embedder embeds with the weights at the end of the epoch; valid during this call
   * @return measurements to keep with the epoch in the training curve, by name; finite
   */
  default Map<String, Double> onEpochEnd(EpochReport report, ImageEmbedder embedder) {
    return Map.of();
  }
}
