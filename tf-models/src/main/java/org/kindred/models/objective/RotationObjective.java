package org.kindred.models.objective;

import java.util.ArrayList;
import java.util.List;
import org.kindred.models.objective.Cost.Kind;
import org.kindred.models.objective.Cost.State;
import org.kindred.models.tensorflow.Initializer;
import org.kindred.proto.pipeline.v1.Rotation;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

/**
 * RotNet (Gidaris et al., equations 1 to 3): each image in R rotations, all in one batch, and the
 * cross-entropy of which one it is in:
 *
 * <pre>
 *   p    = softmax(projection x weight + bias)
 *   loss = -1/(R B) sum over images and rotations r of ln p_r
 * </pre>
 *
 * <p>The classifier is learned with the network. It reads the head's projection, not the backbone,
 * so that the embedding is trained too; upright images, which it is evaluated on, are all of one
 * class and may well lie close to one another.
 */
final class RotationObjective implements TrainingObjective {

  static final String WEIGHT = STATE_PREFIX + "classifier.weight";
  static final String BIAS = STATE_PREFIX + "classifier.bias";

  private static final String ACCURACY = "rotation_accuracy";
  private static final int QUARTERS = 4;

  private final int rotations;

  RotationObjective(Rotation config) {
    this.rotations = config.getRotations();
    if (rotations != 2 && rotations != QUARTERS) {
      throw new IllegalArgumentException(
          "rotation.rotations is " + rotations + ", valid are 2 and 4");
    }
  }

  @Override
  public List<Crop> views() {
    return List.of(Crop.OF_RECIPE);
  }

  @Override
  public List<Pass> passes(int side) {
    return List.of(new Pass(side, rotations, true));
  }

  @Override
  public List<String> measures() {
    return List.of(ACCURACY);
  }

  @Override
  public Cost cost(Extent extent) {
    return Cost.of(
        new State(WEIGHT, extent.dimension(), rotations, Kind.LEARNED),
        new State(BIAS, 1, rotations, Kind.LEARNED));
  }

  @Override
  public boolean tellsImagesApart() {
    return false;
  }

  @Override
  public Operand<TFloat32> loss(TrainingStep step) {
    Ops tf = step.tf();
    int images = step.sizes().batch();
    List<Operand<TUint8>> turned = new ArrayList<>();
    int[] labels = new int[rotations * images];
    for (int rotation = 0; rotation < rotations; rotation++) {
      turned.add(QuarterTurns.turned(tf, step.view(0), rotation * (QUARTERS / rotations)));
      for (int i = 0; i < images; i++) {
        labels[rotation * images + i] = rotation;
      }
    }
    Operand<TFloat64> logits =
        logits(step, step.encode(tf.concat(turned, tf.constant(0))).projection());
    Operand<TInt32> answers = tf.constant(labels);
    Operand<TFloat64> targets =
        tf.oneHot(answers, tf.constant(rotations), tf.constant(1.0), tf.constant(0.0));
    Operand<TFloat64> right =
        tf.dtypes.cast(
            tf.math.equal(tf.math.argMax(logits, tf.constant(1), TInt32.class), answers),
            TFloat64.class);
    step.measure(ACCURACY, Wide.narrow(tf, Wide.mean(tf, right)));
    Operand<TFloat64> ofRight = Wide.rowSums(tf, tf.math.mul(targets, tf.nn.logSoftmax(logits)));
    return Wide.narrow(tf, tf.math.neg(Wide.mean(tf, ofRight)));
  }

  private Operand<TFloat64> logits(TrainingStep step, Operand<TFloat32> projection) {
    Ops tf = step.tf();
    int dimension = step.sizes().dimension();
    Initializer initial = Initializer.uniform(1 / Math.sqrt((double) dimension));
    Operand<TFloat32> weight =
        step.variables().learned(WEIGHT, Shape.of(dimension, rotations), initial).value();
    Operand<TFloat32> bias = step.variables().learned(BIAS, Shape.of(rotations), initial).value();
    return tf.math.add(
        tf.linalg.matMul(Wide.of(tf, projection), Wide.of(tf, weight)), Wide.of(tf, bias));
  }
}
