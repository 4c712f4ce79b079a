package org.kindred.models.optimizer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.kindred.models.tensorflow.Initializer;
import org.kindred.models.tensorflow.Variables;
import org.kindred.models.tensorflow.Variables.Variable;
import org.kindred.proto.pipeline.v1.Sgd;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.train.ResourceApplyMomentum;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;

/**
 * Stochastic gradient descent with momentum:
 *
 * <pre>
 *   d      = gradient + weight decay x w                (or what {@link LayerwiseScaling} makes)
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
  private final Optional<LayerwiseScaling> scaling;

  /**
   * Creates the optimiser of a configuration.
   *
   * @throws IllegalArgumentException when a parameter is out of its range
   */
  public MomentumSgd(Sgd config) {
    Require.valid(
        config.getMomentum() >= 0 && (float) config.getMomentum() < 1,
        "optimizer.momentum",
        config.getMomentum(),
        "0 to below 1");
    Require.notNegative("optimizer.weight_decay", config.getWeightDecay());
    this.momentum = (float) config.getMomentum();
    this.weightDecay = (float) config.getWeightDecay();
    this.nesterov = config.getNesterov();
    this.scaling =
        config.hasLarc() ? Optional.of(new LayerwiseScaling(config.getLarc())) : Optional.empty();
  }

  /** Returns the name of the variable that holds a parameter's momentum. */
  public static String bufferName(Variable parameter) {
    return BUFFER_PREFIX + parameter.name();
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
    return updates(tf, variables, gradients, rate, Map.of());
  }

  /**
   * Adds the update of every parameter, some of which stand still in some steps.
   *
   * @param frozen by name of a parameter, a scalar: whether this step leaves it and its momentum as
   *     they are, whatever its gradient. A parameter that is not in it always moves.
   * @return the updates, one per parameter
   * @throws IllegalArgumentException when there is no parameter of a name in {@code frozen}
   * @see #updates(Ops, Variables, List, Operand)
   */
  public List<Op> updates(
      Ops tf,
      Variables variables,
      List<Operand<TFloat32>> gradients,
      Operand<TFloat32> rate,
      Map<String, Operand<TBool>> frozen) {
    List<Variable> parameters = variables.parameters();
    requireParameters(parameters, frozen);
    List<Op> updates = new ArrayList<>();
    for (int i = 0; i < gradients.size(); i++) {
      Variable parameter = parameters.get(i);
      Variable buffer =
          variables.variable(bufferName(parameter), parameter.shape(), Initializer.constant(0));
      updates.add(
          update(tf, parameter, buffer, gradients.get(i), rate, frozen.get(parameter.name())));
    }
    return updates;
  }

  private static void requireParameters(
      List<Variable> parameters, Map<String, Operand<TBool>> frozen) {
    List<String> names = parameters.stream().map(Variable::name).toList();
    for (String name : frozen.keySet()) {
      Require.valid(names.contains(name), "frozen parameter", name, "one of " + names);
    }
  }

  private Op update(
      Ops tf,
      Variable parameter,
      Variable buffer,
      Operand<TFloat32> gradient,
      Operand<TFloat32> rate,
      Operand<TBool> frozen) {
    Operand<TFloat32> direction = direction(tf, parameter, gradient, rate);
    Operand<TFloat32> kept = tf.constant(momentum);
    Operand<TFloat32> moved = rate;
    if (frozen != null) {
      // buffer = 1 x buffer + 0 and w = w - 0 x buffer leave both as they are.
      Operand<TFloat32> none = tf.constant(0f);
      direction = tf.select(frozen, none, direction);
      kept = tf.select(frozen, tf.constant(1f), kept);
      moved = tf.select(frozen, none, rate);
    }
    return tf.train.resourceApplyMomentum(
        parameter.handle(),
        buffer.handle(),
        moved,
        direction,
        kept,
        ResourceApplyMomentum.useNesterov(nesterov));
  }

  private Operand<TFloat32> direction(
      Ops tf, Variable parameter, Operand<TFloat32> gradient, Operand<TFloat32> rate) {
    Operand<TFloat32> decay = tf.constant(weightDecay);
    if (scaling.isEmpty()) {
      return tf.math.add(gradient, tf.math.mul(parameter.value(), decay));
    }
    return scaling.get().excludes(parameter.shape())
        ? gradient
        : scaling.get().direction(tf, parameter.value(), gradient, decay, rate);
  }
}
