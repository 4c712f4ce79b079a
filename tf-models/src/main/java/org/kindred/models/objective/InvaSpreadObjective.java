package org.kindred.models.objective;

import org.kindred.models.tensorflow.Variables;
import org.kindred.proto.pipeline.v1.InvaSpread;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.types.TFloat32;

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
 */
final class InvaSpreadObjective implements TrainingObjective {

  /** Far below any similarity over temperature: its exponential is 0. */
  private static final float EXCLUDED = -1e9f;

  private static final float LARGEST_PROBABILITY = 1 - 1e-7f;

  private final float temperature;
  private final float negativeWeight;

  InvaSpreadObjective(InvaSpread config) {
    this.temperature = (float) config.getTemperature();
    this.negativeWeight = (float) config.getNegativeWeight();
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
    Operand<TFloat32> similarities =
        tf.linalg.matMul(
            batch.embeddings(), tf.stopGradient(batch.embeddings()), MatMul.transposeB(true));
    Operand<TFloat32> self = mask(tf, anchors, 0);
    Operand<TFloat32> partner = mask(tf, anchors, batch.size());
    Operand<TFloat32> negatives = tf.math.sub(tf.constant(1f), tf.math.add(self, partner));

    // ln M on the negatives makes the softmax's denominator D.
    Operand<TFloat32> offsets =
        tf.math.add(
            tf.math.mul(self, tf.constant(EXCLUDED)),
            tf.math.mul(negatives, tf.constant((float) Math.log(negativeWeight))));
    Operand<TFloat32> logits =
        tf.math.add(tf.math.div(similarities, tf.constant(temperature)), offsets);
    Operand<TFloat32> logShares = tf.nn.logSoftmax(logits);

    Operand<TFloat32> attraction = sum(tf, tf.math.mul(logShares, partner));
    // The partner is masked out, not subtracted afterwards: without negatives its share is 1.
    Operand<TFloat32> probabilities =
        tf.math.mul(tf.math.div(tf.math.exp(logShares), tf.constant(negativeWeight)), negatives);
    Operand<TFloat32> clipped = tf.math.minimum(probabilities, tf.constant(LARGEST_PROBABILITY));
    Operand<TFloat32> spread = sum(tf, tf.math.log1p(tf.math.neg(clipped)));
    return tf.math.div(
        tf.math.add(attraction, tf.math.mul(spread, tf.constant(negativeWeight))),
        tf.constant((float) -anchors));
  }

  /** Returns {@code [anchors, anchors]} with 1 at column (row + shift) mod anchors, else 0. */
  private static Operand<TFloat32> mask(Ops tf, int anchors, int shift) {
    int[] columns = new int[anchors];
    for (int row = 0; row < anchors; row++) {
      columns[row] = (row + shift) % anchors;
    }
    return tf.oneHot(tf.constant(columns), tf.constant(anchors), tf.constant(1f), tf.constant(0f));
  }

  private static Operand<TFloat32> sum(Ops tf, Operand<TFloat32> matrix) {
    return tf.sum(matrix, tf.constant(new int[] {0, 1}));
  }
}
