package org.kindred.models.objective;

import java.util.List;
import org.kindred.models.network.Layers;
import org.kindred.models.tensorflow.Variables.Variable;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * One unit row for each training example, the running average of its embeddings (Wu et al., section
 * 3.1). It is constant in every gradient.
 *
 * <p>After the optimiser's update the rows of the batch, and no others, become {@code normalise(m
 * V_y + (1 - m) f)} with f as the forward pass gave it. When an example stands in a batch twice,
 * both new rows come from the old one and the later wins.
 *
 * <p>Rows are looked up in the variable itself. A read of the whole value copies it: TensorFlow
 * does so with variables that are written row by row.
 */
final class MemoryBank {

  private final TrainingStep step;
  private final Variable variable;

  private MemoryBank(TrainingStep step, Variable variable) {
    this.step = step;
    this.variable = variable;
  }

  /** Declares the bank, of random unit rows at first. */
  static MemoryBank declare(TrainingStep step) {
    return declare(step, TrainingObjective.MEMORY_BANK);
  }

  /** Declares a bank of another name. */
  static MemoryBank declare(TrainingStep step, String name) {
    TrainingStep.Sizes sizes = step.sizes();
    return new MemoryBank(
        step,
        step.variables()
            .variable(
                name,
                Shape.of(sizes.examples(), sizes.dimension()),
                RandomUnitRows.BANK.of(sizes.dimension())));
  }

  /** Returns the bytes of a bank. */
  static long bytes(int examples, int dimension) {
    return (long) Float.BYTES * examples * dimension;
  }

  /** Returns the variable. */
  Variable variable() {
    return variable;
  }

  /**
   * Returns some rows as they stand before the step, constant. What is made of them must be part of
   * the loss, or reported: the bank follows once all that is there.
   *
   * @param examples numbers of examples, of any shape
   * @return a row for each number, {@code [..., dimension]}
   */
  Operand<TFloat32> rows(Operand<TInt32> examples) {
    Ops tf = step.tf();
    return tf.stopGradient(tf.resourceGather(variable.handle(), examples, TFloat32.class));
  }

  /** Returns the batch's own rows, constant, {@code [batch, dimension]}. */
  Operand<TFloat32> ownRows() {
    return rows(step.rows());
  }

  /**
   * Returns the inner products of embeddings and all rows, {@code [batch, examples]}, in 32 bits.
   *
   * @param embeddings {@code [batch, dimension]}
   */
  Operand<TFloat32> products(Operand<TFloat32> embeddings) {
    return step.inFloat32(
        step.tf().linalg.matMul(embeddings, variable.value(), MatMul.transposeB(true)));
  }

  /** Returns the inner products of embeddings and the batch's own rows, {@code [batch]}. */
  Operand<TFloat32> ownProducts(Operand<TFloat32> embeddings) {
    Ops tf = step.tf();
    return tf.sum(tf.math.mul(embeddings, ownRows()), tf.constant(1));
  }

  /**
   * Has the batch's rows follow its embeddings after the step.
   *
   * @param embeddings {@code [batch, dimension]}, unit rows
   * @param momentum m, 0 to below 1
   */
  void follow(Operand<TFloat32> embeddings, double momentum) {
    step.afterwards(tf -> List.of(update(tf, embeddings, (float) momentum)));
  }

  private Op update(Ops tf, Operand<TFloat32> embeddings, float momentum) {
    Operand<TFloat32> moved = embeddings;
    if (momentum > 0) {
      Operand<TFloat32> old = tf.resourceGather(variable.handle(), step.rows(), TFloat32.class);
      moved =
          tf.math.add(
              tf.math.mul(old, tf.constant(momentum)),
              tf.math.mul(embeddings, tf.constant(1 - momentum)));
    }
    Operand<TFloat32> newRows = Layers.unitRows(tf, moved);
    // A scatter writes duplicates in any order: give all of them the row that must win.
    Operand<TFloat32> winners = tf.gather(newRows, lastOccurrences(tf), tf.constant(0));
    return tf.resourceScatterUpdate(variable.handle(), step.rows(), winners);
  }

  /** Returns for each position of the batch the last position with the same example. */
  private Operand<TInt32> lastOccurrences(Ops tf) {
    Operand<TInt32> same =
        tf.dtypes.cast(
            tf.math.equal(
                tf.expandDims(step.rows(), tf.constant(1)),
                tf.expandDims(step.rows(), tf.constant(0))),
            TInt32.class);
    Operand<TInt32> positions =
        tf.range(tf.constant(0), tf.constant(step.sizes().batch()), tf.constant(1));
    return tf.reduceMax(tf.math.mul(same, positions), tf.constant(1));
  }
}
