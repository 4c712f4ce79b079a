package org.kindred.models.neighbors;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The nearest neighbours found so far of consecutive rows: exact, each row's ordered by similarity,
 * greater first, then by lower position.
 *
 * <p>Lists of the same rows from disjoint parts of the base {@link #merge}; merging is associative
 * and commutative, so that lists may travel and meet in any order and the result is the same to the
 * byte.
 *
 * <p>Immutable, except that it hands out its arrays.
 */
public final class NeighborLists {

  private static final int HEADER_BYTES = 4 * Integer.BYTES;

  private final int first;
  private final int rows;
  private final int k;
  private final int width;
  private final float[] scores;
  private final int[] ids;

  /**
   * @param scores {@code [rows, width]}
   * @param ids {@code [rows, width]}
   */
  NeighborLists(int first, int rows, int k, int width, float[] scores, int[] ids) {
    this.first = first;
    this.rows = rows;
    this.k = k;
    this.width = width;
    this.scores = scores;
    this.ids = ids;
  }

  /** Position of the first row. */
  public int first() {
    return first;
  }

  /** Number of rows. */
  public int rows() {
    return rows;
  }

  /** Neighbours sought of each row. */
  public int k() {
    return k;
  }

  /** Neighbours of each row: k, or all that there were when they were fewer. */
  public int width() {
    return width;
  }

  /** Similarities, {@code [rows, width]} row by row, best first; not to be modified. */
  public float[] similarities() {
    return scores;
  }

  /** Positions of the neighbours, laid out like {@link #similarities}; not to be modified. */
  public int[] ids() {
    return ids;
  }

  /**
   * Keeps the best k of the two lists of each row.
   *
   * @throws IllegalArgumentException when the lists are of other rows or another k, or share a
   *     neighbour
   */
  public NeighborLists merge(NeighborLists other) {
    if (first != other.first || rows != other.rows || k != other.k) {
      throw new IllegalArgumentException("cannot merge " + this + " and " + other);
    }
    int merged = (int) Math.min(k, (long) width + other.width);
    float[] mergedScores = new float[Math.multiplyExact(rows, merged)];
    int[] mergedIds = new int[rows * merged];
    for (int row = 0; row < rows; row++) {
      int left = row * width;
      int leftEnd = left + width;
      int right = row * other.width;
      int rightEnd = right + other.width;
      for (int at = row * merged; at < (row + 1) * merged; at++) {
        boolean fromLeft =
            right == rightEnd || (left < leftEnd && precedes(left, other, right, row));
        mergedScores[at] = fromLeft ? scores[left] : other.scores[right];
        mergedIds[at] = fromLeft ? ids[left++] : other.ids[right++];
      }
    }
    return new NeighborLists(first, rows, k, merged, mergedScores, mergedIds);
  }

  private boolean precedes(int at, NeighborLists other, int otherAt, int row) {
    if (scores[at] == other.scores[otherAt] && ids[at] == other.ids[otherAt]) {
      throw new IllegalArgumentException(
          "neighbour " + ids[at] + " of row " + (first + row) + " comes from both lists");
    }
    return scores[at] > other.scores[otherAt]
        || (scores[at] == other.scores[otherAt] && ids[at] < other.ids[otherAt]);
  }

  /**
   * Returns the lists of some of the rows, so that they can travel in pieces.
   *
   * @param from first of them, counted from this object's first row
   * @param to the one after the last
   */
  public NeighborLists slice(int from, int to) {
    if (from < 0 || to <= from || to > rows) {
      throw new IllegalArgumentException(
          "rows %d to %d of %s; valid is a part of its %d rows"
              .formatted(from, to - 1, this, rows));
    }
    return new NeighborLists(
        first + from,
        to - from,
        k,
        width,
        Arrays.copyOfRange(scores, from * width, to * width),
        Arrays.copyOfRange(ids, from * width, to * width));
  }

  /** Returns the bytes of {@link #toBytes} for so many rows of so many neighbours. */
  public static double bytes(long rows, int width) {
    return HEADER_BYTES + (double) rows * width * (Integer.BYTES + Float.BYTES);
  }

  /** Serialises the lists: four ints (first, rows, k, width), the ids, the similarities. */
  public byte[] toBytes() {
    int bytes =
        Math.addExact(HEADER_BYTES, Math.multiplyExact(ids.length, Integer.BYTES + Float.BYTES));
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    buffer.putInt(first).putInt(rows).putInt(k).putInt(width);
    buffer.asIntBuffer().put(ids);
    buffer.position(HEADER_BYTES + ids.length * Integer.BYTES);
    buffer.asFloatBuffer().put(scores);
    return buffer.array();
  }

  /** Reads what {@link #toBytes} wrote. */
  public static NeighborLists fromBytes(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    int first = buffer.getInt();
    int rows = buffer.getInt();
    int k = buffer.getInt();
    int width = buffer.getInt();
    int[] ids = new int[rows * width];
    float[] scores = new float[rows * width];
    buffer.asIntBuffer().get(ids);
    buffer.position(HEADER_BYTES + ids.length * Integer.BYTES);
    buffer.asFloatBuffer().get(scores);
    return new NeighborLists(first, rows, k, width, scores, ids);
  }

  /** Says which rows and how many neighbours; the lists themselves are left out. */
  @Override
  public String toString() {
    return "NeighborLists[first=%d, rows=%d, k=%d, width=%d]".formatted(first, rows, k, width);
  }
}
