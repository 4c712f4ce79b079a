package org.kindred.stages.augment;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.beam.sdk.values.PBegin;
import org.apache.beam.sdk.values.PCollection;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.ViewSet;
import org.kindred.proto.pipeline.v1.AugmentConfig;
import org.kindred.stages.ConfiguredRecipe;
import org.kindred.stages.Part;
import org.kindred.stages.Stage;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageInput;
import org.kindred.stages.WorkItems;
import org.kindred.stages.dataset.DatasetReader;

/** Dataset -> ViewSet. */
public final class AugmentStage implements Stage<AugmentConfig> {
  static final String DATASET = "dataset";

  /** Examples of one work item. */
  private static final int SHARD_EXAMPLES = 1000;

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

  @Override
  public PCollection<Part> expand(PBegin begin, StageContext<AugmentConfig> context) {
    AugmentConfig config = context.config();
    int examples =
        Math.toIntExact(
            DatasetReader.split(context.input(DATASET), "augment.split", config.getSplit())
                .getExamples());
    List<MakeViews.Item> items = new ArrayList<>();
    for (int epoch = 0; epoch < config.getEpochs(); epoch++) {
      for (int first = 0; first < examples; first += SHARD_EXAMPLES) {
        int count = Math.min(SHARD_EXAMPLES, examples - first);
        items.add(new MakeViews.Item(items.size(), epoch, first, count));
      }
    }
    return begin
        .apply("List Shards", WorkItems.of(MakeViews.Item.class, items))
        .apply("Make Views", new MakeViews(context));
  }

  @Override
  public Content describe(StageContext<AugmentConfig> context, List<Part> parts)
      throws IOException {
    AugmentConfig config = context.config();
    long rows =
        parts.stream()
            .flatMap(part -> part.files().stream())
            .mapToLong(file -> file.file().getRows())
            .sum();
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
