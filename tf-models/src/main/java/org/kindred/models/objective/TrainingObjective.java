package org.kindred.models.objective;

import java.util.List;
import org.kindred.models.tensorflow.Variables;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** Adds a loss, and what follows the step, to the graph of a training step. */
public interface TrainingObjective {

  /** Prefix of the names of an objective's own variables. */
  String STATE_PREFIX = "objective.";

  /** Name of a memory bank: {@code [examples, dimension]}, unit rows, row i for example i. */
  String MEMORY_BANK = STATE_PREFIX + "memory_bank";

  /**
   * One batch.
   *
   * @param embeddings {@code [views x batch, dimension]}, unit rows: view 0 of every example, then
   *     view 1, and so on. The whole step sees them as they came out of the forward pass.
   * @param rows {@code [batch]}, number of each example in the training set
   * @param size examples in the batch
   * @param examples examples in the training set
   */
  record Batch(Operand<TFloat32> embeddings, Operand<TInt32> rows, int size, int examples) {}

  /** Returns how many views of each example a batch has, 1 or more. */
  int views();

  /**
   * Returns the bytes of the objective's largest variable.
   *
   * @param examples examples in the training set
   * @param dimension length of an embedding
   */
  default long stateBytes(int examples, int dimension) {
    return 0;
  }

  /**
   * Returns the bytes that a step holds at least to compare a batch with the objective's variables.
   *
   * @param batch examples of a step
   * @param examples examples in the training set
   */
  default long stepBytes(int batch, int examples) {
    return 0;
  }

  /**
   * Returns the floating-point operations of a step that grow with the training set, of the forward
   * and the backward pass.
   *
   * @param batch examples of a step
   * @param examples examples in the training set
   * @param dimension length of an embedding
   */
  default double stepFlops(int batch, int examples, int dimension) {
    return 0;
  }

  /**
   * Adds the loss.
   *
   * @param tf makes operations
   * @param batch the batch
   * @param state the objective's variables are created and read here; a value read here is the one
   *     from before the step
   * @return a scalar, the mean over the batch
   */
  Operand<TFloat32> loss(Ops tf, Batch batch, Variables state);

  /**
   * Adds the changes to the objective's variables that end a step.
   *
   * @param tf makes operations that run after the optimiser's update
   * @param batch the batch that {@link #loss} got
   * @param state the variables that {@link #loss} got
   * @return the operations that change a variable; none unless overridden
   */
  default List<Op> updates(Ops tf, Batch batch, Variables state) {
    return List.of();
  }
}
