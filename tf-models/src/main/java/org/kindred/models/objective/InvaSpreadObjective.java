package org.kindred.models.objective;

import java.util.Arrays;
import java.util.List;
import org.kindred.proto.pipeline.v1.InvaSpread;
import org.kindred.proto.pipeline.v1.InvaSpreadForm;
import org.kindred.proto.pipeline.v1.NegativeChoice;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.nn.TopK;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;

/**
 * InvaSpread (Ye et al.). In the form of its reference implementation all 2B rows are anchors, the
 * other view of an anchor's image is its positive, the 2B - 2 rows of other images its negatives:
 *
 * <pre>
 *   e_rc = exp(f_r . f_c / temperature)
 *   D_r  = e_r,partner + M sum over negatives c of e_rc
 *   loss = -1/2B sum_r [ ln(e_r,partner / D_r) + M sum over negatives c of ln(1 - e_rc / D_r) ]
 * </pre>
 *
 * <p>In the paper's form (equations 3 to 6), with f of the first view, g of the second:
 *
 * <pre>
 *   loss = -1/B sum_i [ ln(exp(f_i . g_i / t) / sum_k exp(f_k . g_i / t))
 *                       + sum over j != i of ln(1 - exp(f_i . f_j / t) / sum_k exp(f_k . f_j / t)) ]
 * </pre>
 *
 * <p>Unless the full gradient is asked for, the candidates are constant: a row gets a gradient as
 * an anchor only.
 *
 * <p>Computed in 64 bits, which costs nothing beside the network, and which the rewrite to bfloat16
 * leaves alone: with 8 bits of mantissa, a loss of 6 would come in steps of 1/32.
 */
final class InvaSpreadObjective implements TrainingObjective {

  private static final double LARGEST_PROBABILITY = 1 - 1e-7;

  private final InvaSpread config;
  private final double temperature;
  private final double negativeWeight;

  InvaSpreadObjective(InvaSpread config) {
    this.config = config;
    this.temperature = Checks.positive("invaspread.temperature", config.getTemperature());
    // Below 1 the ratio e / D can exceed 1, and ln(1 - e / D) does not exist.
    this.negativeWeight =
        Checks.atLeast("invaspread.negative_weight", config.getNegativeWeight(), 1);
    Checks.share("invaspread.neighbor_positives", config.getNeighborPositives());
    if (config.getForm() == InvaSpreadForm.INVA_SPREAD_FORM_UNSPECIFIED
        || config.getNegatives() == NegativeChoice.NEGATIVE_CHOICE_UNSPECIFIED) {
      throw new IllegalArgumentException("invaspread.form and invaspread.negatives must be set");
    }
    boolean reference = config.getForm() == InvaSpreadForm.INVA_SPREAD_FORM_REFERENCE;
    if (!reference && config.getNegatives() != NegativeChoice.NEGATIVE_CHOICE_ALL) {
      throw new IllegalArgumentException(
          "invaspread.negatives is "
              + config.getNegatives()
              + ", valid with the paper's form is NEGATIVE_CHOICE_ALL");
    }
    if (!reference && negativeWeight != 1) {
      throw new IllegalArgumentException(
          "invaspread.negative_weight is " + negativeWeight + ", valid with the paper's form is 1");
    }
  }

  @Override
  public List<Crop> views() {
    return List.of(Crop.OF_RECIPE, Crop.OF_RECIPE);
  }

  @Override
  public void check(int batch, int microBatches, int examples) {
    Checks.severalImages("invaspread", batch / microBatches);
  }

  /**
   * Similarities, shares and their gradient in 64 bits, of each anchor with each candidate; their
   * products. With neighbours, their table, and a search in the pooled features of all images.
   */
  @Override
  public Cost cost(Extent extent) {
    boolean isReference = config.getForm() == InvaSpreadForm.INVA_SPREAD_FORM_REFERENCE;
    double rows = isReference ? 2.0 * extent.images() : extent.images();
    double matrices = isReference ? 1 : 2;
    double passes = config.getFullGradient() ? 3 : 2;
    Cost cost =
        Cost.NONE.withStep(
            matrices * Cost.doubles(3, rows, rows),
            matrices * passes * Cost.products(rows, rows, extent.dimension()));
    return config.getNeighborPositives() == 0
        ? cost
        : cost.withState(NeighborViews.state(extent))
            .withBetween(
                EpochWork.search(extent, extent.pooled(), 1, extent.epochs(), extent.epochs()));
  }

  @Override
  public Operand<TFloat32> loss(TrainingStep step) {
    Ops tf = step.tf();
    int images = step.sizes().batch();
    if (config.getNeighborPositives() > 0) {
      NeighborViews.plan(step, config.getNeighborPositives());
    }
    Operand<TFloat64> embeddings = Wide.of(tf, step.encodeViews().embedding());
    Operand<TFloat64> loss =
        config.getForm() == InvaSpreadForm.INVA_SPREAD_FORM_REFERENCE
            ? reference(tf, embeddings, images)
            : paper(tf, embeddings, images);
    return Wide.narrow(tf, loss);
  }

