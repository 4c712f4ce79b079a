package org.kindred.models.objective;

import org.kindred.models.tensorflow.Variables;
import org.kindred.proto.pipeline.v1.InvaSpread;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/**
 * InvaSpread in the form of its reference implementation: all 2B rows are anchors, the other view
 * of an anchor's image is its positive, the 2B - 2 rows of other images its negatives.
 *
 * <pre>
 *   e_rc = exp(f_r . f_c / temperature)
 *   D_r  = e_r,partner + M sum over negatives c of e_rc
 *   loss = -1/2B sum_r [ ln(e_r,partner / D_r) + M sum over negatives c of ln(1 - e_rc / D_r) ]
 * </pre>
 *
 * <p>The second operand of every inner product is constant: a row gets a gradient as an anchor
 * only. A batch of one image has no negatives and loss 0.
 *
 * <p>Computed in 64 bits, which costs nothing beside the network, and which the rewrite to bfloat16
 * leaves alone: with 8 bits of mantissa, a loss of 6 would come in steps of 1/32.
 */
final class InvaSpreadObjective implements TrainingObjective {

  /** Far below any similarity over temperature: its exponential is 0. */
  private static final double EXCLUDED = -1e9;

  private static final double LARGEST_PROBABILITY = 1 - 1e-7;

  private final double temperature;
  private final double negativeWeight;

  InvaSpreadObjective(InvaSpread config) {
    this.temperature = config.getTemperature();
    this.negativeWeight = config.getNegativeWeight();
    if (!(temperature > 0)) {
      throw new IllegalArgumentException(
          "invaspread.temperature is " + config.getTemperature() + ", valid is above 0");
    }
    // Below 1 the ratio e / D can exceed 1, and ln(1 - e / D) does not exist.
    if (!(negativeWeight >= 1)) {
      throw new IllegalArgumentException(
          "invaspread.negative_weight is " + config.getNegativeWeight() + ", valid is 1 or more");
    }
  }

  @Override
  public int views() {
    return 2;
  }

  @Override
  public Operand<TFloat32> loss(Ops tf, Batch batch, Variables state) {
    int anchors = 2 * batch.size();
    Operand<TFloat64> embeddings = tf.dtypes.cast(batch.embeddings(), TFloat64.class);
    Operand<TFloat64> similarities =
        tf.linalg.matMul(embeddings, tf.stopGradient(embeddings), MatMul.transposeB(true));
    Operand<TFloat64> self = mask(tf, anchors, 0);
    Operand<TFloat64> partner = mask(tf, anchors, batch.size());
    Operand<TFloat64> negatives = tf.math.sub(tf.constant(1.0), tf.math.add(self, partner));

    // ln M on the negatives makes the softmax's denominator D.
    Operand<TFloat64> offsets =
        tf.math.add(
            tf.math.mul(self, tf.constant(EXCLUDED)),
            tf.math.mul(negatives, tf.constant(Math.log(negativeWeight))));
    Operand<TFloat64> logits =
        tf.math.add(tf.math.div(similarities, tf.constant(temperature)), offsets);
    Operand<TFloat64> logShares = tf.nn.logSoftmax(logits);

    Operand<TFloat64> attraction = sum(tf, tf.math.mul(logShares, partner));
    // The partner is masked out, not subtracted afterwards: without negatives its share is 1.
    Operand<TFloat64> probabilities =
        tf.math.mul(tf.math.div(tf.math.exp(logShares), tf.constant(negativeWeight)), negatives);
    Operand<TFloat64> clipped = tf.math.minimum(probabilities, tf.constant(LARGEST_PROBABILITY));
    Operand<TFloat64> spread = sum(tf, tf.math.log1p(tf.math.neg(clipped)));
    Operand<TFloat64> loss =
        tf.math.div(
            tf.math.add(attraction, tf.math.mul(spread, tf.constant(negativeWeight))),
            tf.constant((double) -anchors));
    return tf.dtypes.cast(loss, TFloat32.class);
  }

  /** Returns {@code [anchors, anchors]} with 1 at column (row + shift) mod anchors, else 0. */
  private static Operand<TFloat64> mask(Ops tf, int anchors, int shift) {
    int[] columns = new int[anchors];
    for (int row = 0; row < anchors; row++) {
      columns[row] = (row + shift) % anchors;
    }
    return tf.oneHot(
        tf.constant(columns), tf.constant(anchors), tf.constant(1.0), tf.constant(0.0));
  }

  private static Operand<TFloat64> sum(Ops tf, Operand<TFloat64> matrix) {
    return tf.sum(matrix, tf.constant(new int[] {0, 1}));
  }
}
