package org.kindred.models.training;

import java.io.IOException;
import java.util.Optional;
import java.util.function.Supplier;
import org.kindred.models.objective.EpochState;
import org.kindred.models.tensorflow.TensorMemory;
import org.kindred.models.tensorflow.Variables.Variable;
import org.kindred.models.training.TrainingGraph.Sizes;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/** The state as an objective sees it between two epochs. */
final class BetweenEpochs implements EpochState {
  /** Images of one pass over the training set. */
  private static final int PASS_IMAGES = 250;

  /**
   * Micro-batches after which the running statistics have little of their initial values left: half
   * a percent.
   */
  private static final int SETTLING_BATCHES = 50;

  private final TrainingGraph graph;
  private final Sizes sizes;
  private final int epoch;
  private final BatchSource source;
  private final Supplier<BatchLoader> firstBatches;
  private boolean isSettled;

  BetweenEpochs(
      TrainingGraph graph, int epoch, BatchSource source, Supplier<BatchLoader> firstBatches) {
    this.graph = graph;
    this.sizes = graph.sizes();
    this.epoch = epoch;
    this.source = source;
    this.firstBatches = firstBatches;
    this.isSettled = epoch > 0 || !graph.hasStatistics();
  }

  @Override
  public int epoch() {
    return epoch;
  }

  @Override
  public float[] read(Variable variable) {
    return graph.read(variable);
  }

  @Override
  public void assign(Variable variable, float[] values) {
    graph.assign(variable, values);
  }

  @Override
  public void look(Operand<TFloat32> output, BatchSink sink)
      throws IOException, InterruptedException {
    look(batchesOfEpoch(), Optional.of(output), sink);
  }

  private int batchesOfEpoch() {
    return sizes.stepsPerEpoch() * sizes.microBatches();
  }

  private void look(int batches, Optional<Operand<TFloat32>> output, BatchSink sink)
      throws IOException, InterruptedException {
    try (BatchLoader loader = firstBatches.get()) {
      for (int i = 0; i < batches; i++) {
        try (BatchLoader.Batch batch = loader.next()) {
          sink.take(batch.examples(), graph.look(batch, output));
        }
      }
    }
  }

  /** The statistics of evaluation mode are those of no image before the network has seen any. */
  private void settle() throws IOException, InterruptedException {
    for (int left = SETTLING_BATCHES; left > 0; left -= batchesOfEpoch()) {
      look(Math.min(left, batchesOfEpoch()), Optional.empty(), (rows, values) -> {});
    }
    isSettled = true;
  }

  @Override
  public float[] features(FeatureReader reader) throws IOException, InterruptedException {
    if (!isSettled) {
      settle();
    }
    float[] features = null;
    for (int from = 0; from < sizes.examples(); from += PASS_IMAGES) {
      int[] examples = new int[Math.min(PASS_IMAGES, sizes.examples() - from)];
      for (int i = 0; i < examples.length; i++) {
        examples[i] = from + i;
      }
      try (TUint8 images =
          TUint8.tensorOf(Shape.of(examples.length, sizes.side(), sizes.side(), 3))) {
        source.fillEvaluation(examples, TensorMemory.bytes(images));
        float[] part = graph.evaluate(images, reader.output());
        int width = part.length / examples.length;
        if (features == null) {
          features = new float[Math.multiplyExact(sizes.examples(), width)];
        }
        System.arraycopy(part, 0, features, from * width, part.length);
      }
    }
    return features;
  }
}
