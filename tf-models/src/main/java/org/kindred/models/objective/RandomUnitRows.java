package org.kindred.models.objective;

import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;
import org.kindred.models.tensorflow.Initializer;

/**
 * Initial values of matrices whose rows have unit length. A row is drawn from U(-b, b) with b = 1 /
 * sqrt(D / 3), so of variance 1 / D, and normalised.
 */
enum RandomUnitRows {
  /** A memory bank. */
  BANK(0),
  /** A queue of keys. */
  QUEUE(1),
  /** Prototypes. */
  PROTOTYPES(2);

  private final int stream;

  RandomUnitRows(int stream) {
    this.stream = stream;
  }

  /**
   * Returns what draws the rows, each kind its own.
   *
   * @param dimension length of a row
   */
  Initializer of(int dimension) {
    double bound = 1 / Math.sqrt(dimension / 3.0);
    return (target, seed, number) -> {
      float[] row = new float[dimension];
      for (int id = 0; target.hasRemaining(); id++) {
        CounterRandom random = new CounterRandom(Domain.MEMORY_BANK, seed, 0, id, stream);
        double squaredLength = 0;
        for (int i = 0; i < dimension; i++) {
          row[i] = (float) random.uniform(-bound, bound);
          squaredLength += (double) row[i] * row[i];
        }
        double scale = 1 / Math.sqrt(squaredLength);
        for (int i = 0; i < dimension; i++) {
          target.put((float) (row[i] * scale));
        }
      }
    };
  }
}
