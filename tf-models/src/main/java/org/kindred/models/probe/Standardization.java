package org.kindred.models.probe;

import java.util.Arrays;
import org.kindred.models.linalg.RowException;

/**
 * Brings each feature to mean 0 and deviation 1: {@code x <- (x - mean) / deviation}.
 *
 * <p>Immutable.
 */
final class Standardization {

  private final float[] means;
  private final float[] scales;

  private Standardization(float[] means, float[] scales) {
    this.means = means;
    this.scales = scales;
  }

  /** Returns one that leaves features as they are. */
  static Standardization none(int dimension) {
    float[] scales = new float[dimension];
    Arrays.fill(scales, 1);
    return new Standardization(new float[dimension], scales);
  }

  /**
   * Measures means and deviations in one pass (B. Welford, 1962), in double precision. A feature
   * that is the same in all rows becomes 0 everywhere: nothing can be learned of it.
   *
   * @throws RowException when a value is not finite
   */
  static Standardization of(LabelledRows rows) {
    int dimension = rows.dimension();
    float[] row = new float[dimension];
    double[] means = new double[dimension];
    double[] squares = new double[dimension];
    for (int i = 0; i < rows.size(); i++) {
      rows.copy(i, row, 0);
      Batch.checkFinite(row, i);
      double share = 1.0 / (i + 1);
      for (int d = 0; d < dimension; d++) {
        double difference = row[d] - means[d];
        means[d] += difference * share;
        squares[d] += difference * (row[d] - means[d]);
      }
    }
    return new Standardization(toFloats(means), scales(squares, rows.size()));
  }

  private static float[] scales(double[] squares, int rows) {
    float[] scales = new float[squares.length];
    for (int d = 0; d < scales.length; d++) {
      float scale = (float) (1 / Math.sqrt(squares[d] / rows));
      scales[d] = Float.isFinite(scale) ? scale : 0;
    }
    return scales;
  }

  private static float[] toFloats(double[] values) {
    float[] floats = new float[values.length];
    for (int d = 0; d < floats.length; d++) {
      floats[d] = (float) values[d];
    }
    return floats;
  }

  /** Brings one row to mean 0 and deviation 1, in place. */
  void apply(float[] row) {
    for (int d = 0; d < row.length; d++) {
      row[d] = (row[d] - means[d]) * scales[d];
    }
  }
}
