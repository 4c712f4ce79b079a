package org.kindred.stages.pretrain;

import com.google.protobuf.TextFormat;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.apache.beam.sdk.io.GenerateSequence;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.transforms.resourcehints.ResourceHints;
import org.apache.beam.sdk.values.PBegin;
import org.apache.beam.sdk.values.PCollection;
import org.kindred.models.objective.Crop;
import org.kindred.models.optimizer.LearningRate;
import org.kindred.models.training.TrainingConfig;
import org.kindred.models.training.TrainingSize;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.Normalize;
import org.kindred.proto.artifact.v1.Split;
import org.kindred.proto.artifact.v1.ViewRecipe;
import org.kindred.proto.artifact.v1.ViewSet;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.stages.ConfiguredRecipe;
import org.kindred.stages.Estimate;
import org.kindred.stages.Memory;
import org.kindred.stages.Part;
import org.kindred.stages.Stage;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.StageInput;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.dataset.DatasetReader;
import org.kindred.stages.image.Recipes;
import org.kindred.stages.image.ViewMaker;

/** Dataset (and ViewSet, and PositiveSet) -> Model. */
public final class PretrainStage implements Stage<PretrainConfig> {
  static final String DATASET = "dataset";
  static final String VIEWS = "views";
  static final String POSITIVES = "positives";

  /** For runners that place work by such hints; training goes without where there is none. */
  private static final ResourceHints ACCELERATOR =
      ResourceHints.create().withAccelerator("type:gpu;count:1");

  @Override
  public String name() {
    return "pretrain";
  }

  @Override
  public String description() {
    return "trains a network without labels";
  }

  @Override
  public int version() {
    return 4;
  }

  @Override
  public PretrainConfig defaultConfig() {
    return PretrainConfig.getDefaultInstance();
  }

  @Override
  public List<StageInput> inputs() {
    return List.of(
        StageInput.required(DATASET, ArtifactType.ARTIFACT_TYPE_DATASET),
        StageInput.optional(VIEWS, ArtifactType.ARTIFACT_TYPE_VIEW_SET),
        StageInput.optional(POSITIVES, ArtifactType.ARTIFACT_TYPE_POSITIVE_SET));
  }

  @Override
  public ArtifactType output() {
    return ArtifactType.ARTIFACT_TYPE_MODEL;
  }

  @Override
  public boolean isOneTask() {
    return true;
  }

  @Override
  public void checkConfig(PretrainConfig config) {
    checkEvaluation(viewRecipe(config), evaluationRecipe(config));
    checkObjective(config);
    try {
      LearningRate.of(config.getOptimizer(), config.getSchedule(), config.getEpochs());
    } catch (IllegalArgumentException e) {
      throw new StageException("pretrain." + e.getMessage(), e);
    }
  }

  /** Refuses what no data set could be trained with. */
  private static void checkObjective(PretrainConfig config) {
    try {
      TrainingConfig training = training(config, 0, Integer.MAX_VALUE);
      training.views().forEach(crop -> checkCrop(config, crop));
      TrainingSize.of(training);
    } catch (IllegalArgumentException e) {
      throw new StageException("pretrain." + e.getMessage(), e);
    }
  }

  private static void checkCrop(PretrainConfig config, Crop crop) {
    try {
      Recipes.cropped(viewRecipe(config), crop);
    } catch (IllegalArgumentException e) {
      throw new StageException(
          "pretrain.objective.%s.crops, applied to pretrain.views: %s"
              .formatted(objectiveName(config), e.getMessage()),
          e);
    }
  }

  @Override
  public void checkInputs(PretrainConfig config, Set<String> bound) {
    StoredPositives.checkBound(config, bound);
  }

  /** The trained network takes evaluation's images as it took training's. */
  private static void checkEvaluation(ViewRecipe views, ViewRecipe evaluation) {
    int size = new ViewMaker(views).size();
    ViewMaker evaluationMaker = new ViewMaker(evaluation);
    if (evaluationMaker.size() != size) {
      throw new StageException(
          "pretrain.evaluation makes images of %d px, valid is the size of pretrain.views, %d px"
              .formatted(evaluationMaker.size(), size));
    }
    if (evaluationMaker.isRandom()) {
      throw new StageException(
          "pretrain.evaluation draws at random, valid is a recipe that gives one image always the"
              + " same view, such as the preset test");
    }
    if (!evaluation.getNormalize().equals(views.getNormalize())) {
      throw new StageException(
          "pretrain.evaluation normalizes by {%s}, valid is what pretrain.views has, {%s}"
              .formatted(text(evaluation.getNormalize()), text(views.getNormalize())));
    }
  }

