package org.kindred.models.optimizer;

import org.kindred.proto.pipeline.v1.Larc;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;

/**
 * Scales the gradient g of each tensor w to the tensor:
 *
 * <pre>
 *   factor = trust |w| / (|g| + weight decay |w| + 1e-8)
 *   factor = min(factor / rate, 1)                        (with clip)
 *   d      = factor (g + weight decay w)
 * </pre>
 *
 * <p>Where w or g is zero, or the tensor is excluded, d = g. The rate stays outside: this is LARC,
 * as SwAV has it. Without clip and with biases and norms excluded it is LARS (You et al.) but for
 * the rate, which LARS keeps inside the momentum buffer.
 */
final class LayerwiseScaling {

  /** Keeps the factor finite. */
  private static final float EPSILON = 1e-8f;

  private final float trustCoefficient;
  private final boolean clip;
  private final boolean excludeBiasAndNorm;

  LayerwiseScaling(Larc config) {
    double trust = config.getTrustCoefficient();
    Require.valid(
        trust > 0 && trust <= Double.MAX_VALUE,
        "optimizer.larc.trust_coefficient",
        trust,
        "above 0, finite");
    this.trustCoefficient = (float) trust;
    this.clip = config.getClip();
    this.excludeBiasAndNorm = config.getExcludeBiasAndNorm();
  }

  /**
   * Whether a parameter of this shape keeps its gradient: biases, scales and shifts are vectors.
   */
  boolean excludes(Shape shape) {
    return excludeBiasAndNorm && shape.numDimensions() <= 1;
  }

  /** Returns d, of the gradient's shape. */
  Operand<TFloat32> direction(
      Ops tf,
      Operand<TFloat32> value,
      Operand<TFloat32> gradient,
      Operand<TFloat32> weightDecay,
      Operand<TFloat32> rate) {
    Operand<TFloat32> valueNorm = norm(tf, value);
    Operand<TFloat32> gradientNorm = norm(tf, gradient);
    Operand<TFloat32> factor =
        tf.math.div(
            tf.math.mul(valueNorm, tf.constant(trustCoefficient)),
            tf.math.add(
                tf.math.add(gradientNorm, tf.math.mul(weightDecay, valueNorm)),
                tf.constant(EPSILON)));
    if (clip) {
      factor = tf.math.minimum(tf.math.div(factor, rate), tf.constant(1f));
    }
    Operand<TBool> scaled =
        tf.math.greater(tf.math.minimum(valueNorm, gradientNorm), tf.constant(0f));
    Operand<TFloat32> decay = tf.select(scaled, weightDecay, tf.constant(0f));
    return tf.math.mul(
        tf.math.add(gradient, tf.math.mul(value, decay)),
        tf.select(scaled, factor, tf.constant(1f)));
  }

  private static Operand<TFloat32> norm(Ops tf, Operand<TFloat32> tensor) {
    // The operation halves the sum of squares.
    return tf.math.sqrt(tf.math.mul(tf.nn.l2Loss(tensor), tf.constant(2f)));
  }
}
