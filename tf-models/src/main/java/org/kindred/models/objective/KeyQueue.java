package org.kindred.models.objective;

import java.util.List;
import org.kindred.models.objective.Cost.Kind;
import org.kindred.models.objective.Cost.State;
import org.kindred.models.tensorflow.Initializer;
import org.kindred.models.tensorflow.Variables.Variable;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Sum;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;

/**
 * The last keys, which queries are told apart from (MoCo, section 3.2); random unit rows at first.
 * After the step its keys replace the oldest, in a ring.
 */
final class KeyQueue {

  static final String KEYS = TrainingObjective.STATE_PREFIX + "queue";
  static final String POSITION = TrainingObjective.STATE_PREFIX + "queue_position";

  private final TrainingStep step;
  private final Variable keys;
  private final int length;

  private KeyQueue(TrainingStep step, Variable keys, int length) {
    this.step = step;
    this.keys = keys;
    this.length = length;
  }

  /** Declares the queue, whose length is a multiple of the keys that a step puts in. */
  static KeyQueue declare(TrainingStep step, int length) {
    int dimension = step.sizes().dimension();
    Variable keys =
        step.variables()
            .variable(KEYS, Shape.of(length, dimension), RandomUnitRows.QUEUE.of(dimension));
    return new KeyQueue(step, keys, length);
  }

  /**
   * Returns InfoNCE of queries q whose keys k are known: the mean of
   *
   * <pre>
   *   -ln [ exp(q . k / t) / (exp(q . k / t) + sum over the queue of exp(q . k' / t)) ]
   * </pre>
   *
   * @param queries {@code [queries, dimension]}
   * @param own {@code [queries, dimension]}, constant
   */
  Operand<TFloat64> infoNce(Operand<TFloat32> queries, Operand<TFloat32> own, double temperature) {
    Ops tf = step.tf();
    Operand<TFloat64> wide = Wide.of(tf, queries);
    Operand<TFloat64> positive =
        tf.sum(tf.math.mul(wide, Wide.of(tf, own)), tf.constant(new int[] {1}), Sum.keepDims(true));
    Operand<TFloat64> negatives = Wide.products(tf, wide, Wide.of(tf, keys.value()));
    Operand<TFloat64> logits =
        tf.math.div(
            tf.concat(List.of(positive, negatives), tf.constant(1)), tf.constant(temperature));
    Operand<TFloat64> logShares = Wide.firstColumn(tf, tf.nn.logSoftmax(logits));
    return tf.math.neg(Wide.mean(tf, logShares));
  }

  /**
   * Puts keys in after the step.
   *
   * @param newest {@code [keysOfStep, dimension]}
   */
  void put(Operand<TFloat32> newest) {
    // A whole number; variables are float32, which hold it exactly.
    Variable position =
        step.variables().variable(POSITION, Shape.scalar(), Initializer.constant(0));
    float count = newest.shape().get(0);
    step.afterwards(
        tf -> {
          Operand<TInt32> start = tf.dtypes.cast(position.value(), TInt32.class);
          Operand<TInt32> end = tf.math.add(start, tf.constant((int) count));
          Operand<TInt32> places = tf.range(start, end, tf.constant(1));
          Operand<TFloat32> next =
              tf.math.floorMod(
                  tf.math.add(position.value(), tf.constant(count)), tf.constant((float) length));
          return List.of(
              tf.resourceScatterUpdate(keys.handle(), places, newest),
              tf.assignVariableOp(position.handle(), next));
        });
  }

  /**
   * Returns the cost of a queue: logits, shares and their gradient in 64 bits, products of the
   * queries with the keys and with the gradient.
   */
  static Cost cost(Extent extent, int queries, int length) {
    return Cost.of(
            new State(KEYS, length, extent.dimension(), Kind.VARIABLE),
            new State(POSITION, 1, 1, Kind.VARIABLE))
        .withStep(
            Cost.doubles(3, queries, length),
            2 * Cost.products(queries, length, extent.dimension()));
  }
}