  private Operand<TFloat64> similarities(
      Ops tf, Operand<TFloat64> anchors, Operand<TFloat64> candidates) {
    return tf.math.div(
        Wide.products(
            tf, anchors, config.getFullGradient() ? candidates : tf.stopGradient(candidates)),
        tf.constant(temperature));
  }

  private Operand<TFloat64> reference(Ops tf, Operand<TFloat64> embeddings, int images) {
    int anchors = 2 * images;
    Operand<TFloat64> similarities = similarities(tf, embeddings, embeddings);
    Operand<TFloat64> self = Wide.shifted(tf, anchors, 0);
    Operand<TFloat64> partner = Wide.shifted(tf, anchors, images);
    Operand<TFloat64> others = tf.math.sub(tf.constant(1.0), tf.math.add(self, partner));
    Operand<TFloat64> negatives =
        config.getNegatives() == NegativeChoice.NEGATIVE_CHOICE_ALL
            ? others
            : half(tf, similarities, others, anchors);

    // ln M on the negatives makes the softmax's denominator D.
    Operand<TFloat64> left = tf.math.sub(tf.constant(1.0), tf.math.add(negatives, partner));
    Operand<TFloat64> offsets =
        tf.math.add(
            tf.math.mul(left, tf.constant(Wide.EXCLUDED)),
            tf.math.mul(negatives, tf.constant(Math.log(negativeWeight))));
    Operand<TFloat64> logShares = tf.nn.logSoftmax(tf.math.add(similarities, offsets));

    Operand<TFloat64> attraction = sum(tf, tf.math.mul(logShares, partner));
    // The partner is masked out, not subtracted afterwards: its share may round to 1.
    Operand<TFloat64> probabilities =
        tf.math.mul(tf.math.div(tf.math.exp(logShares), tf.constant(negativeWeight)), negatives);
    Operand<TFloat64> spread = sum(tf, logOfRest(tf, probabilities));
    return tf.math.div(
        tf.math.add(attraction, tf.math.mul(spread, tf.constant(negativeWeight))),
        tf.constant((double) -anchors));
  }

  private Operand<TFloat64> paper(Ops tf, Operand<TFloat64> embeddings, int images) {
    Operand<TFloat64> first = Wide.rows(tf, embeddings, 0, images);
    Operand<TFloat64> second = Wide.rows(tf, embeddings, images, images);
    Operand<TFloat64> self = Wide.shifted(tf, images, 0);
    Operand<TFloat64> attraction =
        sum(tf, tf.math.mul(tf.nn.logSoftmax(similarities(tf, second, first)), self));
    Operand<TFloat64> probabilities =
        tf.math.mul(
            tf.nn.softmax(similarities(tf, first, first)), tf.math.sub(tf.constant(1.0), self));
    Operand<TFloat64> spread = sum(tf, logOfRest(tf, probabilities));
    return tf.math.div(tf.math.add(attraction, spread), tf.constant((double) -images));
  }

  /** Returns ln(1 - p). */
  private static Operand<TFloat64> logOfRest(Ops tf, Operand<TFloat64> probabilities) {
    Operand<TFloat64> clipped = tf.math.minimum(probabilities, tf.constant(LARGEST_PROBABILITY));
    return tf.math.log1p(tf.math.neg(clipped));
  }

  /** Returns a mask of the half of each anchor's negatives; of equal ones the lower row counts. */
  private Operand<TFloat64> half(
      Ops tf, Operand<TFloat64> similarities, Operand<TFloat64> others, int anchors) {
    int kept = (anchors - 2) / 2;
    boolean hard = config.getNegatives() == NegativeChoice.NEGATIVE_CHOICE_HARD_HALF;
    Operand<TFloat64> constants = tf.stopGradient(similarities);
    Operand<TFloat64> ranked =
        tf.math.add(
            hard ? constants : tf.math.neg(constants),
            tf.math.mul(tf.math.sub(tf.constant(1.0), others), tf.constant(Wide.EXCLUDED)));
    TopK<TFloat64, TInt32> best = tf.nn.topK(ranked, tf.constant(kept), TInt32.class);
    int[][][] anchorOf = new int[anchors][kept][1];
    for (int row = 0; row < anchors; row++) {
      for (int[] entry : anchorOf[row]) {
        Arrays.fill(entry, row);
      }
    }
    Operand<TInt32> places =
        tf.concat(
            List.of(tf.constant(anchorOf), tf.expandDims(best.indices(), tf.constant(2))),
            tf.constant(2));
    return tf.scatterNd(
        places,
        tf.fill(tf.constant(new int[] {anchors, kept}), tf.constant(1.0)),
        tf.constant(new int[] {anchors, anchors}));
  }

  private static Operand<TFloat64> sum(Ops tf, Operand<TFloat64> matrix) {
    return tf.sum(matrix, tf.constant(new int[] {0, 1}));
  }
}
