package org.kindred.models.probe;

import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.kindred.models.linalg.RowException;

/** Standardised rows and their labels, by row and by feature; filled anew for each step. */
final class Batch {

  private final LabelledRows source;
  private final Standardization standardization;
  private final float[][] byRow;
  private final float[][] byFeature;
  private final int[] labels;
  private int size;

  /** Makes an empty batch, which can be filled with up to {@code capacity} rows. */
  Batch(LabelledRows source, Standardization standardization, int capacity) {
    this.source = source;
    this.standardization = standardization;
    this.byRow = new float[capacity][source.dimension()];
    this.byFeature = new float[source.dimension()][capacity];
    this.labels = new int[capacity];
  }

  /** Returns bytes of memory that a batch holds. */
  static double bytes(int capacity, int dimension) {
    return 2.0 * Float.BYTES * capacity * dimension;
  }

  /**
   * Takes the rows {@code order(from)} to {@code order(to - 1)}.
   *
   * @throws RowException when a value is not finite
   */
  void fill(IntUnaryOperator order, int from, int to) {
    size = to - from;
    for (int i = 0; i < size; i++) {
      int row = order.applyAsInt(from + i);
      source.copy(row, byRow[i], 0);
      checkFinite(byRow[i], row);
      standardization.apply(byRow[i]);
      labels[i] = source.label(row);
    }
    IntStream.range(0, byFeature.length).parallel().forEach(this::gather);
  }

  private void gather(int feature) {
    float[] values = byFeature[feature];
    for (int i = 0; i < size; i++) {
      values[i] = byRow[i][feature];
    }
  }

  /** Checks the row at position {@code position}, which is all of {@code row}. */
  static void checkFinite(float[] row, int position) {
    for (int d = 0; d < row.length; d++) {
      if (!Float.isFinite(row[d])) {
        throw new RowException(
            position, "has " + row[d] + " as value " + d + ", valid are finite numbers");
      }
    }
  }

  /** Returns the number of rows. */
  int size() {
    return size;
  }

  /** Returns the rows, {@code [size or more, dimension]}. */
  float[][] byRow() {
    return byRow;
  }

  /** Returns each feature of all rows, {@code [dimension, size or more]}. */
  float[][] byFeature() {
    return byFeature;
  }

  /** Returns the class of a row. */
  int label(int row) {
    return labels[row];
  }
}
