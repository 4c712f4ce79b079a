package org.kindred.models.objective;

import java.util.List;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;
import org.kindred.proto.pipeline.v1.Triplet;
import org.kindred.proto.pipeline.v1.TripletNegative;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;

/**
 * Triplet loss (Schroff et al., FaceNet, equation 2) over the 2B rows f of both views as anchors:
 *
 * <pre>
 *   loss = 1/2B sum_r max(0, margin + |f_r - f_partner|^2 - |f_r - f_negative|^2)
 * </pre>
 *
 * <p>The negative is a view of another image of the batch: the one nearest to the anchor, of equals
 * the first, or one at random. All three get a gradient; which one is the negative is constant.
 */
final class TripletObjective implements TrainingObjective {

  private static final String ACTIVE = "active_triplets";
  private static final double FAR = 1e9;

  private final Triplet config;
  private final double margin;

  TripletObjective(Triplet config) {
    this.config = config;
    this.margin = Checks.positive("triplet.margin", config.getMargin());
    if (config.getNegative() == TripletNegative.TRIPLET_NEGATIVE_UNSPECIFIED) {
      throw new IllegalArgumentException(
          "triplet.negative is not set, valid are TRIPLET_NEGATIVE_HARD and"
              + " TRIPLET_NEGATIVE_RANDOM");
    }
  }

  @Override
  public List<Crop> views() {
    return List.of(Crop.OF_RECIPE, Crop.OF_RECIPE);
  }

  @Override
  public List<String> measures() {
    return List.of(ACTIVE);
  }

  @Override
  public void check(int batch, int microBatches, int examples) {
    Checks.severalImages("triplet", batch / microBatches);
  }

  /** Of hard negatives, products, distances and candidates in 64 bits, which have no gradient. */
  @Override
  public Cost cost(Extent extent) {
    double rows = 2.0 * extent.images();
    return config.getNegative() == TripletNegative.TRIPLET_NEGATIVE_HARD
        ? Cost.NONE.withStep(
            Cost.doubles(3, rows, rows), Cost.products(rows, rows, extent.dimension()))
        : Cost.NONE;
  }

  @Override
  public Operand<TFloat32> loss(TrainingStep step) {
    Ops tf = step.tf();
    int images = step.sizes().batch();
    Operand<TFloat64> anchors = Wide.of(tf, step.encodeViews().embedding());
    Operand<TFloat64> partners =
        tf.concat(
            List.of(Wide.rows(tf, anchors, images, images), Wide.rows(tf, anchors, 0, images)),
            tf.constant(0));
    Operand<TInt32> chosen =
        config.getNegative() == TripletNegative.TRIPLET_NEGATIVE_HARD
            ? nearest(tf, tf.stopGradient(anchors), images)
            : random(step);
    Operand<TFloat64> negatives = tf.gather(anchors, chosen, tf.constant(0));
    Operand<TFloat64> excess =
        tf.math.sub(
            squaredDistances(tf, anchors, partners), squaredDistances(tf, anchors, negatives));
    Operand<TFloat64> hinges = tf.nn.relu(tf.math.add(excess, tf.constant(margin)));
    Operand<TFloat64> active =
        tf.dtypes.cast(tf.math.greater(hinges, tf.constant(0.0)), TFloat64.class);
    step.measure(ACTIVE, Wide.narrow(tf, Wide.mean(tf, active)));
    return Wide.narrow(tf, Wide.mean(tf, hinges));
  }

  private static Operand<TFloat64> squaredDistances(
      Ops tf, Operand<TFloat64> left, Operand<TFloat64> right) {
    return Wide.rowSums(tf, tf.math.square(tf.math.sub(left, right)));
  }

  /** Returns for each row the nearest one of another image, {@code [2B]}. */
  private static Operand<TInt32> nearest(Ops tf, Operand<TFloat64> rows, int images) {
    // |a - b|^2 less |a|^2, which is the same for all candidates of an anchor.
    Operand<TFloat64> distances =
        tf.math.sub(
            tf.expandDims(Wide.rowSums(tf, tf.math.square(rows)), tf.constant(0)),
            tf.math.mul(Wide.products(tf, rows, rows), tf.constant(2.0)));
    Operand<TFloat64> sameImage =
        tf.math.add(Wide.shifted(tf, 2 * images, 0), Wide.shifted(tf, 2 * images, images));
    Operand<TFloat64> candidates = tf.math.add(distances, tf.math.mul(sameImage, tf.constant(FAR)));
    return tf.math.argMin(candidates, tf.constant(1), TInt32.class);
  }

  /** Draws for each row one of another image, {@code [2B]}. */
  private static Operand<TInt32> random(TrainingStep step) {
    Ops tf = step.tf();
    long seed = step.sizes().seed();
    Operand<TInt32> drawn =
        step.lookup(
            2,
            (epoch, rows, target) -> {
              int others = rows.length - 1;
              for (int image = 0; image < rows.length; image++) {
                CounterRandom random = new CounterRandom(Domain.NOISE, seed, epoch, rows[image], 0);
                for (int view = 0; view < 2; view++) {
                  int draw = random.nextInt(2 * others);
                  int other = draw % others;
                  target.put(draw / others * rows.length + (other < image ? other : other + 1));
                }
              }
            });
    return tf.reshape(
        tf.linalg.transpose(drawn, tf.constant(new int[] {1, 0})), tf.constant(new int[] {-1}));
  }
}
