package org.kindred.models.training;

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
   * @throws IllegalArgumentException when one is out of its range
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

  /** Returns the bytes of one view: height x width x 3. */
  public int viewBytes() {
    return viewSize * viewSize * 3;
  }
}
