package org.kindred.stages.extract;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.beam.sdk.values.PBegin;
import org.apache.beam.sdk.values.PCollection;
import org.kindred.models.network.NetworkSize;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.Dataset;
import org.kindred.proto.artifact.v1.EmbeddingSet;
import org.kindred.proto.artifact.v1.FeatureSource;
import org.kindred.proto.artifact.v1.FeatureTable;
import org.kindred.proto.artifact.v1.Layer;
import org.kindred.proto.artifact.v1.Model;
import org.kindred.proto.pipeline.v1.ExtractConfig;
import org.kindred.stages.Estimate;
import org.kindred.stages.Part;
import org.kindred.stages.Rejects;
import org.kindred.stages.Runs;
import org.kindred.stages.SplitCounts;
import org.kindred.stages.Stage;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.StageInput;
import org.kindred.stages.WorkItems;
import org.kindred.stages.arrow.TableSize;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.dataset.DatasetReader;
import org.kindred.stages.features.FeatureReader;
import org.kindred.stages.image.ViewMaker;

/** Model + Dataset -> EmbeddingSet. */
public final class ExtractStage implements Stage<ExtractConfig> {
  static final String MODEL = "model";
  static final String DATASET = "dataset";

  private static final String EMBEDDING = "embedding";
  private static final List<String> DEFAULT_LAYERS = List.of(EMBEDDING, "pooled");

  /** Of ResNet-18 on 32 x 32 pixels; a small network on small images has a third of it. */
  private static final double FLOPS_PER_CORE_SECOND = 1.1e11;

  /** Length of a split's name, about. */
  private static final double SPLIT_BYTES = 5;

  @Override
  public String name() {
    return "extract";
  }

  @Override
  public String description() {
    return "computes features of images, with the untrained network's and the pixels beside them";
  }

  @Override
  public int version() {
    return 2;
  }

  @Override
  public ExtractConfig defaultConfig() {
    return ExtractConfig.getDefaultInstance();
  }

  @Override
  public List<StageInput> inputs() {
    return List.of(
        StageInput.required(MODEL, ArtifactType.ARTIFACT_TYPE_MODEL),
        StageInput.required(DATASET, ArtifactType.ARTIFACT_TYPE_DATASET));
  }

  @Override
  public ArtifactType output() {
    return ArtifactType.ARTIFACT_TYPE_EMBEDDING_SET;
  }

  @Override
  public boolean usesSeed() {
    return false;
  }

  @Override
  public void checkConfig(ExtractConfig config) {
    List<String> layers = config.getLayersList();
    for (String layer : layers) {
      if (layers.indexOf(layer) != layers.lastIndexOf(layer)) {
        throw new StageException(
            "extract.layers has \"%s\" twice, valid is each layer once".formatted(layer));
      }
    }
  }

  @Override
  public void check(StageContext<ExtractConfig> context) {
    Model model = context.input(MODEL).content().getModel();
    List<String> valid = model.getLayersList().stream().map(Layer::getName).toList();
    for (String layer : context.config().getLayersList()) {
      if (!valid.contains(layer)) {
        throw new StageException(
            "extract.layers has \"%s\", valid are the model's layers: %s"
                .formatted(layer, String.join(", ", valid)));
      }
    }
    int imageBytes = new ViewMaker(model.getEvaluationRecipe()).bytesPerView();
    if (context.config().getBatchSize() > Integer.MAX_VALUE / imageBytes) {
      throw new StageException(
          ("extract.batch_size is %d, valid is 1 to %d: an image of the model has %d bytes, a batch at"
                  + " most %d")
              .formatted(
                  context.config().getBatchSize(),
                  Integer.MAX_VALUE / imageBytes,
                  imageBytes,
                  Integer.MAX_VALUE));
    }
  }

  /** Returns the layers that are read, in order. */
  static List<String> layers(StageContext<ExtractConfig> context) {
    List<String> named = context.config().getLayersList();
    return named.isEmpty()
        ? context.input(MODEL).content().getModel().getLayersList().stream()
            .map(Layer::getName)
            .filter(DEFAULT_LAYERS::contains)
            .sorted()
            .toList()
        : named;
  }

