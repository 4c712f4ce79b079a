package org.kindred.stages;

import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Cuts numbered things into runs of equal length, of which the last may be shorter. */
public final class Runs {
  private Runs() {}

  /**
   * A run.
   *
   * @param number from 0
   * @param first position of its first thing
   * @param count how many, 1 or more
   */
  public record Run(int number, int first, int count) {}

  /**
   * Returns how many runs there are.
   *
   * @param total things, 0 or more
   * @param length of a run, 1 or more
   */
  public static int count(long total, int length) {
    return Math.toIntExact(total / length + (total % length > 0 ? 1 : 0));
  }

  /** Returns the runs in order. */
  public static Stream<Run> of(int total, int length) {
    return IntStream.range(0, count(total, length))
        .mapToObj(
            number -> {
              int first = number * length;
              return new Run(number, first, Math.min(length, total - first));
            });
  }
}
