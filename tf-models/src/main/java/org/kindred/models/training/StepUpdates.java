package org.kindred.models.training;

import java.util.ArrayList;
import java.util.List;
import org.kindred.models.objective.TrainingStep;
import org.kindred.models.optimizer.MomentumSgd;
import org.kindred.models.tensorflow.Variables;
import org.kindred.models.tensorflow.Variables.Variable;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * What follows the loss in a step, in three parts, each of which starts when the one before it is
 * complete:
 *
 * <ol>
 *   <li>forward and backward: loss, all gradients, what the objective reports;
 *   <li>the optimiser's update of every parameter, the running statistics;
 *   <li>the objective's own state, such as the memory bank.
 * </ol>
 *
 * <p>The parts are held apart by control dependencies. Without them TensorFlow would update a
 * weight as soon as its own gradient is there, while the gradients of earlier layers still read it;
 * resource variables would save those readers, but by copying the weight. And the memory bank would
 * have no fixed order with the loss that reads it.
 *
 * <p>A step of several micro-batches adds up their gradients; all but the last leave the parameters
 * as they are. Statistics and the objective's state follow each micro-batch, what follows the
 * parameters the last alone.
 */
final class StepUpdates {

  private final Variables variables;
  private final int microBatches;
  private final List<Op> ofOthers = new ArrayList<>();
  private final List<Op> ofLast = new ArrayList<>();

  StepUpdates(
      Graph graph,
      Ops tf,
      Variables variables,
      int microBatches,
      Operand<TFloat32> loss,
      TrainingStep step,
      MomentumSgd optimizer,
      Operand<TFloat32> rate,
      NetworkPasses passes) {
    this.variables = variables;
    this.microBatches = microBatches;
    List<Operand<TFloat32>> gradients = gradients(graph, loss);
    Ops afterReads = after(tf, readers(gradients, loss, step));
    List<Operand<TFloat32>> sums = gradients;
    if (microBatches > 1) {
      sums = accumulate(afterReads, gradients);
    }
    List<Op> last =
        new ArrayList<>(optimizer.updates(afterReads, variables, sums, rate, step.frozen()));
    if (microBatches > 1) {
      last.addAll(clearSums(after(tf, last)));
    }
    List<Op> moved = passes.statisticUpdates(afterReads);
    last.addAll(moved);
    ofOthers.addAll(moved);
    ofLast.addAll(last);
    // In a step of several micro-batches both lists end with the objective's own updates.
    ofLast.addAll(step.updates(after(tf, last), true));
    if (microBatches > 1) {
      ofOthers.addAll(step.updates(after(tf, ofOthers), false));
    }
  }

  /** Returns all that must see the variables as they are before the step. */
  private static List<Operand<?>> readers(
      List<Operand<TFloat32>> gradients, Operand<TFloat32> loss, TrainingStep step) {
    List<Operand<?>> readers = new ArrayList<>(gradients);
    readers.add(loss);
    step.measures().forEach(measure -> readers.add(measure.scalar()));
    step.deliveries().forEach(delivery -> readers.add(delivery.values()));
    return readers;
  }

  private static String sumName(Variable parameter) {
    return "gradient_sum." + parameter.name();
  }

  /**
   * Has micro-batches add their share to the sum of gradients.
   *
   * @return for the last of them, the sum with its own share
   */
  private List<Operand<TFloat32>> accumulate(Ops tf, List<Operand<TFloat32>> gradients) {
    List<Operand<TFloat32>> sums = new ArrayList<>();
    Operand<TFloat32> share = tf.constant(1f / microBatches);
    for (int i = 0; i < gradients.size(); i++) {
      Variable sum =
          variables.scratch(
              sumName(variables.parameters().get(i)), variables.parameters().get(i).shape());
      Operand<TFloat32> part = tf.math.mul(gradients.get(i), share);
      ofOthers.add(tf.assignAddVariableOp(sum.handle(), part));
      sums.add(tf.math.add(sum.value(), part));
    }
    return sums;
  }

  private List<Op> clearSums(Ops tf) {
    List<Op> clears = new ArrayList<>();
    for (Variable parameter : variables.parameters()) {
      Variable sum = variables.scratch(sumName(parameter), parameter.shape());
      clears.add(
          tf.assignVariableOp(
              sum.handle(), tf.zeros(tf.constant(parameter.shape()), TFloat32.class)));
    }
    return clears;
  }

  /** Returns what makes operations that wait for all of {@code before}. */
  private static Ops after(Ops tf, List<? extends Op> before) {
    // One operation in between, or each of n would wait for each of m.
    Op barrier = tf.withControlDependencies(List.copyOf(before)).noOp();
    return tf.withControlDependencies(List.of(barrier));
  }

  private List<Operand<TFloat32>> gradients(Graph graph, Operand<TFloat32> loss) {
    List<Variable> parameters = variables.parameters();
    Output<?>[] values =
        parameters.stream().map(parameter -> parameter.value().asOutput()).toArray(Output[]::new);
    Output<?>[] outputs = graph.addGradients(loss.asOutput(), values);
    List<Operand<TFloat32>> gradients = new ArrayList<>();
    for (int i = 0; i < outputs.length; i++) {
      if (outputs[i] == null) {
        throw new IllegalStateException(
            "the loss does not depend on the parameter " + parameters.get(i).name());
      }
      gradients.add(outputs[i].expect(TFloat32.class));
    }
    return gradients;
  }

  /**
   * Returns the operations of a micro-batch.
   *
   * @param isLast whether it is the last of its step, which changes the parameters
   */
  List<Op> of(boolean isLast) {
    return isLast ? ofLast : ofOthers;
  }
}
