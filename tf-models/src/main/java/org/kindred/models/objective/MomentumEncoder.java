package org.kindred.models.objective;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.kindred.models.objective.Cost.Kind;
import org.kindred.models.objective.Cost.State;
import org.kindred.models.objective.EpochState.FeatureReader;
import org.kindred.models.tensorflow.ShadowWeights;
import org.kindred.models.tensorflow.Variables.Variable;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/**
 * The network with weights that follow the learned ones (MoCo, equation 2): {@code w <- m w + (1 -
 * m) learned w}, from the same start. No gradient reaches them; the running statistics are their
 * own.
 *
 * <p>They follow after the optimiser's update, once a step. That is what others do before the next
 * step: before the first one there is nothing to follow.
 */
final class MomentumEncoder {

  private static final String PREFIX = TrainingObjective.STATE_PREFIX + "momentum_encoder.";

  private final TrainingStep step;
  private final ShadowWeights weights;

  private MomentumEncoder(TrainingStep step) {
    this.step = step;
    this.weights = new ShadowWeights(step.variables(), PREFIX);
  }

  /**
   * Declares the encoder.
   *
   * @param momentum m, 0 to below 1
   */
  static MomentumEncoder declare(TrainingStep step, double momentum) {
    MomentumEncoder encoder = new MomentumEncoder(step);
    step.afterStep(tf -> encoder.follow(tf, (float) (1 - momentum)));
    return encoder;
  }

  /** Returns what is kept between steps: a copy of the network. */
  static State state(Extent extent) {
    return new State(PREFIX, 1, extent.parameters() + extent.statistics(), Kind.VARIABLE);
  }

  private List<Op> follow(Ops tf, float share) {
    List<Op> updates = new ArrayList<>();
    for (Map.Entry<Variable, Variable> pair : weights.parameters().entrySet()) {
      Variable own = pair.getValue();
      Operand<TFloat32> learned = tf.readVariableOp(pair.getKey().handle(), TFloat32.class);
      updates.add(
          tf.assignAddVariableOp(
              own.handle(), tf.math.mul(tf.math.sub(learned, own.value()), tf.constant(share))));
    }
    return updates;
  }

  /** Returns the embeddings of images in training mode, {@code [images, dimension]}, constant. */
  Operand<TFloat32> encode(Operand<TUint8> images) {
    return encodeInParts(images, 1);
  }

  /** Does the same, but batch norm sees one part of the images at a time. */
  Operand<TFloat32> encodeInParts(Operand<TUint8> images, int parts) {
    return step.tf().stopGradient(step.encodeInParts(weights, images, parts).embedding());
  }

  /** Names the embeddings of evaluation images. */
  FeatureReader reader() {
    return step.reader(weights, Features::embedding);
  }
}
