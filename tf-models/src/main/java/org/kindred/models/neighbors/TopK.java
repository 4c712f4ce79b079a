package org.kindred.models.neighbors;

import java.util.Arrays;

/**
 * The k best of what was offered to each of many rows, best meaning greater score, then lower id.
 *
 * <p>Few entries are kept sorted. Of many, a row keeps its best and, unsorted behind them, what
 * came since; when its place is full, a selection throws out all but the k best. An offer below the
 * row's threshold costs one comparison; none allocates. What is kept does not depend on the order
 * of the offers.
 *
 * <p>Threading: not thread-safe.
 */
public final class TopK {

  /** Most entries that are kept sorted: moving them aside is then cheaper than a selection. */
  private static final int MOST_SORTED = 32;

  /** Standard deviations by which a share of the offers may have more of the best than expected. */
  private static final double SPREAD = 3;

  /** Entries kept on top, where fewer than these are expected. */
  private static final int FEWEST_KEPT = 4;

  /** Selections are made whenever so many times as many have been offered. */
  private static final int SELECTION_GROWTH = 4;

  private final int k;
  private final int capacity;
  private final long[] entries;
  private final int[] sizes;
  private final float[] thresholds;

  /** Entries that a selection leaves. */
  private int kept;

  private long offered;
  private long nextSelection = 1;
  private TopK shown;

