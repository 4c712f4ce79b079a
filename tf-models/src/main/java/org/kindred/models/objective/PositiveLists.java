package org.kindred.models.objective;

import java.util.Arrays;

/**
 * Positives of every training example that somebody else has found, such as those of a PositiveSet.
 *
 * <p>Immutable, and thread-safe.
 */
public final class PositiveLists {

  private final int[] starts;
  private final int[] ids;
  private final int longest;

  /**
   * Takes lists that stand one after the other.
   *
   * @param counts length of each example's list, {@code [examples]}
   * @param ids numbers of examples, the lists in order of the examples; not copied
   * @throws IllegalArgumentException when the lengths do not add up to the numbers that there are,
   *     a number is no example's, or all lists are empty
   */
  public PositiveLists(int[] counts, int[] ids) {
    this.starts = new int[counts.length + 1];
    this.ids = ids;
    int most = 0;
    long end = 0;
    for (int example = 0; example < counts.length; example++) {
      end += counts[example];
      if (counts[example] < 0 || end > ids.length) {
        throw new IllegalArgumentException(
            "positives of example %d are %d, valid is 0 to %d, the numbers that are left"
                .formatted(example, counts[example], ids.length - starts[example]));
      }
      starts[example + 1] = (int) end;
      most = Math.max(most, counts[example]);
    }
    if (end != ids.length || most == 0) {
      throw new IllegalArgumentException(
          "the lists have %d positives, valid is as many as there are numbers, %d, and 1 or more"
              .formatted(end, ids.length));
    }
    for (int id : ids) {
      if (id < 0 || id >= counts.length) {
        throw new IllegalArgumentException(
            "a positive is %d, valid is 0 to %d, the examples".formatted(id, counts.length - 1));
      }
    }
    this.longest = most;
  }

  /** Returns the number of examples. */
  public int examples() {
    return starts.length - 1;
  }

  /** Returns the length of the longest list. */
  int longest() {
    return longest;
  }

  /** Returns the positives of an example that are not the example itself, each once, rising. */
  int[] of(int example) {
    return Arrays.stream(ids, starts[example], starts[example + 1])
        .filter(id -> id != example)
        .distinct()
        .sorted()
        .toArray();
  }
}
