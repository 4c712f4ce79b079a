package org.kindred.models.training;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.kindred.models.safetensors.NamedTensor;
import org.kindred.models.training.TrainingGraph.Outcome;

/**
 * A training under way, taken step by step. It begins where the trainer's last checkpoint was
 * saved; at the end of each epoch the listener measures and a checkpoint is saved.
 *
 * <p>Belongs to the trainer's thread. Close it before the trainer.
 */
public final class TrainingRun implements AutoCloseable {
  private final Trainer trainer;
  private final TrainingConfig config;
  private final BatchSource source;
  private final TrainingListener listener;
  private final BatchLoader loader;
  private final LongSupplier clock;

  /** The losses of the epoch under way, and the sums of what the objective reports. */
  private final List<Float> losses;

  private final Map<String, Double> sums;

  private boolean isAllowed;
  private long timedSteps;
  private long waited;
  private long worked;
  private long saved;

  TrainingRun(Trainer trainer, BatchSource source, TrainingListener listener) {
    this(trainer, source, listener, System::nanoTime);
  }

  /**
   * @param clock nanoseconds since whenever, by which checkpoints in mid-epoch are due
   */
  TrainingRun(Trainer trainer, BatchSource source, TrainingListener listener, LongSupplier clock) {
    this.trainer = trainer;
    this.clock = clock;
    this.saved = clock.getAsLong();
    this.config = trainer.config();
    this.source = source;
    this.listener = listener;
    this.losses = new ArrayList<>(trainer.partialEpoch().losses());
    this.sums = new TreeMap<>(trainer.partialEpoch().sums());
    this.loader =
        new BatchLoader(
            config,
            source,
            trainer.graph().objectiveStep().plan(),
            trainer.completedEpochs(),
            losses.size());
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
    startEpoch(epoch);
    int step = losses.size();
    long number = (long) epoch * config.stepsPerEpoch() + step;
    double rate = trainer.learningRate(number);
    long start = System.nanoTime();
    long ready = 0;
    double loss = 0;
    Map<String, Double> measures = new TreeMap<>();
    for (int part = 1; part <= config.microBatches(); part++) {
      long before = System.nanoTime();
      try (BatchLoader.Batch batch = loader.next()) {
        ready += System.nanoTime() - before;
        boolean isLast = part == config.microBatches();
        Outcome outcome = trainer.graph().step(batch, Math.toIntExact(number), rate, isLast);
        loss += (double) outcome.loss() / config.microBatches();
        addTo(measures, outcome);
      }
    }
    long end = System.nanoTime();
    if (!Double.isFinite(loss)) {
      throw new TrainingDivergedException(epoch, step, "the loss is " + loss);
    }
    losses.add((float) loss);
    measures.forEach((name, value) -> sums.merge(name, value, Double::sum));
    timedSteps++;
    waited += ready;
    worked += end - start;
    listener.onStep(
        new StepReport(
            epoch,
            step,
            loss,
            rate,
            config.imagesPerStep() * 1e9 / (end - start),
            (double) ready / (end - start),
            measures));
    if (losses.size() == config.stepsPerEpoch()) {
      finishEpoch(epoch, rate);
    } else if (isTimeToSave()) {
      save();
    }
    return true;
  }

  /**
   * Saves the state now, unless it is saved already.
   *
   * @throws TrainingDivergedException when a weight is not finite
   * @throws IOException when the checkpoint cannot be written
   */
  void save() throws IOException {
    if (!losses.isEmpty()) {
      try (Snapshot snapshot = trainer.graph().snapshot()) {
        requireFinite(snapshot, trainer.completedEpochs(), losses.size() - 1);
        trainer.save(new PartialEpoch(losses, sums), snapshot);
      }
    }
    saved = clock.getAsLong();
  }

  private void startEpoch(int epoch) throws IOException, InterruptedException {
    if (isAllowed) {
      return;
    }
    // In the middle of an epoch the state is one from after its start.
    if (losses.isEmpty()) {
      long start = System.nanoTime();
      trainer.graph().startEpoch(epoch, source, this::firstBatches);
      worked += System.nanoTime() - start;
    }
    loader.allow(epoch);
    isAllowed = true;
  }

  /** Begins to prepare the first epoch's batches in an order that nobody plans. */
  private BatchLoader firstBatches() {
    BatchLoader first = new BatchLoader(config, source, Optional.empty(), 0, 0);
    first.allow(0);
    return first;
  }

  private void addTo(Map<String, Double> measures, Outcome outcome) {
    List<String> names = trainer.graph().measures();
    for (int i = 0; i < names.size(); i++) {
      double share = (double) outcome.measures().get(i) / config.microBatches();
      measures.merge(names.get(i), share, Double::sum);
    }
  }

  private boolean isTimeToSave() {
    int minutes = config.checkpoints().getEveryMinutes();
    return minutes > 0 && clock.getAsLong() - saved >= TimeUnit.MINUTES.toNanos(minutes);
  }

  private void finishEpoch(int epoch, double rate) throws IOException {
    Map<String, Double> means = new PartialEpoch(losses, sums).means();
    EpochReport report =
        new EpochReport(
            epoch,
            losses,
            rate,
            (double) config.imagesPerStep() * timedSteps * 1e9 / worked,
            (double) waited / worked,
            means);
    try (Snapshot snapshot = trainer.graph().snapshot()) {
      requireFinite(snapshot, epoch, config.stepsPerEpoch() - 1);
      Map<String, Double> measurements = new TreeMap<>(means);
      measurements.putAll(listener.onEpochEnd(report, trainer.graph()::embed));
      trainer.save(
          new EpochRecord(epoch, report.losses(), report.learningRate(), measurements), snapshot);
    }
    saved = clock.getAsLong();
    losses.clear();
    sums.clear();
    isAllowed = false;
    timedSteps = 0;
    waited = 0;
    worked = 0;
  }

  /** The loss of a step says nothing of the weights after it. */
  private static void requireFinite(Snapshot snapshot, int epoch, int step) {
    for (NamedTensor tensor : snapshot.tensors().values()) {
      if (tensor.type() != NamedTensor.Type.FLOAT32) {
        continue;
      }
      FloatBuffer values = tensor.values();
      while (values.hasRemaining()) {
        float value = values.get();
        if (!Float.isFinite(value)) {
          throw new TrainingDivergedException(epoch, step, tensor.name() + " holds " + value);
        }
      }
    }
  }

  /** Ends the threads that prepare batches; the steps since the last checkpoint are lost. */
  @Override
  public void close() {
    loader.close();
  }
}
