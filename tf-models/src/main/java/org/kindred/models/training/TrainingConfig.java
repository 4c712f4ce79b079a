package org.kindred.models.training;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.kindred.models.network.Networks;
import org.kindred.models.objective.Crop;
import org.kindred.models.objective.Objectives;
import org.kindred.models.objective.Pass;
import org.kindred.proto.artifact.v1.Network;
import org.kindred.proto.artifact.v1.Normalize;
import org.kindred.proto.pipeline.v1.Checkpoints;
import org.kindred.proto.pipeline.v1.Objective;
import org.kindred.proto.pipeline.v1.Precision;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.proto.pipeline.v1.Schedule;
import org.kindred.proto.pipeline.v1.Sgd;

/**
 * What to train, how and on how much. The messages' ranges stand in their {@code .proto} files.
 *
 * @param network architecture
 * @param normalize what the network's first layer does to the pixels
 * @param objective what is learned
 * @param optimizer optimiser
 * @param schedule learning rate over time
 * @param epochs epochs in all, 1 or more
 * @param batchSize examples of a step, 1 to {@code examples}; the last incomplete batch of an epoch
 *     is dropped
 * @param microBatches parts of a step's batch that go through the network one after the other,
 *     their gradients added up: 1 or more, a divisor of {@code batchSize}
 * @param checkpoints how often the state is saved
 * @param precision arithmetic of convolutions and matrix products
 * @param threads threads of one TensorFlow operation; 0: one per processor
 * @param seed seed of every random draw
 * @param examples examples in the training set; {@link Integer#MAX_VALUE} to see what no training
 *     set could do with
 * @param viewSize height and width in pixels of a view as its recipe makes it, 4 or more
 */
public record TrainingConfig(
    Network network,
    Normalize normalize,
    Objective objective,
    Sgd optimizer,
    Schedule schedule,
    int epochs,
    int batchSize,
    int microBatches,
    Checkpoints checkpoints,
    Precision precision,
    int threads,
    long seed,
    int examples,
    int viewSize) {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException when one is out of its range, or the objective is not valid,
   *     or not for so many examples
   */
  public TrainingConfig {
    atLeast("epochs", epochs, 1);
    atLeast("batch_size", batchSize, 1);
    atLeast("micro_batches", microBatches, 1);
    atLeast("threads", threads, 0);
    atLeast("examples", examples, 1);
    atLeast("view size", viewSize, 4);
    if (batchSize > examples) {
      throw new IllegalArgumentException(
          "batch_size is "
              + batchSize
              + ", but there are only "
              + examples
              + " examples to train on: not one batch would be complete");
    }
    if (batchSize % microBatches != 0) {
      throw new IllegalArgumentException(
          "micro_batches is "
              + microBatches
              + ", valid is a divisor of batch_size, which is "
              + batchSize);
    }
    Objectives.create(objective, batchSize, microBatches, examples);
  }

  private static void atLeast(String name, int value, int minimum) {
    if (value < minimum) {
      throw new IllegalArgumentException(
          name + " is " + value + ", valid is " + minimum + " or more");
    }
  }

  /**
   * Takes what concerns training from a stage's configuration.
   *
   * @param config the stage's configuration, every field set
   * @param normalize from the recipe of its views
   * @param seed seed of every random draw
   * @param examples examples in the training set
   * @param viewSize height and width of a view in pixels
   */
  public static TrainingConfig of(
      PretrainConfig config, Normalize normalize, long seed, int examples, int viewSize) {
    return new TrainingConfig(
        config.getNetwork(),
        normalize,
        config.getObjective(),
        config.getOptimizer(),
        config.getSchedule(),
        config.getEpochs(),
        config.getBatchSize(),
        config.getMicroBatches(),
        config.getCheckpoints(),
        config.getPrecision(),
        config.getThreads(),
        seed,
        examples,
        viewSize);
  }

  /** Returns the views of an example, grouped by size. */
  List<ViewGroup> viewGroups() {
    return ViewGroup.of(views(), viewSize);
  }

  /** Returns the views of each example that a step looks at. */
  public List<Crop> views() {
    return Objectives.create(objective).views();
  }

  /** Returns what goes through the network in a step. */
  List<Pass> passes() {
    return Objectives.create(objective).passes(viewSize);
  }

  /** Returns the images, of whatever size, that go through the network in a step. */
  int imagesPerStep() {
    return batchSize * passes().stream().mapToInt(Pass::images).sum();
  }

  /** Returns the examples that go through the network at a time. */
  public int microBatch() {
    return batchSize / microBatches;
  }

  /** Returns the steps of an epoch: complete batches. */
  public int stepsPerEpoch() {
    return examples / batchSize;
  }

  /** Returns the steps of all epochs. */
  public long steps() {
    return (long) epochs * stepsPerEpoch();
  }

  /** Returns the name by which an experiment calls the objective. */
  String objectiveName() {
    return objective.getKindCase().name().toLowerCase(Locale.ROOT);
  }

  /** Returns what should be said of a training that is valid, but hardly meant; mostly nothing. */
  public List<String> advice() {
    List<String> advice = new ArrayList<>();
    passes().stream()
        .mapToInt(Pass::side)
        .distinct()
        .forEach(side -> Networks.advice(network, side).ifPresent(advice::add));
    advice.addAll(Objectives.create(objective).advice(epochs));
    return advice;
  }

  /** Returns whether the training must be given positives; see {@link Trainer#open}. */
  public boolean readsPositives() {
    return Objectives.create(objective).readsPositives();
  }
}
