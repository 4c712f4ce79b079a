package org.kindred.models.probe;

/** Features with a label each, read row by row. */
public interface LabelledRows {

  /** Returns the number of rows. */
  int size();

  /** Returns the length of a row, 1 or more. */
  int dimension();

  /** Returns the class of a row. */
  int label(int row);

  /**
   * Copies a row.
   *
   * @param target takes {@link #dimension} values from {@code at} on
   */
  void copy(int row, float[] target, int at);

  /**
   * Returns rows of a matrix, which is not copied.
   *
   * @param values {@code [n, dimension]}, row by row
   * @param dimension length of a row, 1 or more
   * @param labels {@code [n]}
   */
  static LabelledRows of(float[] values, int dimension, int[] labels) {
    if (dimension < 1 || values.length != (long) dimension * labels.length) {
      throw new IllegalArgumentException(
          "%d values are not %d rows, one for each label, of length %d"
              .formatted(values.length, labels.length, dimension));
    }
    return new LabelledRows() {
      @Override
      public int size() {
        return labels.length;
      }

      @Override
      public int dimension() {
        return dimension;
      }

      @Override
      public int label(int row) {
        return labels[row];
      }

      @Override
      public void copy(int row, float[] target, int at) {
        System.arraycopy(values, row * dimension, target, at, dimension);
      }
    };
  }
}
