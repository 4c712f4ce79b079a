package org.kindred.models.training;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import org.kindred.models.network.EmbeddingNetwork;
import org.kindred.models.network.FrozenNetwork;
import org.kindred.models.network.Networks;
import org.kindred.models.objective.Objectives;
import org.kindred.models.objective.PositiveLists;
import org.kindred.models.optimizer.LearningRate;
import org.kindred.models.optimizer.MomentumSgd;
import org.kindred.models.safetensors.NamedTensor;
import org.kindred.models.tensorflow.Device;
import org.kindred.models.training.TrainingGraph.Sizes;
import org.kindred.proto.pipeline.v1.Precision;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains a network without labels, from the newest checkpoint of a directory on.
 *
 * <pre>{@code
 * try (Trainer trainer = Trainer.open(config, checkpoints, fingerprint)) {
 *   trainer.train(source, listener); // or step by step: start
 *   trainer.exportSavedModel(directory);
 * }
 * }</pre>
 *
 * <p>Belongs to one thread.
 */
public final class Trainer implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Trainer.class);

  private final TrainingConfig config;
  private final String fingerprint;
  private final EmbeddingNetwork network;
  private final LearningRate learningRate;
  private final TrainingGraph graph;
  private final CheckpointDirectory checkpoints;
  private final List<EpochRecord> curve = new ArrayList<>();
  private PartialEpoch partial = PartialEpoch.EMPTY;
  private boolean hasStarted;

  private Trainer(
      TrainingConfig config,
      CheckpointDirectory checkpoints,
      String fingerprint,
      Optional<PositiveLists> positives) {
    TrainingSize.of(config).checkBuffers();
    this.config = config;
    this.fingerprint = fingerprint;
    this.network = Networks.create(config.network(), config.normalize());
    config.advice().forEach(LOG::warn);
    this.learningRate = LearningRate.of(config.optimizer(), config.schedule(), config.epochs());
    this.checkpoints = checkpoints;
    this.graph =
        new TrainingGraph(
            network,
            Objectives.create(config.objective()),
            new MomentumSgd(config.optimizer()),
            new Sizes(
                config.microBatch(),
                config.microBatches(),
                config.examples(),
                config.stepsPerEpoch(),
                config.viewSize(),
                config.seed()),
            config.precision(),
            config.threads(),
            positives);
    if (config.precision() == Precision.PRECISION_BFLOAT16 && Device.isGpu()) {
      LOG.warn(
          "precision is bfloat16, which TensorFlow's rewriter knows for processors only: on {} the"
              + " network computes in float32",
          Device.name());
    }
  }

  /**
   * Builds the network and gives it the state of the newest whole checkpoint, or its initial state
   * when there is none.
   *
   * @param config what to train
   * @param checkpoints directory for the checkpoints of this training alone, created when needed;
   *     locked until the trainer is closed, by a file beside it
   * @param fingerprint identifies the training: everything that its result depends on
   * @throws IllegalArgumentException when the configuration is not valid
   * @throws IllegalStateException when the directory has checkpoints of another training, or the
   *     process already runs with another number of threads
   * @throws IOException when a checkpoint cannot be read, or somebody else trains in the directory;
   *     a checkpoint that is damaged is set aside
   */
  public static Trainer open(TrainingConfig config, Path checkpoints, String fingerprint)
      throws IOException {
    return open(config, checkpoints, fingerprint, Map.of());
  }

  /**
   * Does the same with an initial state that is given in part, such as the backbone of another
   * training.
   *
   * @param initialWeights values that take the place of drawn ones, by name: those of {@link
   *     Checkpoint}. Where a checkpoint is found they have no part.
   * @throws IllegalArgumentException when the configuration is not valid, or one of the weights has
   *     another shape or is not the network's
   */
  public static Trainer open(
      TrainingConfig config,
      Path checkpoints,
      String fingerprint,
      Map<String, NamedTensor> initialWeights)
      throws IOException {
    return open(config, checkpoints, fingerprint, initialWeights, Optional.empty());
  }

  /**
   * Does the same with positives that somebody else has found.
   *
   * @param positives of every example: just when {@link TrainingConfig#readsPositives}
   * @throws IllegalArgumentException when the configuration is not valid, one of the weights has
   *     another shape or is not the network's, or there are positives that the objective does not
   *     read, or none though it does
   */
  public static Trainer open(
      TrainingConfig config,
      Path checkpoints,
      String fingerprint,
      Map<String, NamedTensor> initialWeights,
      Optional<PositiveLists> positives)
      throws IOException {
    CheckpointDirectory directory = CheckpointDirectory.open(checkpoints, fingerprint);
    Trainer trainer;
    try {
      trainer = new Trainer(config, directory, fingerprint, positives);
    } catch (RuntimeException | Error e) {
      directory.close();
      throw e;
    }
    try {
      trainer.loadState(initialWeights);
      return trainer;
    } catch (IOException | RuntimeException | Error e) {
      trainer.close();
      throw e;
    }
  }

  private void loadState(Map<String, NamedTensor> initialWeights) throws IOException {
    Optional<Checkpoint> newest = checkpoints.newest();
    if (newest.isEmpty()) {
      graph.initialize(config.seed(), initialWeights);
      return;
    }
    Checkpoint checkpoint = newest.get();
    graph.restore(checkpoint.tensors());
    curve.addAll(checkpoint.curve());
    partial = checkpoint.partial();
    if (checkpoint.threads() != graph.threads()) {
      LOG.warn(
          "Resuming with {} threads what was trained with {}: the weights will differ in their last"
              + " bits from those of a training in one go",
          graph.threads(),
          checkpoint.threads());
    }
    LOG.info("Resuming after {} of {} steps", checkpoint.steps(), config.steps());
  }

  /**
   * Trains the epochs that are left, with a checkpoint after each.
   *
   * @throws IllegalStateException when this trainer has trained before; see {@link #start}
   * @throws TrainingDivergedException when the loss or a weight is not finite
   * @throws IOException when the source fails or a checkpoint cannot be written
   * @throws InterruptedException when the thread is interrupted
   */
  public void train(BatchSource source, TrainingListener listener)
      throws IOException, InterruptedException {
    try (TrainingRun run = start(source, listener)) {
      while (run.step()) {
        // Each call is one step.
      }
    }
  }

  /**
   * Begins to prepare the batches of the epochs that are left.
   *
   * @throws IllegalStateException when this trainer has done so before: steps since the last
   *     checkpoint are in its weights, but not in its records
   */
  public TrainingRun start(BatchSource source, TrainingListener listener) {
    if (hasStarted) {
      throw new IllegalStateException(
          "a trainer trains once: open another one, which goes on from the last checkpoint");
    }
    hasStarted = true;
    return new TrainingRun(this, source, listener);
  }

  TrainingConfig config() {
    return config;
  }

  TrainingGraph graph() {
    return graph;
  }

  double learningRate(long step) {
    return learningRate.at(step, config.stepsPerEpoch());
  }

  /** Returns the epoch under way, as the last checkpoint has it. */
  PartialEpoch partialEpoch() {
    return partial;
  }

  /** Adds an epoch to the curve once its checkpoint is written. */
  void save(EpochRecord record, Snapshot snapshot) throws IOException {
    List<EpochRecord> longer = new ArrayList<>(curve);
    longer.add(record);
    save(longer, PartialEpoch.EMPTY, snapshot);
    curve.add(record);
  }

  /** Saves the state in the middle of an epoch. */
  void save(PartialEpoch underWay, Snapshot snapshot) throws IOException {
    save(curve, underWay, snapshot);
  }

  private void save(List<EpochRecord> epochs, PartialEpoch underWay, Snapshot snapshot)
      throws IOException {
    long steps = (long) epochs.size() * config.stepsPerEpoch() + underWay.losses().size();
    checkpoints.save(
        new Checkpoint(steps, fingerprint, graph.threads(), epochs, underWay, snapshot.tensors()),
        config.checkpoints().getKeep());
    partial = underWay;
  }

  /** Returns the epochs that are complete. */
  public int completedEpochs() {
    return curve.size();
  }

  /** Returns the steps up to the last checkpoint. */
  public long savedSteps() {
    return (long) curve.size() * config.stepsPerEpoch() + partial.losses().size();
  }

  /** Returns one record per complete epoch, those from before a restart included. */
  public List<EpochRecord> curve() {
    return Collections.unmodifiableList(curve);
  }

  /**
   * Returns what finds the positives of an example, as the training stands: by the example's
   * number, the numbers of its positives, perhaps none. It looks at the training's own state, so
   * call it on the training's thread.
   *
   * @return nothing where the objective has no positives
   */
  public Optional<IntFunction<int[]>> positivesOf() {
    return graph.objectiveStep().positivesOf();
  }

  /** Returns the number of trainable values in the network. */
  public long parameters() {
    return graph.parameters();
  }

  /**
   * Returns the last checkpoint.
   *
   * @throws IllegalStateException when there is none yet
   */
  public Path checkpoint() {
    if (savedSteps() == 0) {
      throw new IllegalStateException("there is no checkpoint yet");
    }
    return checkpoints.file(savedSteps());
  }

  /**
   * Writes the network with its present weights as a SavedModel for {@link
   * org.kindred.models.inference.Encoder}. The same weights give the same bytes.
   *
   * @param directory must not exist
   */
  public void exportSavedModel(Path directory) throws IOException {
    try (Snapshot snapshot = graph.snapshot();
        FrozenNetwork frozen =
            FrozenNetwork.build(
                network,
                config.viewSize(),
                (target, name, initial, number) ->
                    target.put(snapshot.tensors().get(name).values()))) {
      frozen.writeSavedModel(directory);
    }
  }

  /** Frees the network, and lets another process have the checkpoints. */
  @Override
  public void close() {
    try {
      graph.close();
    } finally {
      checkpoints.close();
    }
  }
}
