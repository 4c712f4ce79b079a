package org.kindred.models.objective;

import org.kindred.proto.pipeline.v1.PositiveChoice;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Gather;
import org.tensorflow.op.nn.TopK;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * Positives of each example of a batch.
 *
 * @param ids {@code [batch, width]}, numbers of examples
 * @param counted {@code [batch, width]}, which of them there are; the others are 0
 */
record CountedPositives(Operand<TInt32> ids, Operand<TBool> counted) {

  private static final TopK.Options[] SORTED = {};

  /** Takes what {@link PositiveLookup} found. */
  static CountedPositives of(Ops tf, Operand<TInt32> found) {
    return new CountedPositives(
        tf.math.maximum(found, tf.constant(0)), tf.math.greaterEqual(found, tf.constant(0)));
  }

  /**
   * Returns those that are least or most similar, of equal ones those that stand first.
   *
   * @param similarities {@code [batch, examples]}
   * @param count most of them, 1 or more
   */
  CountedPositives chosen(
      Ops tf, Operand<TFloat32> similarities, PositiveChoice choice, int count) {
    if (choice == PositiveChoice.POSITIVE_CHOICE_ALL) {
      return this;
    }
    Operand<TFloat32> own = tf.gather(similarities, ids, tf.constant(1), Gather.batchDims(1L));
    Operand<TFloat32> rank = choice == PositiveChoice.POSITIVE_CHOICE_HARD ? tf.math.neg(own) : own;
    int width = (int) Math.min(count, ids.shape().get(1));
    Operand<TInt32> places =
        tf.nn
            .topK(LogSums.only(tf, rank, counted), tf.constant(width), TInt32.class, SORTED)
            .indices();
    return new CountedPositives(
        tf.gather(ids, places, tf.constant(1), Gather.batchDims(1L)),
        tf.gather(counted, places, tf.constant(1), Gather.batchDims(1L)));
  }

  /** Returns whether an example has any, {@code [batch]}. */
  Operand<TBool> some(Ops tf) {
    return tf.reduceAny(counted, tf.constant(1));
  }

  /** Returns the mean number of them, a scalar. */
  Operand<TFloat32> meanCount(Ops tf) {
    return tf.math.mean(
        tf.sum(tf.dtypes.cast(counted, TFloat32.class), tf.constant(1)), tf.constant(0));
  }
}
