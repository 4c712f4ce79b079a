package org.kindred.pipelines.report;

import java.util.stream.IntStream;

/** Which of many rows a reader is shown: always the same ones, spread over the whole. */
final class Evenly {
  private Evenly() {}

  /** Returns {@code count} positions of {@code size}, rising and evenly spaced; all if fewer. */
  static int[] spaced(int size, int count) {
    if (size <= count) {
      return IntStream.range(0, size).toArray();
    }
    return IntStream.range(0, count).map(i -> (int) ((2L * i + 1) * size / (2L * count))).toArray();
  }
}
