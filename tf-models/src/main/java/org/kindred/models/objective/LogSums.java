package org.kindred.models.objective;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.ReduceMax;
import org.tensorflow.types.TBool;
import org.tensorflow.types.family.TNumber;

/**
 * Logarithms of sums of exponentials, row by row, of logits in 32 or 64 bits. The greatest logit is
 * subtracted first, so that none overflows.
 */
final class LogSums {

  /** Far below any similarity over temperature: its exponential is 0. */
  private static final double EXCLUDED = Wide.EXCLUDED;

  private LogSums() {}

  /**
   * Returns the logarithm of the sum of each row's exponentials, {@code [rows]}.
   *
   * @param logits {@code [rows, columns]}
   */
  static <T extends TNumber> Operand<T> of(Ops tf, Operand<T> logits) {
    Operand<T> greatest =
        tf.stopGradient(tf.reduceMax(logits, tf.constant(1), ReduceMax.keepDims(true)));
    Operand<T> sums = tf.sum(tf.math.exp(tf.math.sub(logits, greatest)), tf.constant(1));
    return tf.math.add(tf.reshape(greatest, tf.constant(new int[] {-1})), tf.math.log(sums));
  }

  /** Returns the same over the columns of two matrices together. */
  static <T extends TNumber> Operand<T> of(Ops tf, Operand<T> left, Operand<T> right) {
    return of(tf, tf.concat(List.of(left, right), tf.constant(1)));
  }

  /** Returns logits of which some add nothing to any sum, and get no gradient. */
  static <T extends TNumber> Operand<T> without(
      Ops tf, Operand<T> logits, Operand<TBool> excluded) {
    return tf.select(excluded, constant(tf, EXCLUDED, logits), logits);
  }

  /** Returns those logits alone that are kept. */
  static <T extends TNumber> Operand<T> only(Ops tf, Operand<T> logits, Operand<TBool> kept) {
    return tf.select(kept, logits, constant(tf, EXCLUDED, logits));
  }

  /** Returns a number of the type that an operand has. */
  static <T extends TNumber> Operand<T> constant(Ops tf, double value, Operand<T> like) {
    return tf.dtypes.cast(tf.constant(value), like.type());
  }
}
