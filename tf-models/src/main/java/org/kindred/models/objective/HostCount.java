package org.kindred.models.objective;

import java.util.function.IntSupplier;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** Reports what the host counts before each step. */
final class HostCount {

  private HostCount() {}

  /**
   * Returns how many clusters have members.
   *
   * @param clusters cluster of each example in each column, below 0 for none
   * @param count clusters of a column
   */
  static int used(IntTable clusters, int column, int count) {
    boolean[] used = new boolean[count];
    int sum = 0;
    for (int row = 0; row < clusters.rows(); row++) {
      int cluster = clusters.get(row, column);
      if (cluster >= 0 && !used[cluster]) {
        used[cluster] = true;
        sum++;
      }
    }
    return sum;
  }

  /**
   * Has the mean of a count over each epoch's steps reported.
   *
   * @param count counts
   * @param whole what the count is divided by
   */
  static void measure(TrainingStep step, String name, IntSupplier count, int whole) {
    Operand<TInt32> counted =
        step.lookup(
            1,
            (epoch, rows, target) -> {
              int value = count.getAsInt();
              for (int i = 0; i < rows.length; i++) {
                target.put(value);
              }
            });
    Ops tf = step.tf();
    Operand<TFloat32> shares =
        tf.math.div(tf.dtypes.cast(counted, TFloat32.class), tf.constant((float) whole));
    step.measure(name, tf.math.mean(shares, tf.constant(new int[] {0, 1})));
  }
}
