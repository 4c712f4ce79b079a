package org.kindred.stages.graph;

import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.util.Arrays;
import org.kindred.stages.StageException;

/** A list of integers that grows, and travels between workers as bytes. */
final class Ints {
  /** Most values that travel together. */
  static final int MOST = Integer.MAX_VALUE / Integer.BYTES;

  private int[] values = new int[64];
  private int size;

  /** Appends a value. */
  Ints add(int value) {
    if (size == values.length) {
      values = Arrays.copyOf(values, Math.addExact(size, size / 2));
    }
    values[size++] = value;
    return this;
  }

  /** Appends values. */
  void addAll(int[] more) {
    for (int value : more) {
      add(value);
    }
  }

  /** Returns the values. */
  int[] toArray() {
    return Arrays.copyOf(values, size);
  }

  /**
   * Returns the values, four bytes each.
   *
   * @throws StageException when they are more than {@link #MOST}
   */
  byte[] toBytes() {
    if (size > MOST) {
      throw new StageException(
          "what was found of a run of nodes is %d numbers, valid are at most %d: fewer propagate.hops, or a smaller propagate.k, find less"
              .formatted(size, MOST));
    }
    ByteBuffer bytes = ByteBuffer.allocate(size * Integer.BYTES);
    bytes.asIntBuffer().put(values, 0, size);
    return bytes.array();
  }

  /** Reads how many values follow, and these. */
  static int[] next(IntBuffer values) {
    int[] some = new int[values.get()];
    values.get(some);
    return some;
  }

  /** Reads what {@link #toBytes} wrote. */
  static IntBuffer read(byte[] bytes) {
    return ByteBuffer.wrap(bytes).asIntBuffer();
  }
}
