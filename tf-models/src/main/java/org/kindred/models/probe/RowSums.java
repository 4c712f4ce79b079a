package org.kindred.models.probe;

/** Weighted sums of vectors: products of matrices, one row of the result at a time. */
final class RowSums {

  private RowSums() {}

  /**
   * Adds multiples of rows to a vector: {@code target[j] += sum over i of factors[i] x rows[i][j]}.
   *
   * <p>Rows are added four at a time, always the same four, so that the compiler may work on
   * several j at once, and no processor or number of threads shows in the result.
   *
   * @param count rows, and factors
   * @param length values of a row that are added
   */
  static void add(float[][] rows, int count, float[] factors, float[] target, int length) {
    int i = 0;
    for (; i + 4 <= count; i += 4) {
      add4(rows, i, factors, target, length);
    }
    for (; i < count; i++) {
      float[] row = rows[i];
      float factor = factors[i];
      for (int j = 0; j < length; j++) {
        target[j] += factor * row[j];
      }
    }
  }

  private static void add4(float[][] rows, int first, float[] factors, float[] target, int length) {
    float[] row0 = rows[first];
    float[] row1 = rows[first + 1];
    float[] row2 = rows[first + 2];
    float[] row3 = rows[first + 3];
    float factor0 = factors[first];
    float factor1 = factors[first + 1];
    float factor2 = factors[first + 2];
    float factor3 = factors[first + 3];
    for (int j = 0; j < length; j++) {
      target[j] += factor0 * row0[j] + factor1 * row1[j] + factor2 * row2[j] + factor3 * row3[j];
    }
  }
}
