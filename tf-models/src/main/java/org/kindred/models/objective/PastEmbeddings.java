package org.kindred.models.objective;

import java.util.List;
import org.kindred.models.tensorflow.Initializer;
import org.kindred.models.tensorflow.Variables.Variable;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;

/**
 * The last embeddings of one view, newest first, so that a batch with fewer images than there are
 * prototypes can be shared out over them (SwAV, section 4.1). Zeros stand where nothing was put in
 * yet; the queue counts once its last row is not zero.
 */
final class PastEmbeddings {

  private final TrainingStep step;
  private final Variable rows;
  private final int length;

  private PastEmbeddings(TrainingStep step, Variable rows, int length) {
    this.step = step;
    this.rows = rows;
    this.length = length;
  }

  /** Declares an empty queue of {@code length} embeddings. */
  static PastEmbeddings declare(TrainingStep step, String name, int length) {
    Shape shape = Shape.of(length, step.sizes().dimension());
    return new PastEmbeddings(
        step, step.variables().variable(name, shape, Initializer.constant(0)), length);
  }

  /**
   * Returns the codes of a batch, made together with the queue if it is full: the queue's scores
   * with the present prototypes stand before the batch's.
   *
   * @param scores {@code [batch, prototypes]}
   * @param prototypes {@code [prototypes, dimension]}
   * @return {@code [batch, prototypes]}
   */
  Operand<TFloat64> codes(
      Sinkhorn sinkhorn, Operand<TFloat64> scores, Operand<TFloat64> prototypes) {
    Ops tf = step.tf();
    Operand<TInt32> used = tf.select(isFull(tf), tf.constant(length), tf.constant(0));
    Operand<TFloat32> past =
        tf.slice(
            rows.value(),
            tf.constant(new int[] {0, 0}),
            tf.stack(List.of(used, tf.constant(step.sizes().dimension()))));
    Operand<TFloat64> pastScores = Wide.products(tf, Wide.of(tf, past), prototypes);
    Operand<TFloat64> codes =
        sinkhorn.codes(tf, tf.concat(List.of(pastScores, scores), tf.constant(0)));
    return tf.slice(
        codes,
        tf.stack(List.of(used, tf.constant(0))),
        tf.constant(new int[] {step.sizes().batch(), -1}));
  }

  private Operand<TBool> isFull(Ops tf) {
    Operand<TFloat32> last = step.rows(rows.value(), length - 1, 1);
    return tf.reduceAny(tf.math.notEqual(last, tf.constant(0f)), tf.constant(new int[] {0, 1}));
  }

  /**
   * Puts a batch in front after the step, and drops as many at the end.
   *
   * @param embeddings {@code [batch, dimension]}
   * @param startEpoch epoch before which nothing is put in
   */
  void push(Operand<TFloat32> embeddings, int startEpoch) {
    step.afterwards(
        tf -> {
          Operand<TFloat32> kept = step.rows(rows.value(), 0, length - step.sizes().batch());
          Operand<TFloat32> shifted = tf.concat(List.of(embeddings, kept), tf.constant(0));
          Operand<TBool> isStarted = tf.math.greaterEqual(step.epoch(), tf.constant(startEpoch));
          return List.of(
              tf.assignVariableOp(rows.handle(), tf.select(isStarted, shifted, rows.value())));
        });
  }
}
