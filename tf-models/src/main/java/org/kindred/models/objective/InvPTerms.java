package org.kindred.models.objective;

import org.kindred.proto.pipeline.v1.InvP;
import org.kindred.proto.pipeline.v1.InvarianceBackground;
import org.kindred.proto.pipeline.v1.InvarianceForm;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.family.TNumber;

/**
 * The terms of Invariance Propagation for each example of a batch, of similarities over
 * temperature. Sets of rows are constants.
 *
 * @param own similarity of an example to its own row, {@code [batch]}
 */
record InvPTerms<T extends TNumber>(Ops tf, InvP config, Background<T> background, Operand<T> own) {

  /** What the reference implementation adds to a share before it takes the logarithm. */
  private static final double EPSILON = 1e-7;

  /** Least share that the reference's form leaves to the rows other than the own. */
  private static final double LEAST_REST = 1e-12;

  /**
   * Returns the instance term, {@code [batch]}: equation 6, or {@code -ln(e_i / sum over N_M e +
   * 1e-7)}.
   */
  Operand<T> instance() {
    if (isReference()) {
      return minusLog(share(own));
    }
    Operand<T> others = LogSums.without(tf, background.logits(), background.areOwn());
    return tf.math.sub(LogSums.of(tf, others, tf.expandDims(own, tf.constant(1))), own);
  }

  /**
   * Returns the invariance term, {@code [batch]}: equation 5, or the reference's {@code -ln(sum
   * over the positives e / (sum over N_M e - e_i) + 1e-7)}. It is 0 for an example without
   * positives.
   *
   * @param all N(i)
   * @param counted those that count, N_h(i)
   * @param logits of those that count, {@code [batch, any]}
   */
  Operand<T> invariance(CountedPositives all, CountedPositives counted, Operand<T> logits) {
    Operand<T> attracted = LogSums.only(tf, logits, counted.counted());
    Operand<T> term = isReference() ? reference(attracted) : exact(all, counted, attracted);
    return tf.select(counted.some(tf), term, LogSums.constant(tf, 0, own));
  }

  private Operand<T> exact(CountedPositives all, CountedPositives counted, Operand<T> attracted) {
    // Positives that count stand apart, whether they are among the nearest rows or not.
    CountedPositives apart = isExact() ? all : counted;
    Operand<TBool> left = background.areAmong(apart.ids(), apart.counted());
    if (config.getInvarianceBackground() != InvarianceBackground.INVARIANCE_BACKGROUND_WHOLE) {
      left = tf.math.logicalOr(left, background.areOwn());
    }
    Operand<T> negatives = LogSums.without(tf, background.logits(), left);
    return tf.math.sub(LogSums.of(tf, negatives, attracted), LogSums.of(tf, attracted));
  }

  private Operand<T> reference(Operand<T> attracted) {
    Operand<T> share = share(LogSums.of(tf, attracted));
    if (config.getInvarianceBackground() == InvarianceBackground.INVARIANCE_BACKGROUND_WHOLE) {
      return minusLog(share);
    }
    Operand<T> rest = tf.math.sub(LogSums.constant(tf, 1, own), share(own));
    return minusLog(
        tf.math.div(share, tf.math.maximum(rest, LogSums.constant(tf, LEAST_REST, own))));
  }

  /** Returns the share of exponentials in the sum over the background, of their logarithms. */
  private Operand<T> share(Operand<T> logarithms) {
    return tf.math.exp(tf.math.sub(logarithms, LogSums.of(tf, background.logits())));
  }

  private Operand<T> minusLog(Operand<T> share) {
    return tf.math.neg(tf.math.log(tf.math.add(share, LogSums.constant(tf, EPSILON, own))));
  }

  private boolean isReference() {
    return config.getForm() == InvarianceForm.INVARIANCE_FORM_REFERENCE;
  }

  private boolean isExact() {
    return config.getInvarianceBackground() == InvarianceBackground.INVARIANCE_BACKGROUND_EXACT;
  }
}
