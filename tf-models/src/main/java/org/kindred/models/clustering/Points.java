package org.kindred.models.clustering;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.linalg.UnitRows;

/**
 * Rows that are clustered, all of them or some, with what every restart needs to know of them.
 *
 * <p>Immutable, except that it does not copy the rows.
 */
public final class Points {

  private final Similarity similarity;
  private final float[] values;
  private final int dim;
  private final long[] weights;
  private final double[] norms;
  private final double largest;

  /**
   * Checks the rows and, for {@link Similarity#COSINE}, normalises them in place.
   *
   * @param values {@code [rows, dim]}, row by row, one row or more
   * @throws org.kindred.models.linalg.RowException when a row is not finite, or too long
   */
  public Points(Similarity similarity, float[] values, int dim) {
    this(similarity, values, dim, null);
  }

  /**
   * Rows that stand for several each.
   *
   * @param weights how many each stands for, 1 or more
   */
  Points(Similarity similarity, float[] values, int dim, long[] weights) {
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
    this.weights = weights;
    this.norms = norms(values, dim);
    this.largest = largest(values);
  }

  private Points(Similarity similarity, Points same) {
    this.similarity = similarity;
    this.values = same.values;
    this.dim = same.dim;
    this.weights = same.weights;
    this.norms = same.norms;
    this.largest = same.largest;
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

  private static double largest(float[] values) {
    float largest = 0;
    for (float value : values) {
      largest = Math.max(largest, Math.abs(value));
    }
    return largest;
  }

  Similarity similarity() {
    return similarity;
  }

  /** Returns the number of rows. */
  public int rows() {
    return norms.length;
  }

  int dim() {
    return dim;
  }

  double norm(int row) {
    return norms[row];
  }

  /** Greatest magnitude of a coordinate. */
  public double largest() {
    return largest;
  }

  /** Returns the same rows, compared otherwise. */
  Points as(Similarity other) {
    return new Points(other, this);
  }

  /** Rows that a row stands for. */
  long weight(int row) {
    return weights == null ? 1 : weights[row];
  }

  /** Rows that all rows stand for. */
  long totalWeight() {
    return weights == null ? rows() : Arrays.stream(weights).sum();
  }

  float value(int row, int d) {
    return values[row * dim + d];
  }

  /** Copies a row. */
  public void copy(int row, float[] target, int at) {
    System.arraycopy(values, row * dim, target, at, dim);
  }

  /** Returns copies of some rows, {@code [numbers, dim]}. */
  public float[] rows(int[] numbers) {
    float[] gathered = new float[numbers.length * dim];
    for (int i = 0; i < numbers.length; i++) {
      copy(numbers[i], gathered, i * dim);
    }
    return gathered;
  }

  /** Puts a copy of a row into a buffer. */
  void copy(int row, FloatBuffer target) {
    target.put(values, row * dim, dim);
  }

  /** Similarity of a row and the center at {@code centers[center * dim..]}. */
  double similarity(int row, float[] centers, int center) {
    return similarity.exact(values, row * dim, centers, center * dim, dim);
  }

  /**
   * Squared distances of some rows and the center at {@code centers[center * dim..]}.
   *
   * @param rows which, the first {@code count} of them
   */
  void squaredDistances(float[] centers, int center, int[] rows, int count, double[] distances) {
    Similarity.EUCLIDEAN.exact(centers, center * dim, values, rows, count, dim, distances);
    for (int i = 0; i < count; i++) {
      distances[i] = -distances[i];
    }
  }

  /** Squared distances of a row and the first {@code count} rows. */
  void squaredDistances(int row, int count, float[] distances) {
    int[] numbers = IntStream.range(0, count).toArray();
    double[] exact = new double[count];
    squaredDistances(values, row, numbers, count, exact);
    for (int i = 0; i < count; i++) {
      distances[i] = (float) exact[i];
    }
  }

  /**
   * Similarities of a row and some centers.
   *
   * @param centers {@code [centers, dim]}
   * @param numbers which of them
   * @param similarities takes the similarities, in order of the numbers
   */
  void similarities(int row, float[] centers, int[] numbers, double[] similarities) {
    similarity.exact(values, row * dim, centers, numbers, numbers.length, dim, similarities);
  }

  /** Returns the squared distance of each row to its own center. */
  public float[] squaredDistances(float[] centers, int[] assignments) {
    float[] distances = new float[rows()];
    IntStream.range(0, distances.length)
        .parallel()
        .forEach(row -> distances[row] = (float) squaredDistance(row, centers, assignments[row]));
    return distances;
  }

  /** Squared distance of a row and the center at {@code centers[center * dim..]}. */
  double squaredDistance(int row, float[] centers, int center) {
    return -Similarity.EUCLIDEAN.exact(values, row * dim, centers, center * dim, dim);
  }
}
