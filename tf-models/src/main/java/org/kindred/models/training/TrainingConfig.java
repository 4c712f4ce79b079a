package org.kindred.models.training;

import java.util.List;
import org.kindred.models.network.NetworkSize;
import org.kindred.models.objective.Crop;
import org.kindred.models.objective.Objectives;
import org.kindred.models.objective.TrainingObjective;
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
 * @param examples examples in the training set
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
   * @throws IllegalArgumentException when one is out of its range, or the objective is not valid
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
    Objectives.create(objective);
  }

  /**
   * Checks that what Java fills or reads as one buffer has no more bytes than an int counts.
   *
   * @throws IllegalArgumentException when a step's views or the memory bank have more
   */
  public void checkBuffers() {
    TrainingObjective learned = Objectives.create(objective);
    for (ViewGroup group : viewGroups()) {
      long largest = Integer.MAX_VALUE / ((long) group.count() * group.viewBytes());
      if (microBatch() > largest) {
        throw new IllegalArgumentException(
            "batch_size is %d, valid is 2 to %d: the %d views of each example, of %d x %d pixels, must fit into %d bytes"
                .formatted(
                    batchSize,
                    largest * microBatches,
                    group.count(),
                    group.side(),
                    group.side(),
                    Integer.MAX_VALUE));
      }
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

  private long batchBytes() {
    return viewGroups().stream()
        .mapToLong(group -> (long) group.count() * group.viewBytes() * microBatch())
        .sum();
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

  /** Returns the images that go through the network in a step. */
  int imagesPerStep() {
    TrainingObjective learned = Objectives.create(objective);
    return batchSize * learned.views().size() * learned.copies();
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

  /**
   * Returns the bytes of native memory that training holds at least, besides what the network
   * takes: the batches that are prepared ahead, the objective's variables and a checkpoint's copy
   * of them, and what a step compares with them.
   */
  public long memoryBytes() {
    TrainingObjective learned = Objectives.create(objective);
    return (BatchLoader.BATCHES_AHEAD + 1) * batchBytes()
        + 2 * learned.stateBytes(examples, network.getEmbeddingDimension())
        + learned.stepBytes(microBatch(), examples);
  }

  /**
   * Returns the floating-point operations of all steps.
   *
   * @param size of the network, on images of {@code viewSize}; views of another size count by their
   *     area
   */
  public double flops(NetworkSize size) {
    TrainingObjective learned = Objectives.create(objective);
    double step =
        wholeViews() * batchSize * size.trainingFlops()
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
    return 3.0 * Float.BYTES * size.parameters()
        + wholeViews() * microBatch() * size.activationBytes();
  }

  /**
   * Returns how many views of {@code viewSize} have as many pixels as all that the network sees of
   * an example.
   */
  private double wholeViews() {
    TrainingObjective learned = Objectives.create(objective);
    double area = (double) viewSize * viewSize;
    return learned.copies()
        * learned.views().stream()
            .mapToDouble(view -> Math.pow(view.side(viewSize), 2) / area)
            .sum();
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
    TrainingObjective learned = Objectives.create(objective);
    return learned.stateBytes(2, 1) > learned.stateBytes(1, 1);
  }
}