  /**
   * Makes empty rows.
   *
   * @param rows 1 or more
   * @param k entries kept of each row, 0 or more; 0 refuses every offer
   */
  public TopK(int rows, int k) {
    long capacity = capacity(k);
    if (rows < 1 || k < 0 || rows * capacity > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          rows
              + " rows of "
              + k
              + " entries; valid are 1 or more rows and 0 or more entries, some "
              + Integer.MAX_VALUE / 3 * 2
              + " in all");
    }
    this.k = k;
    this.capacity = (int) capacity;
    this.entries = new long[rows * this.capacity];
    this.sizes = new int[rows];
    this.thresholds = new float[rows];
    Arrays.fill(thresholds, emptyThreshold());
    this.kept = k;
  }

  private static long capacity(int k) {
    return k <= MOST_SORTED ? k : k + k / 2L;
  }

  /** Entries kept of each row. */
  int k() {
    return k;
  }

  /** Returns the bytes that are held of each row. */
  static double bytesOfRow(int k) {
    return (double) capacity(k) * Long.BYTES + Integer.BYTES + Float.BYTES;
  }

  /**
   * Prepares for the offers of {@code more} others of {@code all} that will be offered to each row
   * in the end. Of a share of all, as large a share of the k best is expected, give or take the
   * square root; what is far beyond that is refused from now on, which spares most of the work. A
   * row may so end up with fewer than k, or without one of the best: its {@link #threshold} tells
   * what it refused.
   */
  void expect(int more, int all) {
    if (offered >= nextSelection) {
      for (int row = 0; row < sizes.length; row++) {
        settle(row);
      }
      nextSelection = SELECTION_GROWTH * offered;
    }
    offered += more;
    double expected = (double) k * offered / all;
    kept = (int) Math.min(k, Math.ceil(expected + SPREAD * Math.sqrt(expected)) + FEWEST_KEPT);
  }

  /**
   * Shows an empty row its first offers, so that it refuses from the start what a selection would
   * throw out.
   *
   * @param scores of the offers to come
   * @param count how many they are
   */
  void preview(int row, float[] scores, int count) {
    if (sizes[row] > 0 || kept == k || kept > MOST_SORTED) {
      return;
    }
    if (shown == null || shown.k != kept) {
      shown = new TopK(1, kept);
    }
    shown.clear(0);
    for (int id = 0; id < count; id++) {
      shown.offer(0, scores[id], id);
    }
    thresholds[row] = Math.max(thresholds[row], shown.threshold(0));
  }

  private float emptyThreshold() {
    return k == 0 ? Float.POSITIVE_INFINITY : Float.NEGATIVE_INFINITY;
  }

  /** What an entry of {@code row} must score at least to be among the k best, as far as known. */
  public float threshold(int row) {
    return thresholds[row];
  }

  /** {@link #threshold} of every row; a view, not to be modified. */
  float[] thresholds() {
    return thresholds;
  }

  /**
   * Offers an entry to {@code row}.
   *
   * @param score any number but NaN
   * @param id 0 or more
   */
  public void offer(int row, float score, int id) {
    if (score >= thresholds[row] && k > 0) {
      if (capacity == k) {
        insert(row, entry(score, id));
      } else {
        entries[row * capacity + sizes[row]++] = entry(score, id);
        if (sizes[row] == capacity) {
          settle(row);
        }
      }
    }
  }

  private void insert(int row, long entry) {
    int from = row * k;
    int at = from + sizes[row];
    if (sizes[row] < k) {
      sizes[row]++;
    } else if (entries[--at] > entry) {
      return;
    }
    for (; at > from && entries[at - 1] < entry; at--) {
      entries[at] = entries[at - 1];
    }
    entries[at] = entry;
    if (sizes[row] == k) {
      thresholds[row] = score(entries[from + k - 1]);
    }
  }

  /** Throws out all but the k best of {@code row}, and sets its threshold to the worst of them. */
  void settle(int row) {
    if (sizes[row] >= kept && capacity > k) {
      int from = row * capacity;
      selectBest(from, from + sizes[row] - 1, kept);
      sizes[row] = kept;
      thresholds[row] = score(entries[from + kept - 1]);
    }
  }

  /** Empties {@code row}. */
  public void clear(int row) {
    sizes[row] = 0;
    thresholds[row] = emptyThreshold();
  }

  /** Entries of {@code row}; after {@link #settle} at most k. */
  int size(int row) {
    return sizes[row];
  }

  /** Id of an entry of {@code row}, {@code index} 0 to size - 1, in no particular order. */
  int id(int row, int index) {
    return id(entries[row * capacity + index]);
  }

  /** Score of the entry that {@link #id} names. */
  float score(int row, int index) {
    return score(entries[row * capacity + index]);
  }

  /**
   * Moves the k best of {@code row} out, best first, and leaves the row empty.
   *
   * @param toScores gets the scores from position {@code at} on
   * @param toIds gets the ids from position {@code at} on
   * @return how many there were, at most k
   */
  public int drain(int row, float[] toScores, int[] toIds, int at) {
    settle(row);
    int from = row * capacity;
    int size = sizes[row];
    if (capacity > k) {
      Arrays.sort(entries, from, from + size);
      reverse(from, from + size - 1);
    }
    for (int rank = 0; rank < size; rank++) {
      toScores[at + rank] = score(entries[from + rank]);
      toIds[at + rank] = id(entries[from + rank]);
    }
    clear(row);
    return size;
  }

  private void reverse(int from, int to) {
    for (int low = from, high = to; low < high; low++, high--) {
      long entry = entries[low];
      entries[low] = entries[high];
      entries[high] = entry;
    }
  }

  /**
   * Moves the {@code count} greatest entries of {@code from..to} to its front, the least of them
   * last (C. Hoare's selection).
   */
  private void selectBest(int from, int to, int count) {
    int target = from + count - 1;
    int low = from;
    int high = to;
    while (low < high) {
      long pivot = median(entries[low], entries[(low + high) >>> 1], entries[high]);
      int left = low;
      int right = high;
      while (left <= right) {
        while (entries[left] > pivot) {
          left++;
        }
        while (entries[right] < pivot) {
          right--;
        }
        if (left <= right) {
          long swap = entries[left];
          entries[left++] = entries[right];
          entries[right--] = swap;
        }
      }
      if (target <= right) {
        high = right;
      } else if (target >= left) {
        low = left;
      } else {
        return;
      }
    }
  }

  private static long median(long a, long b, long c) {
    return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
  }

  /**
   * One number that is ordered as the entries are: the score's bits, made to ascend, above the
   * complement of the id.
   */
  private static long entry(float score, int id) {
    int bits = Float.floatToRawIntBits(score + 0.0f);
    return (long) (bits ^ (bits >> 31 & Integer.MAX_VALUE)) << 32 | (~id & 0xFFFFFFFFL);
  }

  private static float score(long entry) {
    int ascending = (int) (entry >> 32);
    return Float.intBitsToFloat(ascending ^ (ascending >> 31 & Integer.MAX_VALUE));
  }

  private static int id(long entry) {
    return ~(int) entry;
  }
}
