package org.kindred.stages.pretrain;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.beam.sdk.transforms.DoFn;
import org.kindred.models.inference.Encoder;
import org.kindred.models.training.Trainer;
import org.kindred.models.training.TrainingConfig;
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
 * Trains, from the last checkpoint of the same training on if there is one, and stages the model's
 * files.
 */
final class TrainFn extends DoFn<String, Part> {
  private static final long serialVersionUID = 1L;
  private static final String SAVED_MODEL = "saved_model";
  private static final String CHECKPOINT = "checkpoint.safetensors";

  private final StageContext<PretrainConfig> context;

  TrainFn(StageContext<PretrainConfig> context) {
    this.context = context;
  }

  @ProcessElement
  public void process(OutputReceiver<Part> output) throws IOException, InterruptedException {
    Path scratch = Files.createTempDirectory("kindred-pretrain-");
    try (DatasetReader dataset =
            DatasetReader.open(
                context.input(PretrainStage.DATASET), Optional.of(context.config().getSplit()));
        TrainingViews views = new TrainingViews(context, dataset);
        TrainingMonitor monitor = new TrainingMonitor(context, dataset)) {
      try (Trainer trainer = open(PretrainStage.training(context, dataset.size()))) {
        trainer.train(views, monitor);
        output.output(stage(trainer, monitor, dataset, scratch));
      }
    } finally {
      StoreFiles.of(scratch.toString()).delete(scratch.toString());
    }
  }

  private Trainer open(TrainingConfig training) throws IOException {
    String key = context.producer().getReuseKey();
    Path checkpoints = context.store().files().localDirectory(context.store().checkpoints(key));
    try {
      return Trainer.open(training, checkpoints, key);
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw new StageException("step %s: %s".formatted(context.step(), e.getMessage()), e);
    }
  }

  private Part stage(Trainer trainer, TrainingMonitor monitor, DatasetReader dataset, Path scratch)
      throws IOException {
    PretrainConfig config = context.config();
    Path savedModel = scratch.resolve(SAVED_MODEL);
    trainer.exportSavedModel(savedModel);
    List<StagedFile> files = new ArrayList<>(context.staging().add(savedModel, SAVED_MODEL));
    files.addAll(context.staging().add(trainer.checkpoint(), CHECKPOINT));
    files.addAll(ModelTables.write(context, trainer, dataset));
    Model.Builder model =
        Model.newBuilder()
            .setNetwork(config.getNetwork())
            .setObjective(config.getObjective().getKindCase().name().toLowerCase(Locale.ROOT))
            .setEvaluationRecipe(PretrainStage.evaluationRecipe(config))
            .setSavedModel(SAVED_MODEL)
            .setCheckpoint(CHECKPOINT)
            .setParameters(trainer.parameters())
            .setEpochs(trainer.completedEpochs())
            .setSteps(trainer.steps())
            .setExamples(dataset.size())
            .setSeed(context.seed());
    try (Encoder encoder = Encoder.open(savedModel)) {
      for (Encoder.Layer layer : encoder.layers()) {
        model.addLayers(Layer.newBuilder().setName(layer.name()).setDimension(layer.dimension()));
      }
    }
    return new Part(
        files, Content.newBuilder().setModel(model).build(), List.of(), monitor.measurements());
  }
}
