package org.kindred.models.optimizer;

import java.util.ArrayList;
import java.util.List;
import org.kindred.models.tensorflow.Initializer;
import org.kindred.models.tensorflow.Variables;
import org.kindred.models.tensorflow.Variables.Variable;
import org.kindred.proto.pipeline.v1.Sgd;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.train.ResourceApplyMomentum;
import org.tensorflow.types.TFloat32;

/**
 * Stochastic gradient descent with momentum:
 *
 * <pre>
 *   d      = gradient + weight decay x w
 *   buffer = momentum x buffer + d                      (0 at first)
 *   w      = w - rate x buffer                          (or, in Nesterov's form,
 *   w      = w - rate x (d + momentum x buffer))
 * </pre>
 */
public final class MomentumSgd {

  private static final String BUFFER_PREFIX = "optimizer.momentum.";

  private final float momentum;
  private final float weightDecay;
  private final boolean nesterov;

  /**
   * Creates the optimiser of a configuration.
   *
   * @throws IllegalArgumentException when a parameter is out of its range
   */
  public MomentumSgd(Sgd config) {
    this.momentum = (float) config.getMomentum();
    this.weightDecay = (float) config.getWeightDecay();
    this.nesterov = config.getNesterov();
    if (!(momentum >= 0 && momentum < 1)) {
      throw new IllegalArgumentException(
          "optimizer.momentum is " + config.getMomentum() + ", valid is 0 to below 1");
    }
    if (!(weightDecay >= 0)) {
      throw new IllegalArgumentException(
          "optimizer.weight_decay is " + config.getWeightDecay() + ", valid is 0 or more");
    }
  }

  /**
   * Adds the update of every parameter.
   *
   * @param tf makes operations that run after all gradients are computed
   * @param variables has the parameters, and gets their momentum buffers
   * @param gradients one per parameter, in the order of {@link Variables#parameters()}
   * @param rate learning rate, a scalar
   * @return the updates, one per parameter
   */
  public List<Op> updates(
      Ops tf, Variables variables, List<Operand<TFloat32>> gradients, Operand<TFloat32> rate) {
    List<Op> updates = new ArrayList<>();
    for (int i = 0; i < gradients.size(); i++) {
      Variable parameter = variables.parameters().get(i);
      Variable buffer =
          variables.variable(
              BUFFER_PREFIX + parameter.name(), parameter.shape(), Initializer.constant(0));
      Operand<TFloat32> decayed =
          tf.math.add(gradients.get(i), tf.math.mul(parameter.value(), tf.constant(weightDecay)));
      updates.add(
          tf.train.resourceApplyMomentum(
              parameter.handle(),
              buffer.handle(),
              rate,
              decayed,
              tf.constant(momentum),
              ResourceApplyMomentum.useNesterov(nesterov)));
    }
    return updates;
  }
}
