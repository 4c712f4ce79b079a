package org.kindred.models.linalg;

/** Scales rows to unit Euclidean length. */
public final class UnitRows {

  /** Least that a row is divided by. */
  public static final double MIN_NORM = 1e-12;

  /** Keeps squared distances, and the sums on the way to them, inside the range of float. */
  private static final double MAX_SQUARED_NORM = Float.MAX_VALUE / 16;

  private UnitRows() {}

  /**
   * Divides each row by its norm, but at least by {@link #MIN_NORM}, in place: a row of zeros stays
   * one, and is as similar to all others as two that have nothing in common.
   *
   * @param values {@code [rows, dim]}, row by row
   * @param dim length of a row
   * @param first position of the first row, for messages
   * @throws RowException when a row is not finite
   */
  public static void normalize(float[] values, int dim, int first) {
    for (int at = 0; at < values.length; at += dim) {
      double norm = Math.sqrt(squaredNorm(values, at, dim));
      if (!Double.isFinite(norm)) {
        throw new RowException(first + at / dim, "has norm " + norm + "; rows must be finite");
      }
      double divisor = Math.max(norm, MIN_NORM);
      for (int d = at; d < at + dim; d++) {
        values[d] = (float) (values[d] / divisor);
      }
    }
  }

  /**
   * Returns a row's squared norm.
   *
   * @param at where the row begins in {@code values}
   * @param row position of the row, for the message
   * @throws RowException when it is not finite, or so large that distances would not be
   */
  public static double checkedSquaredNorm(float[] values, int at, int dim, int row) {
    double norm = squaredNorm(values, at, dim);
    if (!(norm <= MAX_SQUARED_NORM)) {
      throw new RowException(
          row,
          "has squared norm "
              + norm
              + "; rows must be finite, with a squared norm of at most "
              + MAX_SQUARED_NORM);
    }
    return norm;
  }

  /** Sum of squares of the {@code dim} values from {@code at} on, in double. */
  public static double squaredNorm(float[] values, int at, int dim) {
    double sum = 0;
    for (int d = at; d < at + dim; d++) {
      double value = values[d];
      sum = Math.fma(value, value, sum);
    }
    return sum;
  }
}
