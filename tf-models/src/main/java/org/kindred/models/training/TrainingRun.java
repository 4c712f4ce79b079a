package org.kindred.models.training;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.kindred.models.safetensors.NamedTensor;
import org.kindred.models.training.TrainingGraph.Snapshot;

/**
 * A training under way, taken step by step. It begins after the trainer's last complete epoch; at
 * the end of each epoch the listener measures and a checkpoint is saved.
 *
 * <p>Belongs to the trainer's thread. Close it before the trainer.
 */
public final class TrainingRun implements AutoCloseable {
  private final Trainer trainer;
  private final TrainingConfig config;
  private final TrainingListener listener;
  private final BatchLoader loader;

  /** The losses of the epoch under way. */
  private List<Float> losses = new ArrayList<>();

  private long waited;
  private long worked;

  TrainingRun(Trainer trainer, BatchSource source, TrainingListener listener) {
    this.trainer = trainer;
    this.config = trainer.config();
    this.listener = listener;
    this.loader = new BatchLoader(config, trainer.views(), source, trainer.completedEpochs());
  }

  /**
   * Takes one step; the last of an epoch measures and saves too.
   *
   * @return false if there was none left to take
   * @throws TrainingDivergedException when the loss or a weight is not finite
   * @throws IOException when the source fails or a checkpoint cannot be written
   * @throws InterruptedException when the thread is interrupted
   */
  public boolean step() throws IOException, InterruptedException {
    int epoch = trainer.completedEpochs();
    if (epoch >= config.epochs()) {
      return false;
    }
    double rate = trainer.learningRate(epoch);
    int step = losses.size();
    long start = System.nanoTime();
    try (BatchLoader.Batch batch = loader.next()) {
      long ready = System.nanoTime();
      double loss = trainer.graph().step(batch.views(), batch.rows(), rate);
      long end = System.nanoTime();
      if (!Double.isFinite(loss)) {
        throw new TrainingDivergedException(epoch, step, "the loss is " + loss);
      }
      losses.add((float) loss);
      waited += ready - start;
      worked += end - start;
      listener.onStep(
          new StepReport(
              epoch,
              step,
              loss,
              rate,
              imagesPerStep() * 1e9 / (end - start),
              (double) (ready - start) / (end - start)));
    }
    if (losses.size() == config.stepsPerEpoch()) {
      finishEpoch(epoch, rate);
    }
    return true;
  }

  private double imagesPerStep() {
    return (double) config.batchSize() * trainer.views();
  }

  private void finishEpoch(int epoch, double rate) throws IOException {
    EpochReport report =
        new EpochReport(
            epoch,
            losses,
            rate,
            imagesPerStep() * losses.size() * 1e9 / worked,
            (double) waited / worked);
    try (Snapshot snapshot = trainer.graph().snapshot()) {
      requireFinite(snapshot, epoch);
      Map<String, Double> measurements = listener.onEpochEnd(report, trainer.graph()::embed);
      trainer.save(
          new EpochRecord(epoch, report.losses(), report.learningRate(), measurements), snapshot);
    }
    losses = new ArrayList<>(config.stepsPerEpoch());
    waited = 0;
    worked = 0;
  }

  /** The loss of the epoch's last step says nothing of the weights after it. */
  private void requireFinite(Snapshot snapshot, int epoch) {
    for (NamedTensor tensor : snapshot.tensors().values()) {
      FloatBuffer values = tensor.values();
      while (values.hasRemaining()) {
        float value = values.get();
        if (!Float.isFinite(value)) {
          throw new TrainingDivergedException(
              epoch, config.stepsPerEpoch() - 1, tensor.name() + " holds " + value);
        }
      }
    }
  }

  /** Ends the threads that prepare batches; the steps since the last complete epoch are lost. */
  @Override
  public void close() {
    loader.close();
  }
}
