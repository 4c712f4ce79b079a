package org.kindred.models.clustering;

import java.nio.FloatBuffer;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.linalg.UnitRows;

/**
 * The rows that are clustered, with what every restart needs to know of them.
 *
 * <p>Immutable, except that it does not copy the rows.
 */
final class Points {

  private final Similarity similarity;
  private final float[] values;
  private final int dim;
  private final double[] norms;
  private final double[] mean;
  private final double spread;

  /**
   * Checks the rows and, for {@link Similarity#COSINE}, normalises them in place.
   *
   * @param values {@code [rows, dim]}, row by row, one row or more
   */
  Points(Similarity similarity, float[] values, int dim) {
    if (dim < 1 || values.length == 0 || values.length % dim != 0) {
      throw new IllegalArgumentException(
          values.length + " values are not one or more whole rows of length " + dim);
    }
    if (similarity == Similarity.COSINE) {
      UnitRows.normalize(values, dim, 0);
    }
    this.similarity = similarity;
    this.values = values;
    this.dim = dim;
    this.norms = norms(values, dim);
    this.mean = mean(values, dim);
    this.spread = sumOfSquares();
  }

  private static double[] norms(float[] values, int dim) {
    double[] norms = new double[values.length / dim];
    for (int row = 0; row < norms.length; row++) {
      norms[row] = Math.sqrt(UnitRows.checkedSquaredNorm(values, row * dim, dim, row));
    }
    return norms;
  }

  /** Returns the mean of rows, {@code [dim]}. */
  static double[] mean(float[] values, int dim) {
    double[] mean = new double[dim];
    int rows = values.length / dim;
    for (int at = 0; at < values.length; at += dim) {
      for (int d = 0; d < dim; d++) {
        mean[d] += values[at + d];
      }
    }
    for (int d = 0; d < dim; d++) {
      mean[d] /= rows;
    }
    return mean;
  }

  private double sumOfSquares() {
    double spread = 0;
    for (int at = 0; at < values.length; at += dim) {
      for (int d = 0; d < dim; d++) {
        double difference = values[at + d] - mean[d];
        spread += difference * difference;
      }
    }
    return spread;
  }

  Similarity similarity() {
    return similarity;
  }

  int rows() {
    return norms.length;
  }

  int dim() {
    return dim;
  }

  double norm(int row) {
    return norms[row];
  }

  /** Mean of coordinate {@code d}. */
  double mean(int d) {
    return mean[d];
  }

  /** Sum of the squared distances of all rows from their mean. */
  double spread() {
    return spread;
  }

  float value(int row, int d) {
    return values[row * dim + d];
  }

  void copy(int row, float[] target, int at) {
    System.arraycopy(values, row * dim, target, at, dim);
  }

  FloatBuffer rows(int start, int count) {
    return FloatBuffer.wrap(values, start * dim, count * dim);
  }

  /** Similarity of a row and the center at {@code centers[center * dim..]}. */
  double similarity(int row, float[] centers, int center) {
    return similarity.exact(values, row * dim, centers, center * dim, dim);
  }

  /** Squared distance of a row and the center at {@code centers[center * dim..]}. */
  double squaredDistance(int row, float[] centers, int center) {
    return -Similarity.EUCLIDEAN.exact(values, row * dim, centers, center * dim, dim);
  }
}
