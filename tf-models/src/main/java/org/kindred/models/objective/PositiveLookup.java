package org.kindred.models.objective;

import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.tensorflow.Operand;
import org.tensorflow.types.TInt32;

/**
 * Looks up on the host which examples are positives of each example of a batch, before the step and
 * on several threads.
 */
final class PositiveLookup {

  /** Stands behind the positives of an example that has fewer than another. */
  static final int NONE = -1;

  /** Most threads: what a finder holds grows with the training set. */
  private static final int MAX_THREADS = 8;

  private PositiveLookup() {}

  /** Returns how many threads look at a time. */
  static int threads() {
    return Math.min(MAX_THREADS, Runtime.getRuntime().availableProcessors());
  }

  /**
   * Looks positives up.
   *
   * @param width most positives of an example, 1 or more
   * @param finders makes what finds the positives of an example; each thread has one of its own
   * @return {@code [batch, width]}: the positives, rising, so that of equal ones the lower comes
   *     first; then {@link #NONE}
   */
  static Operand<TInt32> of(
      TrainingStep step, int width, Supplier<? extends IntFunction<int[]>> finders) {
    step.findsPositives(finders);
    List<? extends IntFunction<int[]>> workers = Stream.generate(finders).limit(threads()).toList();
    return step.lookup(
        width,
        (epoch, rows, target) -> {
          int[] ids = new int[rows.length * width];
          Arrays.fill(ids, NONE);
          IntStream.range(0, workers.size())
              .parallel()
              .forEach(
                  worker -> {
                    for (int b = worker; b < rows.length; b += workers.size()) {
                      int[] found = workers.get(worker).apply(rows[b]);
                      Arrays.sort(found);
                      System.arraycopy(found, 0, ids, b * width, found.length);
                    }
                  });
          target.put(ids);
        });
  }
}
