package org.kindred.models.objective;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.linalg.MatMul;
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
 * at the end and columns about right. What all factors of one side have in common cancels, so
 * neither 1/K nor 1/B occurs.
 *
 * <p>The exponentials are taken once, with the greatest score subtracted, and an iteration is two
 * products of them with a vector. Where epsilon is so small that they could vanish, factors are
 * kept as logarithms instead, which costs two exponentials of each score in each iteration.
 *
 * @param epsilon softness, above 0
 * @param iterations 1 or more
 */
record Sinkhorn(double epsilon, int iterations) {

  /** Of scores from -1 to 1, no exponential is below exp(-500) from here on. */
  private static final double LEAST_OF_PRODUCTS = 2 / 500.0;

  /**
   * Returns codes, {@code [samples, prototypes]}: rows sum to 1, columns to about samples over
   * prototypes.
   *
   * @param scores {@code [samples, prototypes]}, products of unit rows
   */
  Operand<TFloat64> codes(Ops tf, Operand<TFloat64> scores) {
    Operand<TFloat64> logits = tf.math.div(scores, tf.constant(epsilon));
    return epsilon < LEAST_OF_PRODUCTS ? byLogarithms(tf, logits) : byProducts(tf, logits);
  }

  private Operand<TFloat64> byProducts(Ops tf, Operand<TFloat64> logits) {
    Operand<TFloat64> greatest = tf.reduceMax(logits, tf.constant(new int[] {0, 1}));
    Operand<TFloat64> exponentials = tf.math.exp(tf.math.sub(logits, greatest));
    Operand<TFloat64> firstColumn =
        tf.slice(logits, tf.constant(new int[2]), tf.constant(new int[] {-1, 1}));
    Operand<TFloat64> ofRows = tf.onesLike(firstColumn);
    Operand<TFloat64> ofColumns = ofRows;
    for (int i = 0; i < iterations; i++) {
      ofColumns =
          tf.math.reciprocal(tf.linalg.matMul(exponentials, ofRows, MatMul.transposeA(true)));
      ofRows = tf.math.reciprocal(tf.linalg.matMul(exponentials, ofColumns));
    }
    Operand<TFloat64> across = tf.reshape(ofColumns, tf.constant(new int[] {1, -1}));
    return tf.math.mul(tf.math.mul(exponentials, across), ofRows);
  }

  private Operand<TFloat64> byLogarithms(Ops tf, Operand<TFloat64> logits) {
    Operand<TFloat64> codes = logits;
    for (int i = 0; i < iterations; i++) {
      Operand<TFloat64> balanced = tf.math.sub(codes, Wide.logSumExp(tf, codes, 0));
      codes = tf.math.sub(balanced, Wide.logSumExp(tf, balanced, 1));
    }
    return tf.math.exp(codes);
  }
}