  /** Returns the tables that are made, in order. */
  static List<FeatureTable> tables(StageContext<ExtractConfig> context) {
    Model model = context.input(MODEL).content().getModel();
    Map<String, Integer> dimensions =
        model.getLayersList().stream()
            .collect(Collectors.toMap(Layer::getName, Layer::getDimension));
    List<FeatureTable> tables = new ArrayList<>();
    for (String layer : layers(context)) {
      tables.add(table(FeatureSource.FEATURE_SOURCE_LEARNED, layer, dimensions.get(layer)));
      if (context.config().getBaselines()) {
        tables.add(table(FeatureSource.FEATURE_SOURCE_UNTRAINED, layer, dimensions.get(layer)));
      }
    }
    if (context.config().getBaselines()) {
      int pixels = new ViewMaker(model.getEvaluationRecipe()).bytesPerView();
      tables.add(table(FeatureSource.FEATURE_SOURCE_PIXELS, FeatureReader.PIXELS, pixels));
    }
    return tables;
  }

  private static FeatureTable table(FeatureSource source, String layer, int dimension) {
    String name = FeatureReader.sourceName(source);
    return FeatureTable.newBuilder()
        .setSource(source)
        .setLayer(layer)
        .setDimension(dimension)
        .setNormalized(layer.equals(EMBEDDING))
        .setTable(name.equals(layer) ? name : name + "-" + layer)
        .build();
  }

  private static int examples(StageContext<ExtractConfig> context) {
    return Math.toIntExact(context.input(DATASET).content().getDataset().getExamples());
  }

  @Override
  public Optional<Estimate> estimate(StageContext<ExtractConfig> context) {
    ExtractConfig config = context.config();
    Model model = context.input(MODEL).content().getModel();
    ViewMaker maker = new ViewMaker(model.getEvaluationRecipe());
    NetworkSize network = NetworkSize.of(model.getNetwork(), maker.size(), layers(context));
    int networks = config.getBaselines() ? 2 : 1;
    int examples = examples(context);
    List<FeatureTable> tables = tables(context);
    Estimate.Builder estimate =
        Estimate.of(examples)
            .workItems(
                Runs.count(examples, config.getShardRows()),
                new ExtractFeatures.Item(0, 0, 0),
                tables.size())
            .flops((double) examples * networks * network.flops())
            .holds(DatasetReader.heapBytes(examples, examples))
            .holds((double) networks * Float.BYTES * network.parameters())
            .holds((double) config.getBatchSize() * maker.bytesPerView() * (1 + Float.BYTES));
    for (FeatureTable table : tables) {
      TableSize size =
          TableSize.of(
              table.getTable(),
              Tables.embeddings(table.getDimension()),
              examples,
              config.getShardRows(),
              Map.of("split", SPLIT_BYTES));
      estimate.table(size).holds(2 * size.batchBytes());
    }
    EmbeddingSet all =
        EmbeddingSet.newBuilder()
            .setExamples(examples)
            .addAllSplits(context.input(DATASET).content().getDataset().getSplitsList())
            .build();
    Part part = Part.of(List.of(), Content.newBuilder().setEmbeddingSet(all).build());
    return Optional.of(estimate.byFlops(describe(context, List.of(part)), FLOPS_PER_CORE_SECOND));
  }

  @Override
  public PCollection<Part> expand(PBegin begin, StageContext<ExtractConfig> context) {
    List<ExtractFeatures.Item> items =
        Runs.of(examples(context), context.config().getShardRows())
            .map(run -> new ExtractFeatures.Item(run.number(), run.first(), run.count()))
            .toList();
    return begin
        .apply("List Shards", WorkItems.of(ExtractFeatures.Item.class, items))
        .apply("Extract Features", new ExtractFeatures(context));
  }

  @Override
  public Content describe(StageContext<ExtractConfig> context, List<Part> parts) {
    Dataset dataset = context.input(DATASET).content().getDataset();
    EmbeddingSet.Builder merged =
        EmbeddingSet.newBuilder()
            .addAllFeatures(tables(context))
            .addAllClassNames(dataset.getClassNamesList());
    SplitCounts splits = new SplitCounts();
    for (Part part : parts) {
      EmbeddingSet set = part.content().getEmbeddingSet();
      merged
          .setExamples(merged.getExamples() + set.getExamples())
          .setRejected(merged.getRejected() + set.getRejected());
      splits.addAll(set.getSplitsList());
    }
    Rejects.check(
        context.step(),
        merged.getRejected(),
        merged.getExamples() + merged.getRejected(),
        context.config().getMaxRejectShare(),
        parts);
    return Content.newBuilder().setEmbeddingSet(merged.addAllSplits(splits.toList())).build();
  }
}
