package org.kindred.stages.neighbors;

/** Scales rows to unit Euclidean length. */
public final class UnitRows {

  /** Norms below this are taken for zero. */
  public static final double MIN_NORM = 1e-12;

  private UnitRows() {}

  /**
   * Divides each row by its norm, in place.
   *
   * @param values {@code [rows, dim]}, row by row
   * @param dim length of a row
   * @param first position of the first row, for messages
   * @throws IllegalArgumentException naming the row when its norm is less than {@link #MIN_NORM} or
   *     not finite
   */
  public static void normalize(float[] values, int dim, int first) {
    for (int at = 0; at < values.length; at += dim) {
      double norm = Math.sqrt(squaredNorm(values, at, dim));
      if (!(norm >= MIN_NORM && norm < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException(
            "row "
                + (first + at / dim)
                + " has norm "
                + norm
                + "; cosine similarity needs finite rows of norm "
                + MIN_NORM
                + " or more");
      }
      for (int d = at; d < at + dim; d++) {
        values[d] = (float) (values[d] / norm);
      }
    }
  }

  /** Sum of squares of the {@code dim} values from {@code at} on, in double. */
  public static double squaredNorm(float[] values, int at, int dim) {
    double sum = 0;
    for (int d = at; d < at + dim; d++) {
      sum += (double) values[d] * values[d];
    }
    return sum;
  }
}
