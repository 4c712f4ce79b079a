package org.kindred.stages.evaluate;

import java.util.Arrays;

/**
 * The one-to-one assignment of rows to columns of greatest total (H. Kuhn's Hungarian method, in
 * the O(n^3) form that grows shortest augmenting paths under potentials).
 */
final class Matching {

  private static final int NONE = -1;

  private final long[][] costs;
  private final int size;
  private final long[] rowPotentials;
  private final long[] columnPotentials;
  private final int[] rowOfColumn;

  private Matching(long[][] costs) {
    this.costs = costs;
    this.size = costs.length;
    this.rowPotentials = new long[size];
    this.columnPotentials = new long[size];
    this.rowOfColumn = new int[size];
    Arrays.fill(rowOfColumn, NONE);
  }

  /**
   * Returns the greatest total of a one-to-one assignment.
   *
   * @param weights {@code [rows, columns]}, not negative; the lesser side is padded with zeros
   */
  static long greatestTotal(long[][] weights) {
    int size = Math.max(weights.length, weights[0].length);
    long[][] costs = new long[size][size];
    for (int row = 0; row < weights.length; row++) {
      for (int column = 0; column < weights[row].length; column++) {
        costs[row][column] = -weights[row][column];
      }
    }
    Matching matching = new Matching(costs);
    for (int row = 0; row < size; row++) {
      matching.assign(row);
    }
    return -matching.totalCost();
  }

  private long totalCost() {
    long total = 0;
    for (int column = 0; column < size; column++) {
      total += costs[rowOfColumn[column]][column];
    }
    return total;
  }

  /** Finds the cheapest path of alternating pairs from {@code start} to a free column. */
  private void assign(int start) {
    long[] slack = new long[size];
    int[] previous = new int[size];
    boolean[] done = new boolean[size];
    Arrays.fill(slack, Long.MAX_VALUE);
    Arrays.fill(previous, NONE);
    int row = start;
    int column = NONE;
    while (row != NONE) {
      int next = nearest(row, column, slack, previous, done);
      shift(start, slack[next], slack, done);
      done[next] = true;
      column = next;
      row = rowOfColumn[next];
    }
    while (column != NONE) {
      int before = previous[column];
      rowOfColumn[column] = before == NONE ? start : rowOfColumn[before];
      column = before;
    }
  }

  /** Lets {@code row}, reached through {@code column}, shorten the paths; returns the least. */
  private int nearest(int row, int column, long[] slack, int[] previous, boolean[] done) {
    int nearest = NONE;
    for (int c = 0; c < size; c++) {
      if (done[c]) {
        continue;
      }
      long reduced = costs[row][c] - rowPotentials[row] - columnPotentials[c];
      if (reduced < slack[c]) {
        slack[c] = reduced;
        previous[c] = column;
      }
      if (nearest == NONE || slack[c] < slack[nearest]) {
        nearest = c;
      }
    }
    return nearest;
  }

  /** Raises the potentials of what the path has reached until the least slack is zero. */
  private void shift(int start, long least, long[] slack, boolean[] done) {
    rowPotentials[start] += least;
    for (int c = 0; c < size; c++) {
      if (done[c]) {
        rowPotentials[rowOfColumn[c]] += least;
        columnPotentials[c] -= least;
      } else if (slack[c] != Long.MAX_VALUE) {
        slack[c] -= least;
      }
    }
  }
}
