package org.kindred.stages.augment;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.beam.sdk.values.PBegin;
import org.apache.beam.sdk.values.PCollection;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.ViewSet;
import org.kindred.proto.pipeline.v1.AugmentConfig;
import org.kindred.stages.ConfiguredRecipe;
import org.kindred.stages.Estimate;
import org.kindred.stages.Estimate.Work;
import org.kindred.stages.Part;
import org.kindred.stages.Runs;
import org.kindred.stages.Runs.Run;
import org.kindred.stages.Stage;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageInput;
import org.kindred.stages.WorkItems;
import org.kindred.stages.arrow.TableSize;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.dataset.DatasetReader;
import org.kindred.stages.image.ViewMaker;

/** Dataset -> ViewSet. */
public final class AugmentStage implements Stage<AugmentConfig> {
  static final String DATASET = "dataset";

  /** Examples of one work item. */
  private static final int SHARD_EXAMPLES = 1000;

  /** Pixels of views that are made of stored ones and written. */
  private static final double PIXELS_PER_CORE_SECOND = 1.5e7;

  @Override
  public String name() {
    return "augment";
  }

  @Override
  public String description() {
    return "writes augmented views of images";
  }

  @Override
  public int version() {
    return 3;
  }

  @Override
  public AugmentConfig defaultConfig() {
    return AugmentConfig.getDefaultInstance();
  }

  @Override
  public List<StageInput> inputs() {
    return List.of(StageInput.required(DATASET, ArtifactType.ARTIFACT_TYPE_DATASET));
  }

  @Override
  public ArtifactType output() {
    return ArtifactType.ARTIFACT_TYPE_VIEW_SET;
  }

  @Override
  public void checkConfig(AugmentConfig config) {
    ConfiguredRecipe.resolve(config.getViews(), "augment.views");
  }

  @Override
  public void check(StageContext<AugmentConfig> context) {
    DatasetReader.split(context.input(DATASET), "augment.split", context.config().getSplit());
  }

  private static int examples(StageContext<AugmentConfig> context) {
    return Math.toIntExact(
        DatasetReader.split(context.input(DATASET), "augment.split", context.config().getSplit())
            .getExamples());
  }

  @Override
  public Optional<Estimate> estimate(StageContext<AugmentConfig> context) {
    AugmentConfig config = context.config();
    ViewMaker maker = new ViewMaker(ConfiguredRecipe.resolve(config.getViews(), "augment.views"));
    long examples = examples(context);
    long rows = config.getEpochs() * examples * config.getViewsPerExample();
    TableSize epoch =
        TableSize.of(
            Tables.VIEWS,
            Tables.views(),
            examples * config.getViewsPerExample(),
            (long) SHARD_EXAMPLES * config.getViewsPerExample(),
            Map.of("image", (double) maker.bytesPerView()));
    TableSize views = epoch.times(config.getEpochs());
    return Optional.of(
        Estimate.of((double) rows)
            .table(views)
            .workItems(views.files(), new MakeViews.Item(0, 0, 0, SHARD_EXAMPLES), 1)
            .holds(
                DatasetReader.heapBytes(
                    examples, context.input(DATASET).content().getDataset().getExamples()))
            .holds(2 * views.batchBytes())
            .by(
                describe(context, rows),
                new Work(
                    (double) rows * maker.size() * maker.size(),
                    "pixels of views",
                    PIXELS_PER_CORE_SECOND)));
  }

  @Override
  public PCollection<Part> expand(PBegin begin, StageContext<AugmentConfig> context) {
    List<MakeViews.Item> items = new ArrayList<>();
    for (int epoch = 0; epoch < context.config().getEpochs(); epoch++) {
      for (Run run : Runs.of(examples(context), SHARD_EXAMPLES).toList()) {
        items.add(new MakeViews.Item(items.size(), epoch, run.first(), run.count()));
      }
    }
    return begin
        .apply("List Shards", WorkItems.of(MakeViews.Item.class, items))
        .apply("Make Views", new MakeViews(context));
  }

  @Override
  public Content describe(StageContext<AugmentConfig> context, List<Part> parts)
      throws IOException {
    return describe(
        context,
        parts.stream()
            .flatMap(part -> part.files().stream())
            .mapToLong(file -> file.file().getRows())
            .sum());
  }

  private static Content describe(StageContext<AugmentConfig> context, long rows) {
    AugmentConfig config = context.config();
    return Content.newBuilder()
        .setViewSet(
            ViewSet.newBuilder()
                .setRecipe(ConfiguredRecipe.resolve(config.getViews(), "augment.views"))
                .setSeed(context.seed())
                .setEpochs(config.getEpochs())
                .setViews(config.getViewsPerExample())
                .setSplit(config.getSplit())
                .setRows(rows)
                .setDataset(context.input(DATASET).digest()))
        .build();
  }
}
