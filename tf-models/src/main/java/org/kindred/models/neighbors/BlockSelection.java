package org.kindred.models.neighbors;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.function.IntFunction;

/**
 * Picks from the product of two blocks what belongs among the best of a row or of a column.
 *
 * <p>Nearly every similarity is worse than what its row and its column keep already. So the block
 * is read a few rows at a time: a first pass, free of branches so that the compiler makes vector
 * instructions of it, takes the peak of each column over these rows; only where the peak exceeds
 * the least threshold of the rows, or that of the column, are the single similarities looked at.
 */
final class BlockSelection {

  /** Rows of one pass: more make fewer passes, and more peaks that only a neighbour row reaches. */
  private static final int PASS_ROWS = 8;

  private final Block left;
  private final Block right;
  private final float[] columnThresholds;
  private final float[] columnNorms;
  private final float[][] pass;
  private final float[] peaks;

  private BlockSelection(Block left, Block right) {
    this.left = left;
    this.right = right;
    this.columnThresholds =
        left == right ? new TopK(right.rows(), 0).thresholds() : right.candidates().thresholds();
    this.columnNorms = right.squaredNorms();
    this.pass = new float[PASS_ROWS][right.rows()];
    this.peaks = new float[right.rows()];
  }

  /**
   * Offers the rows of either block to those of the other; a block paired with itself, to the other
   * rows of the block.
   *
   * @param products gives the inner products of a left row with all right rows
   */
  static void select(IntFunction<FloatBuffer> products, Block left, Block right) {
    new BlockSelection(left, right).select(products);
  }

  private void select(IntFunction<FloatBuffer> products) {
    for (int row = 0; row < left.rows(); row += PASS_ROWS) {
      int count = Math.min(PASS_ROWS, left.rows() - row);
      read(products, row, count);
      findPeaks(count);
      float rowThreshold = leastThreshold(row, count);
      for (int column = 0; column < peaks.length; column++) {
        if (peaks[column] > rowThreshold || peaks[column] > columnThresholds[column]) {
          offer(row, count, column, Math.min(rowThreshold, columnThresholds[column]));
        }
      }
    }
  }

  private void read(IntFunction<FloatBuffer> products, int row, int count) {
    for (int r = 0; r < count; r++) {
      products.apply(row + r).get(pass[r]);
      left.tile()
          .similarity()
          .fromProducts(pass[r], left.tile().squaredNorm(left.start() + row + r), columnNorms);
      if (left == right) {
        pass[r][row + r] = Float.NEGATIVE_INFINITY;
      }
    }
  }

  private void findPeaks(int count) {
    Arrays.fill(peaks, Float.NEGATIVE_INFINITY);
    for (int r = 0; r < count; r++) {
      raise(peaks, pass[r]);
    }
  }

  private static void raise(float[] peaks, float[] values) {
    for (int column = 0; column < peaks.length; column++) {
      peaks[column] = Math.max(peaks[column], values[column]);
    }
  }

  private float leastThreshold(int row, int count) {
    float least = Float.POSITIVE_INFINITY;
    for (int r = row; r < row + count; r++) {
      least = Math.min(least, left.candidates().threshold(r));
    }
    return least;
  }

  private void offer(int row, int count, int column, float threshold) {
    for (int r = 0; r < count; r++) {
      float similarity = pass[r][column];
      if (similarity > threshold) {
        offer(row + r, column, similarity);
      }
    }
  }

  private void offer(int row, int column, float similarity) {
    if (similarity > left.candidates().threshold(row)) {
      left.candidates().offer(row, similarity, right.firstId() + column);
    }
    if (similarity > columnThresholds[column]) {
      right.candidates().offer(column, similarity, left.firstId() + row);
    }
  }
}
