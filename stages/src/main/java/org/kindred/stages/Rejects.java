package org.kindred.stages;

import java.util.List;
import java.util.Locale;

/** The rule on refused records that stages share. */
public final class Rejects {
  /** First rejects that a part tells of. */
  public static final int SAMPLE = 3;

  private Rejects() {}

  /**
   * Fails when too many records were refused, or all of them.
   *
   * @param step id of the step
   * @param refused records refused
   * @param total records in all
   * @param limit largest share allowed, 0 to 1: the step's `max_reject_share`
   * @param parts tell of the first rejects
   * @throws StageException naming share, limit and the first rejects
   */
  public static void check(String step, long refused, long total, double limit, List<Part> parts) {
    if (refused > limit * total || refused == total) {
      List<String> first =
          parts.stream().flatMap(part -> part.rejects().stream()).sorted().limit(SAMPLE).toList();
      throw new StageException(
          String.format(
              Locale.ROOT,
              "step %s: %d of %d records were refused (%.2f %%), max_reject_share allows %.2f %%; first: %s",
              step,
              refused,
              total,
              100.0 * refused / total,
              100 * limit,
              String.join("; ", first)));
    }
  }
}
