package org.kindred.models.linalg;

import java.util.stream.IntStream;
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
        sum = Math.fma((double) left[leftAt + d], right[rightAt + d], sum);
      }
      return sum;
    }

    @Override
    void exactFour(
        float[] row,
        int rowAt,
        float[] others,
        int[] numbers,
        int from,
        int dim,
        double[] exact,
        int at) {
      int firstAt = numbers[from] * dim;
      int secondAt = numbers[from + 1] * dim;
      int thirdAt = numbers[from + 2] * dim;
      int fourthAt = numbers[from + 3] * dim;
      double first = 0;
      double second = 0;
      double third = 0;
      double fourth = 0;
      for (int d = 0; d < dim; d++) {
        double value = row[rowAt + d];
        first = Math.fma(value, others[firstAt + d], first);
        second = Math.fma(value, others[secondAt + d], second);
        third = Math.fma(value, others[thirdAt + d], third);
        fourth = Math.fma(value, others[fourthAt + d], fourth);
      }
      exact[at] = first;
      exact[at + 1] = second;
      exact[at + 2] = third;
      exact[at + 3] = fourth;
    }

    @Override
    public void fromProducts(float[] products, float leftNorm, float[] rightNorms) {}

    @Override
    public double errorBound(int dim, double leftNorm, double rightNorm) {
      return productError(dim, leftNorm * rightNorm);
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
    void exactFour(
        float[] row,
        int rowAt,
        float[] others,
        int[] numbers,
        int from,
        int dim,
        double[] exact,
        int at) {
      int firstAt = numbers[from] * dim;
      int secondAt = numbers[from + 1] * dim;
      int thirdAt = numbers[from + 2] * dim;
      int fourthAt = numbers[from + 3] * dim;
      double first = 0;
      double second = 0;
      double third = 0;
      double fourth = 0;
      for (int d = 0; d < dim; d++) {
        double value = row[rowAt + d];
        double toFirst = value - others[firstAt + d];
        double toSecond = value - others[secondAt + d];
        double toThird = value - others[thirdAt + d];
        double toFourth = value - others[fourthAt + d];
        first += toFirst * toFirst;
        second += toSecond * toSecond;
        third += toThird * toThird;
        fourth += toFourth * toFourth;
      }
      exact[at] = -first;
      exact[at + 1] = -second;
      exact[at + 2] = -third;
      exact[at + 3] = -fourth;
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
      return 2 * productError(dim, leftNorm * rightNorm) + FLOAT_ROUNDING * rounding;
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

  /**
   * {@link #exact} with four rows: a sum waits for each of its additions, so four side by side take
   * as long as one.
   *
   * @param from place of the first of the numbers that are meant
   * @param at place of the first similarity
   */
  abstract void exactFour(
      float[] row,
      int rowAt,
      float[] others,
      int[] numbers,
      int from,
      int dim,
      double[] exact,
      int at);

  /**
   * {@link #exact} of one row and several, faster than one by one.
   *
   * @param row has the row from {@code rowAt} on
   * @param others rows, one after the other
   * @param numbers which of them are meant, from 0
   * @param count how many of the numbers
   * @param exact takes the similarities, in order of the numbers
   */
  public final void exact(
      float[] row, int rowAt, float[] others, int[] numbers, int count, int dim, double[] exact) {
    int done = 0;
    for (; done + 4 <= count; done += 4) {
      exactFour(row, rowAt, others, numbers, done, dim, exact, done);
    }
    for (; done < count; done++) {
      exact[done] = exact(row, rowAt, others, numbers[done] * dim, dim);
    }
  }

  /** {@link #exact} as tables store it and rankings compare it: rounded to float, never -0. */
  public final float score(float[] left, int leftAt, float[] right, int rightAt, int dim) {
    return stored(exact(left, leftAt, right, rightAt, dim));
  }

  private static float stored(double similarity) {
    return (float) similarity + 0.0f;
  }

  /**
   * {@link #score} of one row and several, faster than one by one.
   *
   * @param row has the row from {@code rowAt} on
   * @param others rows, one after the other
   * @param numbers which of them are meant, from 0
   * @param count how many of the numbers
   * @param scores takes the similarities, in order of the numbers
   */
  public final void scores(
      float[] row, int rowAt, float[] others, int[] numbers, int count, int dim, float[] scores) {
    double[] four = new double[4];
    int done = 0;
    for (; done + 4 <= count; done += 4) {
      exactFour(row, rowAt, others, numbers, done, dim, four, 0);
      for (int i = 0; i < four.length; i++) {
        scores[done + i] = stored(four[i]);
      }
    }
    for (; done < count; done++) {
      scores[done] = score(row, rowAt, others, numbers[done] * dim, dim);
    }
  }

  /**
   * {@link #score} of one row and several consecutive ones, faster than one by one.
   *
   * @param row {@code [dim]}
   * @param others {@code [scores.length, dim]}
   * @param scores takes the similarities
   */
  public final void scores(float[] row, float[] others, float[] scores) {
    int[] numbers = IntStream.range(0, scores.length).toArray();
    scores(row, 0, others, numbers, numbers.length, row.length, scores);
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
   * Most that an inner product in float32, summed in any order, differs from one in double
   * precision (N. Higham, "Accuracy and Stability of Numerical Algorithms", equation 3.5), with
   * room for the rounding of the latter and for underflow.
   *
   * @param dim terms
   * @param magnitude sum of the magnitudes of the terms, or more
   */
  public static double productError(int dim, double magnitude) {
    double roundings = (dim + 2) * FLOAT_ROUNDING;
    return roundings / (1 - roundings) * magnitude + dim * (double) Float.MIN_NORMAL;
  }
}