  private static String text(Normalize normalize) {
    return TextFormat.printer().emittingSingleLine(true).printToString(normalize).strip();
  }

  @Override
  public String sourceFingerprint(PretrainConfig config) throws IOException {
    return InitialWeights.fingerprint(config);
  }

  @Override
  public void check(StageContext<PretrainConfig> context) throws IOException {
    PretrainConfig config = context.config();
    Split split = split(context);
    if (config.getBatchSize() > split.getExamples()) {
      throw new StageException(
          "pretrain.batch_size is %d, valid is 2 to %d, the examples of split %s"
              .formatted(config.getBatchSize(), split.getExamples(), config.getSplit()));
    }
    checkMemory(context, split);
    InitialWeights.read(config);
    context.optionalInput(VIEWS).ifPresent(views -> checkViews(context, views));
    StoredPositives.check(context, split);
  }

  private static Split split(StageContext<PretrainConfig> context) {
    return DatasetReader.split(
        context.input(DATASET), "pretrain.split", context.config().getSplit());
  }

  private static void checkMemory(StageContext<PretrainConfig> context, Split split) {
    TrainingConfig training;
    TrainingSize size;
    try {
      training = training(context, Math.toIntExact(split.getExamples()));
      size = TrainingSize.of(training);
      size.checkBuffers();
    } catch (IllegalArgumentException e) {
      throw new StageException("pretrain." + e.getMessage(), e);
    }
    Memory.check(
        "pretrain.batch_size is %d: training on the %d examples of split %s"
            .formatted(training.batchSize(), training.examples(), split.getName()),
        heapBytes(context, size, split),
        size.memoryBytes());
  }

  /** Returns the bytes of Java heap that a training holds at least. */
  static double heapBytes(StageContext<PretrainConfig> context, TrainingSize size, Split split) {
    return DatasetReader.heapBytes(
            split.getExamples(), context.input(DATASET).content().getDataset().getExamples())
        + size.heapBytes()
        + StoredPositives.heapBytes(context);
  }

  /** Returns what to train on so many examples. */
  static TrainingConfig training(StageContext<PretrainConfig> context, int examples) {
    return training(context.config(), context.seed(), examples);
  }

  private static TrainingConfig training(PretrainConfig config, long seed, int examples) {
    ViewRecipe recipe = viewRecipe(config);
    return TrainingConfig.of(
        config, recipe.getNormalize(), seed, examples, new ViewMaker(recipe).size());
  }

  private static void checkViews(StageContext<PretrainConfig> context, StoredArtifact artifact) {
    PretrainConfig config = context.config();
    ViewSet views = artifact.content().getViewSet();
    String differing =
        !views.getRecipe().equals(viewRecipe(config))
            ? "recipe"
            : views.getSeed() != context.seed()
                ? "seed"
                : !views.getSplit().equals(config.getSplit()) ? "split" : null;
    if (differing != null) {
      throw new StageException(
          "input views of step %s were made with another %s than pretrain has"
              .formatted(context.step(), differing));
    }
    context.checkMadeOf(VIEWS, views.getDataset(), DATASET);
  }

  /** Returns the name by which an experiment calls what is learned. */
  static String objectiveName(PretrainConfig config) {
    return config.getObjective().getKindCase().name().toLowerCase(Locale.ROOT);
  }

  static ViewRecipe viewRecipe(PretrainConfig config) {
    return ConfiguredRecipe.resolve(config.getViews(), "pretrain.views");
  }

  /** A preset takes over the normalisation that the network is trained with. */
  static ViewRecipe evaluationRecipe(PretrainConfig config) {
    ViewRecipe recipe = ConfiguredRecipe.resolve(config.getEvaluation(), "pretrain.evaluation");
    return config.getEvaluation().hasPreset()
        ? recipe.toBuilder().setNormalize(viewRecipe(config).getNormalize()).build()
        : recipe;
  }

  @Override
  public Optional<Estimate> estimate(StageContext<PretrainConfig> context) {
    return Optional.of(TrainingEstimate.of(context, split(context)));
  }

  @Override
  public PCollection<Part> expand(PBegin begin, StageContext<PretrainConfig> context) {
    int examples = Math.toIntExact(split(context).getExamples());
    long steps = training(context, examples).steps();
    return begin
        .apply("Steps", GenerateSequence.from(0).to(steps))
        .apply("Train", ParDo.of(new TrainFn(context, steps - 1)).setResourceHints(ACCELERATOR));
  }

  @Override
  public Content describe(StageContext<PretrainConfig> context, List<Part> parts)
      throws IOException {
    return parts.get(0).content();
  }
}
