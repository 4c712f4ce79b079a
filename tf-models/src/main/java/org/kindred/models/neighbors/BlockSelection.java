package org.kindred.models.neighbors;

import java.util.Arrays;

/**
 * Picks from the product of two blocks what belongs among the best of a row or of a column.
 *
 * <p>Nearly every similarity is worse than what its row and its column keep already. So the block
 * is read a few rows at a time. Two passes, free of branches so that the compiler makes vector
 * instructions of them, take the peak of each column over these rows, and by how much it exceeds
 * the thresholds of the column and of the rows; only where it does are the single similarities
 * looked at.
 *
 * <p>Threading: one block at a time, of one thread.
 */
final class BlockSelection {

  /** Rows of one pass: more make fewer passes, and more peaks that only a neighbour row reaches. */
  private static final int PASS_ROWS = 8;

  private final float[][] pass;
  private final float[] rowThresholds = new float[PASS_ROWS];
  private final float[] peaks;
  private final float[] excess;
  private final float[] nothing;

  /** Inner products of the rows of two blocks. */
  @FunctionalInterface
  interface Products {

    /** Writes the products of a left row with all right rows to the front of {@code into}. */
    void read(int row, float[] into);
  }

  /**
   * @param columns the most rows of a right block
   */
  BlockSelection(int columns) {
    this.pass = new float[PASS_ROWS][columns];
    this.peaks = new float[columns];
    this.excess = new float[columns];
    this.nothing = new float[columns];
    Arrays.fill(nothing, Float.POSITIVE_INFINITY);
  }

  /**
   * Offers the rows of either block to those of the other; a block paired with itself, to the other
   * rows of the block.
   */
  void select(Products products, Block left, Block right) {
    float[] columnThresholds = left == right ? nothing : right.candidates().thresholds();
    int columns = right.rows();
    for (int row = 0; row < left.rows(); row += PASS_ROWS) {
      int count = Math.min(PASS_ROWS, left.rows() - row);
      read(products, left, right, row, count);
      findPeaks(count, columns);
      float rowThreshold = leastThreshold(left.candidates(), row, count);
      exceed(columns, rowThreshold, columnThresholds);
      for (int column = 0; column < columns; column++) {
        if (excess[column] > 0) {
          offer(left, right, row, count, column);
        }
      }
    }
  }

  private void read(Products products, Block left, Block right, int row, int count) {
    for (int r = 0; r < count; r++) {
      products.read(row + r, pass[r]);
      left.tile()
          .similarity()
          .fromProducts(pass[r], left.squaredNorms()[row + r], right.squaredNorms());
      if (left == right) {
        pass[r][row + r] = Float.NEGATIVE_INFINITY;
      }
      left.candidates().preview(row + r, pass[r], right.rows());
    }
  }

  private void findPeaks(int count, int columns) {
    Arrays.fill(peaks, 0, columns, Float.NEGATIVE_INFINITY);
    for (int r = 0; r < count; r++) {
      raise(peaks, pass[r], columns);
    }
  }

  private static void raise(float[] peaks, float[] values, int columns) {
    for (int column = 0; column < columns; column++) {
      peaks[column] = Math.max(peaks[column], values[column]);
    }
  }

  private void exceed(int columns, float rowThreshold, float[] columnThresholds) {
    for (int column = 0; column < columns; column++) {
      excess[column] = peaks[column] - Math.min(rowThreshold, columnThresholds[column]);
    }
  }

  private float leastThreshold(TopK candidates, int row, int count) {
    float least = Float.POSITIVE_INFINITY;
    for (int r = 0; r < count; r++) {
      rowThresholds[r] = candidates.threshold(row + r);
      least = Math.min(least, rowThresholds[r]);
    }
    return least;
  }

  private void offer(Block left, Block right, int row, int count, int column) {
    TopK ofRows = left.candidates();
    TopK ofColumns = right.candidates();
    float columnThreshold = left == right ? Float.POSITIVE_INFINITY : ofColumns.threshold(column);
    for (int r = 0; r < count; r++) {
      float similarity = pass[r][column];
      if (similarity > rowThresholds[r]) {
        ofRows.offer(row + r, similarity, right.id(column));
      }
      if (similarity > columnThreshold) {
        ofColumns.offer(column, similarity, left.id(row + r));
      }
    }
  }
}
