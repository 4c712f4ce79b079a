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

  /** Name under which it reports the share of prototypes in use, of those that can be. */
  String USED_PROTOTYPES = "used_prototypes_share";

  /** Name of the table of each example's neighbours in the memory bank, where there is one. */
  String NEIGHBORS = STATE_PREFIX + "neighbors";

  /** Returns the views of each example that a batch has, one or more. */
  List<Crop> views();

  /**
   * Returns what goes through the network in a step, each view once and learned where not said
   * otherwise.
   *
   * @param side height and width in pixels of a view as its recipe makes it
   */
  default List<Pass> passes(int side) {
    return Pass.ofViews(views(), side, true);
  }

  /**
   * Returns whether the loss tells each image, or each cluster of images, from the others, so that
   * embeddings which are all alike are a sign of collapse.
   */
  default boolean tellsImagesApart() {
    return true;
  }

  /** Returns whether the objective takes {@link TrainingStep#positives} from elsewhere. */
  default boolean readsPositives() {
    return false;
  }

  /**
   * Returns whether there are positives of an example among the others: {@link
   * TrainingStep#positivesOf}.
   */
  default boolean findsPositives() {
    return readsPositives();
  }

  /**
   * Returns the names under which {@link #loss} has something {@linkplain TrainingStep#measure
   * reported}, in any order.
   */
  default List<String> measures() {
    return List.of();
  }

  /**
   * Checks the parameters against what is to be trained on, before anything is built of them.
   *
   * @param batch examples of a step
   * @param microBatches parts of it that go through the network one after the other
   * @param examples examples in the training set; {@link Integer#MAX_VALUE} when that is not known
   *     yet, for no objective takes offence at too many
   * @throws IllegalArgumentException naming the parameter, its value and what is valid
   */
  default void check(int batch, int microBatches, int examples) {}

  /**
   * Returns what should be said of parameters that are valid, but mean nothing in a training as
   * short as this one; nothing where there is no such.
   *
   * @param epochs epochs in all
   */
  default List<String> advice(int epochs) {
    return List.of();
  }

  /** Returns what the objective takes beside {@link #passes}. */
  default Cost cost(Extent extent) {
    return Cost.NONE;
  }

  /**
   * Adds the loss, and asks for whatever else a step needs.
   *
   * @return a scalar, the mean over the batch
   */
  Operand<TFloat32> loss(TrainingStep step);
}
