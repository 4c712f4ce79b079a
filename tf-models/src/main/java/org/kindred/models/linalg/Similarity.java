package org.kindred.models.linalg;

import org.kindred.proto.artifact.v1.Metric;

/**
 * What ranks neighbours: greater is nearer.
 *
 * <p>{@link #exact} is the definition: its sums are taken in double precision, in order of the
 * dimensions, so that a pair of rows has one similarity whichever worker computes it. Products in
 * float32 only propose candidates, and {@link #errorBound} says how far they may be off.
 */
public enum Similarity {
  /** Inner product; of unit rows the cosine: -1 to 1. */
  COSINE {
    @Override
    public double exact(float[] left, int leftAt, float[] right, int rightAt, int dim) {
      double sum = 0;
      for (int d = 0; d < dim; d++) {
        sum += (double) left[leftAt + d] * right[rightAt + d];
      }
      return sum;
    }

    @Override
    void exactFour(float[] left, int leftAt, float[] right, int rightAt, int dim, double[] four) {
      int second = rightAt + dim;
      int third = second + dim;
      int fourth = third + dim;
      double a = 0;
      double b = 0;
      double c = 0;
      double e = 0;
      for (int d = 0; d < dim; d++) {
        double value = left[leftAt + d];
        a += value * right[rightAt + d];
        b += value * right[second + d];
        c += value * right[third + d];
        e += value * right[fourth + d];
      }
      four[0] = a;
      four[1] = b;
      four[2] = c;
      four[3] = e;
    }

    @Override
    public void fromProducts(float[] products, float leftNorm, float[] rightNorms) {}

    @Override
    public double errorBound(int dim, double leftNorm, double rightNorm) {
      return productError(dim, leftNorm, rightNorm);
    }
  },

  /** Negative squared Euclidean distance: at most 0. */
  EUCLIDEAN {
    @Override
    public double exact(float[] left, int leftAt, float[] right, int rightAt, int dim) {
      double sum = 0;
      for (int d = 0; d < dim; d++) {
        double difference = (double) left[leftAt + d] - right[rightAt + d];
        sum += difference * difference;
      }
      return -sum;
    }

    @Override
    void exactFour(float[] left, int leftAt, float[] right, int rightAt, int dim, double[] four) {
      int second = rightAt + dim;
      int third = second + dim;
      int fourth = third + dim;
      double a = 0;
      double b = 0;
      double c = 0;
      double e = 0;
      for (int d = 0; d < dim; d++) {
        double value = left[leftAt + d];
        double toA = value - right[rightAt + d];
        double toB = value - right[second + d];
        double toC = value - right[third + d];
        double toE = value - right[fourth + d];
        a += toA * toA;
        b += toB * toB;
        c += toC * toC;
        e += toE * toE;
      }
      four[0] = -a;
      four[1] = -b;
      four[2] = -c;
      four[3] = -e;
    }

    @Override
    public void fromProducts(float[] products, float leftNorm, float[] rightNorms) {
      for (int j = 0; j < rightNorms.length; j++) {
        products[j] = 2 * products[j] - (leftNorm + rightNorms[j]);
      }
    }

    @Override
    public double errorBound(int dim, double leftNorm, double rightNorm) {
      double rounding =
          2 * leftNorm * rightNorm + 3 * (leftNorm * leftNorm + rightNorm * rightNorm);
      return 2 * productError(dim, leftNorm, rightNorm) + FLOAT_ROUNDING * rounding;
    }
  };

  /** Largest relative error of one float32 operation, 2^-24. */
  private static final double FLOAT_ROUNDING = 0x1p-24;

  /** Returns the similarity that {@code metric} names. */
  public static Similarity of(Metric metric) {
    return switch (metric) {
      case METRIC_COSINE -> COSINE;
      case METRIC_EUCLIDEAN -> EUCLIDEAN;
      default ->
          throw new IllegalArgumentException(
              "metric is " + metric + "; valid are METRIC_COSINE and METRIC_EUCLIDEAN");
    };
  }

  /**
   * Similarity of the row at {@code left[leftAt..]} and the row at {@code right[rightAt..]}.
   *
   * @param dim length of both rows
   */
  public abstract double exact(float[] left, int leftAt, float[] right, int rightAt, int dim);

  /** {@link #exact} with four consecutive rows: four sums at a time take as long as one. */
  abstract void exactFour(
      float[] left, int leftAt, float[] right, int rightAt, int dim, double[] four);

  /**
   * {@link #exact} of the row at {@code left[leftAt..]} and {@code exact.length} consecutive rows.
   *
   * @param right the rows, from {@code right[rightAt..]} on
   * @param exact takes the similarities
   */
  public final void exact(
      float[] left, int leftAt, float[] right, int rightAt, int dim, double[] exact) {
    double[] four = new double[4];
    int row = 0;
    for (; row + 4 <= exact.length; row += 4) {
      exactFour(left, leftAt, right, rightAt + row * dim, dim, four);
      System.arraycopy(four, 0, exact, row, 4);
    }
    for (; row < exact.length; row++) {
      exact[row] = exact(left, leftAt, right, rightAt + row * dim, dim);
    }
  }

  /** {@link #exact} as tables store it and rankings compare it: rounded to float, never -0. */
  public final float score(float[] left, int leftAt, float[] right, int rightAt, int dim) {
    return (float) exact(left, leftAt, right, rightAt, dim) + 0.0f;
  }

  /**
   * {@link #score} of one row and several consecutive ones, faster than one by one.
   *
   * @param row {@code [dim]}
   * @param others {@code [scores.length, dim]}
   * @param scores takes the similarities
   */
  public final void scores(float[] row, float[] others, float[] scores) {
    double[] exact = new double[scores.length];
    exact(row, 0, others, 0, row.length, exact);
    for (int i = 0; i < exact.length; i++) {
      scores[i] = (float) exact[i] + 0.0f;
    }
  }

  /**
   * Turns the inner products of one row with {@code rightNorms.length} others into similarities, in
   * place.
   *
   * @param leftNorm squared norm of the row
   * @param rightNorms squared norms of the others
   */
  public abstract void fromProducts(float[] products, float leftNorm, float[] rightNorms);

  /**
   * Most that a similarity from a float32 product differs from {@link #exact}.
   *
   * @param leftNorm norm of the one row, or more
   * @param rightNorm norm of the other row, or more
   */
  public abstract double errorBound(int dim, double leftNorm, double rightNorm);

  /**
   * Error of an inner product summed in any order (N. Higham, "Accuracy and Stability of Numerical
   * Algorithms", equation 3.5), with room for the rounding of {@link #exact} and for underflow.
   */
  private static double productError(int dim, double leftNorm, double rightNorm) {
    double roundings = (dim + 2) * FLOAT_ROUNDING;
    return roundings / (1 - roundings) * leftNorm * rightNorm + dim * (double) Float.MIN_NORMAL;
  }
}
