package org.kindred.stages.pretrain;

import java.util.OptionalDouble;
import java.util.function.IntFunction;
import org.kindred.stages.dataset.DatasetReader;

/**
 * How many of the positives that a training has found have the label of their anchor. It looks on
 * from outside: nothing of the labels gets into the training.
 */
final class PositivePrecision {
  /** Name of the share among an epoch's measurements. */
  static final String NAME = "positives_precision";

  private PositivePrecision() {}

  /**
   * Returns the share of positives that have their anchor's label, of all whose two labels are
   * known; nothing when there are none.
   *
   * @param positivesOf finds the positives of an example
   */
  static OptionalDouble of(DatasetReader dataset, IntFunction<int[]> positivesOf) {
    long known = 0;
    long right = 0;
    for (int anchor = 0; anchor < dataset.size(); anchor++) {
      if (dataset.label(anchor) < 0) {
        continue;
      }
      for (int positive : positivesOf.apply(anchor)) {
        // A walk may come back to where it began.
        if (positive != anchor && dataset.label(positive) >= 0) {
          known++;
          right += dataset.label(positive) == dataset.label(anchor) ? 1 : 0;
        }
      }
    }
    return known == 0 ? OptionalDouble.empty() : OptionalDouble.of((double) right / known);
  }
}
