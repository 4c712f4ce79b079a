package org.kindred.models.training;

import org.kindred.models.network.NetworkSize;
import org.kindred.models.objective.Objectives;
import org.kindred.models.objective.TrainingObjective;
import org.kindred.proto.artifact.v1.Network;
import org.kindred.proto.artifact.v1.Normalize;
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
 * @param precision arithmetic of convolutions and matrix products
 * @param threads threads of one TensorFlow operation; 0: one per processor
 * @param seed seed of every random draw
 * @param examples examples in the training set
 * @param viewSize height and width of a view in pixels, 4 or more
 */
public record TrainingConfig(
    Network network,
    Normalize normalize,
    Objective objective,
    Sgd optimizer,
    Schedule schedule,
    int epochs,
    int batchSize,
    Precision precision,
    int threads,
    long seed,
    int examples,
    int viewSize) {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException when one is out of its range, or the objective is not valid
   */
  public TrainingConfig {
    atLeast("epochs", epochs, 1);
    atLeast("batch_size", batchSize, 1);
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
    Objectives.create(objective);
  }

  /**
   * Checks that what Java fills or reads as one buffer has no more bytes than an int counts.
   *
   * @throws IllegalArgumentException when a step's views or the memory bank have more
   */
  public void checkBuffers() {
    TrainingObjective learned = Objectives.create(objective);
    long largestBatch = Integer.MAX_VALUE / batchBytes(learned, 1, viewSize);
    if (batchSize > largestBatch) {
      throw new IllegalArgumentException(
          "batch_size is %d, valid is 2 to %d: the %d views of each example, of %d x %d pixels, must fit into %d bytes"
              .formatted(
                  batchSize, largestBatch, learned.views(), viewSize, viewSize, Integer.MAX_VALUE));
    }
    int dimension = network.getEmbeddingDimension();
    if (learned.stateBytes(examples, dimension) > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "network.embedding_dimension is %d, valid is 1 to %d: the memory bank of %d examples must fit into %d bytes"
              .formatted(
                  dimension,
                  Integer.MAX_VALUE / learned.stateBytes(examples, 1),
                  examples,
                  Integer.MAX_VALUE));
    }
  }

  private static long batchBytes(TrainingObjective objective, int batchSize, int viewSize) {
    return (long) objective.views() * batchSize * viewSize * viewSize * 3;
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
        config.getPrecision(),
        config.getThreads(),
        seed,
        examples,
        viewSize);
  }

  /** Returns the steps of an epoch: complete batches. */
  public int stepsPerEpoch() {
    return examples / batchSize;
  }

  /** Returns the steps of all epochs. */
  public long steps() {
    return (long) epochs * stepsPerEpoch();
  }

  /**
   * Returns the bytes of native memory that training holds at least, besides what the network
   * takes: the batches that are prepared ahead, the objective's variables and a checkpoint's copy
   * of them, and what a step compares with them.
   */
  public long memoryBytes() {
    TrainingObjective learned = Objectives.create(objective);
    return (BatchLoader.BATCHES_AHEAD + 1) * batchBytes(learned, batchSize, viewSize)
        + 2 * learned.stateBytes(examples, network.getEmbeddingDimension())
        + learned.stepBytes(batchSize, examples);
  }

  /**
   * Returns the floating-point operations of all steps.
   *
   * @param size of the network, on images of {@code viewSize}
   */
  public double flops(NetworkSize size) {
    TrainingObjective learned = Objectives.create(objective);
    double step =
        (double) learned.views() * batchSize * size.trainingFlops()
            + learned.stepFlops(batchSize, examples, network.getEmbeddingDimension());
    return steps() * step;
  }

  /**
   * Returns the bytes of native memory that the network takes at least: weights, gradients and
   * momentum, and the feature maps of a step.
   *
   * @param size of the network, on images of {@code viewSize}
   */
  public double networkBytes(NetworkSize size) {
    int views = Objectives.create(objective).views();
    return 3.0 * Float.BYTES * size.parameters() + views * batchSize * size.activationBytes();
  }

  /**
   * Returns the bytes of a checkpoint's tensors: weights, running statistics, momentum, the
   * objective's variables.
   *
   * @param size of the network
   */
  public double checkpointBytes(NetworkSize size) {
    return Float.BYTES * (2.0 * size.parameters() + size.statistics())
        + Objectives.create(objective).stateBytes(examples, network.getEmbeddingDimension());
  }

  /** Returns whether the objective keeps a memory bank, a row for each example. */
  public boolean hasMemoryBank() {
    return Objectives.create(objective).stateBytes(1, 1) > 0;
  }

  /** Returns the bytes of one view: height x width x 3. */
  public int viewBytes() {
    return viewSize * viewSize * 3;
  }
}
