package org.kindred.models.neighbors;

import java.util.Arrays;

/**
 * Sorts some dozens of nodes at a time, out of many: into buckets by their leading bits, which
 * leaves little to an insertion sort. About twice as fast there as {@link Arrays#sort(int[])}.
 *
 * <p>Threading: not thread-safe.
 */
final class NodeSort {

  private static final int BUCKET_BITS = 7;

  private static final int FEWEST = 12;

  private static final int MOST = 256;

  private final int[] starts = new int[(1 << BUCKET_BITS) + 1];
  private final int[] copy = new int[MOST];
  private final int shift;

  /**
   * @param nodes nodes are 0 to {@code nodes - 1}
   */
  NodeSort(int nodes) {
    int bits = Integer.SIZE - Integer.numberOfLeadingZeros(Math.max(0, nodes - 1));
    this.shift = Math.max(0, bits - BUCKET_BITS);
  }

  /** Sorts {@code values[from..to)}. */
  void sort(int[] values, int from, int to) {
    int count = to - from;
    if (count > MOST) {
      Arrays.sort(values, from, to);
      return;
    }
    if (count >= FEWEST) {
      scatter(values, from, count);
    }
    insert(values, from, to);
  }

  private void scatter(int[] values, int from, int count) {
    System.arraycopy(values, from, copy, 0, count);
    Arrays.fill(starts, 0);
    for (int i = 0; i < count; i++) {
      starts[(copy[i] >>> shift) + 1]++;
    }
    for (int bucket = 1; bucket < starts.length; bucket++) {
      starts[bucket] += starts[bucket - 1];
    }
    for (int i = 0; i < count; i++) {
      values[from + starts[copy[i] >>> shift]++] = copy[i];
    }
  }

  private static void insert(int[] values, int from, int to) {
    for (int i = from + 1; i < to; i++) {
      int value = values[i];
      int at = i;
      while (at > from && values[at - 1] > value) {
        values[at] = values[--at];
      }
      values[at] = value;
    }
  }
}
