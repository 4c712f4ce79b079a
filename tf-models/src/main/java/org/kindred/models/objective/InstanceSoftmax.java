package org.kindred.models.objective;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Softmax over all training examples, each a class of its own. */
final class InstanceSoftmax {

  private InstanceSoftmax() {}

  /**
   * Returns the mean over the batch of -ln of the example's own share, a scalar.
   *
   * @param logits {@code [batch, examples]}
   */
  static Operand<TFloat32> loss(TrainingStep step, Operand<TFloat32> logits) {
    Ops tf = step.tf();
    Operand<TFloat32> targets =
        tf.oneHot(
            step.rows(), tf.constant(step.sizes().examples()), tf.constant(1f), tf.constant(0f));
    return tf.math.mean(
        tf.nn.softmaxCrossEntropyWithLogits(logits, targets).loss(), tf.constant(0));
  }
}
