package org.kindred.models.objective;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/**
 * What a training learns: adds its loss, and all that follows a step, to a {@link TrainingStep}.
 */
public interface TrainingObjective {

  /** Prefix of the names of an objective's own variables and tables. */
  String STATE_PREFIX = "objective.";

  /** Name of a memory bank: {@code [examples, dimension]}, unit rows, row i for example i. */
  String MEMORY_BANK = STATE_PREFIX + "memory_bank";

  /**
   * Name under which an objective with prototypes reports the mean entropy of the codes, over that
   * of a code that is the same for all prototypes: 0 to 1.
   */
  String CODE_ENTROPY = "code_entropy_share";

  /** Name under which it reports the share of prototypes in use, of those that a batch can use. */
  String USED_PROTOTYPES = "used_prototypes_share";

  /** Returns the views of each example that a batch has, one or more. */
  List<Crop> views();

  /** Returns how many copies of each view go through the network. */
  default int copies() {
    return 1;
  }

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
   * Adds the loss, and asks for whatever else a step needs.
   *
   * @return a scalar, the mean over the batch
   */
  Operand<TFloat32> loss(TrainingStep step);
}
