package org.kindred.stages.pretrain;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.kindred.models.inference.Encoder;
import org.kindred.models.objective.PositiveLists;
import org.kindred.models.tensorflow.Device;
import org.kindred.models.training.Trainer;
import org.kindred.models.training.TrainingConfig;
import org.kindred.models.training.TrainingDivergedException;
import org.kindred.models.training.TrainingRun;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.Layer;
import org.kindred.proto.artifact.v1.Model;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.stages.Part;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.artifact.StagedFile;
import org.kindred.stages.artifact.StoreFiles;
import org.kindred.stages.dataset.DatasetReader;

/**
 * A training under way with all that it holds open, from the last checkpoint of the same training
 * on if there is one.
 */
final class Training implements AutoCloseable {
  private static final String SAVED_MODEL = "saved_model";
  private static final String CHECKPOINT = "checkpoint.safetensors";

  private final StageContext<PretrainConfig> context;

  // Opened in this order; null until then.
  private DatasetReader dataset;
  private TrainingViews views;
  private Trainer trainer;
  private TrainingMonitor monitor;
  private TrainingRun run;

  private CheckpointMirror mirror;

  private Training(StageContext<PretrainConfig> context) {
    this.context = context;
  }

  /** Opens a training. */
  static Training open(StageContext<PretrainConfig> context) throws IOException {
    Training training = new Training(context);
    try {
      training.openAll();
      return training;
    } catch (IOException | RuntimeException | Error e) {
      training.closeAfter(e);
      throw e;
    }
  }

  private void openAll() throws IOException {
    dataset =
        DatasetReader.open(
            context.input(PretrainStage.DATASET), Optional.of(context.config().getSplit()));
    TrainingConfig training = PretrainStage.training(context, dataset.size());
    views = new TrainingViews(context, dataset, training.views());
    trainer = openTrainer(training, StoredPositives.read(context, dataset));
    monitor = new TrainingMonitor(context, dataset, trainer::positivesOf);
    run = trainer.start(views, monitor);
  }

  private Trainer openTrainer(TrainingConfig training, Optional<PositiveLists> positives)
      throws IOException {
    String key = context.producer().getReuseKey();
    String stored = context.store().checkpoints(key);
    Path checkpoints = context.store().files().localDirectory(stored);
    mirror = new CheckpointMirror(context.store().files(), stored, checkpoints);
    mirror.fetch();
    try {
      return Trainer.open(training, checkpoints, key, InitialWeights.read(context), positives);
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw new StageException("step %s: %s".formatted(context.step(), e.getMessage()), e);
    }
  }

  /**
   * Takes one step, if one is left.
   *
   * @return whether the training is complete now
   */
  boolean step() throws IOException, InterruptedException {
    long before = trainer.savedSteps();
    try {
      run.step();
    } catch (TrainingDivergedException e) {
      // Whoever starts again from the last checkpoint comes to the same step.
      throw new StageException("step %s: %s".formatted(context.step(), e.getMessage()), e);
    }
    if (trainer.savedSteps() > before) {
      mirror.store(trainer.checkpoint());
    }
    return trainer.completedEpochs() >= context.config().getEpochs();
  }

  /** Stages the model's files. */
  Part stage() throws IOException {
    Path scratch = Files.createTempDirectory("kindred-pretrain-");
    try {
      return stage(scratch);
    } finally {
      StoreFiles.of(scratch.toString()).delete(scratch.toString());
    }
  }

  private Part stage(Path scratch) throws IOException {
    PretrainConfig config = context.config();
    Path savedModel = scratch.resolve(SAVED_MODEL);
    trainer.exportSavedModel(savedModel);
    List<StagedFile> files = new ArrayList<>(context.staging().add(savedModel, SAVED_MODEL));
    files.addAll(context.staging().add(trainer.checkpoint(), CHECKPOINT));
    files.addAll(ModelTables.write(context, trainer, dataset));
    Model.Builder model =
        Model.newBuilder()
            .setNetwork(config.getNetwork())
            .setObjective(PretrainStage.objectiveName(config))
            .setEvaluationRecipe(PretrainStage.evaluationRecipe(config))
            .setSavedModel(SAVED_MODEL)
            .setCheckpoint(CHECKPOINT)
            .setParameters(trainer.parameters())
            .setEpochs(trainer.completedEpochs())
            .setSteps(trainer.savedSteps())
            .setExamples(dataset.size())
            .setSeed(context.seed());
    try (Encoder encoder = Encoder.open(savedModel)) {
      for (Encoder.Layer layer : encoder.layers()) {
        model.addLayers(Layer.newBuilder().setName(layer.name()).setDimension(layer.dimension()));
      }
    }
    return new Part(
        files,
        Content.newBuilder().setModel(model).build(),
        List.of(),
        monitor.measurements(),
        Device.name());
  }

  /** Closes because of a failure, which keeps what goes wrong meanwhile. */
  void closeAfter(Throwable failure) {
    try {
      close();
    } catch (IOException | RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  @Override
  public void close() throws IOException {
    DatasetReader opened = dataset;
    TrainingViews source = views;
    Trainer state = trainer;
    TrainingMonitor listener = monitor;
    TrainingRun steps = run;
    try (opened;
        source;
        state;
        listener;
        steps) {
      // Closed in reverse order.
    }
  }
}
