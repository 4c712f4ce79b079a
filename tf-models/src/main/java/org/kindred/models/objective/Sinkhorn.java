package org.kindred.models.objective;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;

/**
 * Soft assignments of samples to prototypes that share the samples out equally (SwAV, equations 3
 * to 5): an approximation of
 *
 * <pre>
 *   max over Q of  sum_nk Q_nk scores_nk + epsilon H(Q)
 *   with           sum_n Q_nk = 1/K,  sum_k Q_nk = 1/B
 * </pre>
 *
 * <p>Its solution is {@code exp(scores / epsilon)}, each row times a factor and each column times
 * another. An iteration gives the columns their mass, then the rows theirs, so that rows are exact
 * at the end and columns about right. Factors are kept as logarithms: no exponential overflows,
 * however small epsilon is. What all factors of one side have in common cancels, so neither 1/K nor
 * 1/B occurs.
 *
 * @param epsilon softness, above 0
 * @param iterations 1 or more
 */
record Sinkhorn(double epsilon, int iterations) {

  /**
   * Returns codes, {@code [samples, prototypes]}: rows sum to 1, columns to about samples over
   * prototypes.
   *
   * @param scores {@code [samples, prototypes]}
   */
  Operand<TFloat64> codes(Ops tf, Operand<TFloat64> scores) {
    Operand<TFloat64> logits = tf.math.div(scores, tf.constant(epsilon));
    Operand<TFloat64> codes = logits;
    for (int i = 0; i < iterations; i++) {
      Operand<TFloat64> balanced = tf.math.sub(codes, Wide.logSumExp(tf, codes, 0));
      codes = tf.math.sub(balanced, Wide.logSumExp(tf, balanced, 1));
    }
    return tf.math.exp(codes);
  }
}
