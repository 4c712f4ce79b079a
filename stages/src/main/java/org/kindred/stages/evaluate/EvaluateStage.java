package org.kindred.stages.evaluate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.beam.sdk.transforms.Flatten;
import org.apache.beam.sdk.values.PBegin;
import org.apache.beam.sdk.values.PCollection;
import org.apache.beam.sdk.values.PCollectionList;
import org.kindred.models.probe.SoftmaxRegression;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.Evaluation;
import org.kindred.proto.artifact.v1.FeatureTable;
import org.kindred.proto.artifact.v1.LinearProbeFit;
import org.kindred.proto.artifact.v1.MetricValue;
import org.kindred.proto.artifact.v1.Split;
import org.kindred.proto.pipeline.v1.EvaluateConfig;
import org.kindred.stages.Estimate;
import org.kindred.stages.Part;
import org.kindred.stages.Runs;
import org.kindred.stages.Runs.Run;
import org.kindred.stages.Stage;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.StageInput;
import org.kindred.stages.WorkItems;
import org.kindred.stages.arrow.TableSize;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.features.FeatureReader;

/** EmbeddingSet (and Clustering) -> Evaluation. */
public final class EvaluateStage implements Stage<EvaluateConfig> {
  static final String EMBEDDINGS = "embeddings";
  static final String CLUSTERING = "clustering";

  private static final String EMBEDDING_LAYER = "embedding";
  private static final String POOLED_LAYER = "pooled";

  /** Of K = 200; a search for fewer neighbours is faster. */
  private static final double KNN_FLOPS_PER_CORE_SECOND = 2e10;

  /** Of ten classes in batches of 256; it is faster where there are more. */
  private static final double PROBE_FLOPS_PER_CORE_SECOND = 5e9;

  @Override
  public String name() {
    return "evaluate";
  }

  @Override
  public String description() {
    return "measures features by weighted kNN, linear probe and clusters, with the baselines beside them";
  }

  @Override
  public int version() {
    return 3;
  }

  @Override
  public EvaluateConfig defaultConfig() {
    return EvaluateConfig.getDefaultInstance();
  }

  @Override
  public List<StageInput> inputs() {
    return List.of(
        StageInput.required(EMBEDDINGS, ArtifactType.ARTIFACT_TYPE_EMBEDDING_SET),
        StageInput.optional(CLUSTERING, ArtifactType.ARTIFACT_TYPE_CLUSTERING));
  }

  @Override
  public ArtifactType output() {
    return ArtifactType.ARTIFACT_TYPE_EVALUATION;
  }

  @Override
  public boolean usesSeed() {
    return false;
  }

  @Override
  public void checkConfig(EvaluateConfig config) {
    if (config.getQuerySplit().equals(config.getBaseSplit())) {
      throw new StageException(
          "evaluate.query_split and evaluate.base_split are both \"%s\": every query would find itself"
              .formatted(config.getQuerySplit()));
    }
    if (config.getGalleryQueries() > 0 && config.getGalleryNeighbors() > config.getKnn().getK()) {
      throw new StageException(
          "evaluate.gallery_neighbors is %d, valid is 1 to evaluate.knn.k, %d"
              .formatted(config.getGalleryNeighbors(), config.getKnn().getK()));
    }
    if (config.hasLinearProbe()) {
      try {
        new SoftmaxRegression(config.getLinearProbe());
      } catch (IllegalArgumentException e) {
        throw new StageException("evaluate.linear_probe." + e.getMessage(), e);
      }
    }
  }

  @Override
  public void check(StageContext<EvaluateConfig> context) {
    EvaluateConfig config = context.config();
    StoredArtifact embeddings = context.input(EMBEDDINGS);
    features(context);
    probedFeatures(context);
    int classes = classes(context);
    if (classes < 2) {
      throw new StageException(
          "step %s: the embeddings have class labels of %d kind(s), valid is 2 or more"
              .formatted(context.step(), classes));
    }
    requireLabels(FeatureReader.split(embeddings, "evaluate.query_split", config.getQuerySplit()));
    Split base = FeatureReader.split(embeddings, "evaluate.base_split", config.getBaseSplit());
    requireLabels(base);
    if (config.getKnn().getK() > base.getExamples()) {
      throw new StageException(
          "evaluate.knn.k is %d, valid is 1 to %d, the examples of split %s"
              .formatted(config.getKnn().getK(), base.getExamples(), base.getName()));
    }
    context
        .optionalInput(CLUSTERING)
        .map(clustering -> clustering.content().getClustering().getEmbeddings())
        .ifPresent(madeOf -> context.checkMadeOf(CLUSTERING, madeOf, EMBEDDINGS));
  }

  private static void requireLabels(Split split) {
    if (split.getLabelled() < split.getExamples()) {
      throw new StageException(
          "split %s has labels for %d of %d examples, evaluation needs all"
              .formatted(split.getName(), split.getLabelled(), split.getExamples()));
    }
  }

  static List<FeatureTable> features(StageContext<EvaluateConfig> context) {
    return features(context, context.config().getLayersList(), EMBEDDING_LAYER);
  }

  /** Returns what a linear probe is fitted to, none when it isn't measured. */
  static List<FeatureTable> probedFeatures(StageContext<EvaluateConfig> context) {
    return context.config().hasLinearProbe()
        ? features(context, context.config().getLinearProbe().getLayersList(), POOLED_LAYER)
        : List.of();
  }

  private static List<FeatureTable> features(
      StageContext<EvaluateConfig> context, List<String> layers, String otherwise) {
    return FeatureReader.ofLayers(
        context.input(EMBEDDINGS), layers.isEmpty() ? List.of(otherwise) : layers, context.step());
  }

  static int classes(StageContext<EvaluateConfig> context) {
    return context.input(EMBEDDINGS).content().getEmbeddingSet().getClassNamesCount();
  }

  private static int queries(StageContext<EvaluateConfig> context) {
    return Math.toIntExact(
        FeatureReader.split(
                context.input(EMBEDDINGS), "evaluate.query_split", context.config().getQuerySplit())
            .getExamples());
  }

  @Override
  public Optional<Estimate> estimate(StageContext<EvaluateConfig> context) {
    EvaluateConfig config = context.config();
    List<FeatureTable> features = features(context);
    List<FeatureTable> probed = probedFeatures(context);
    SoftmaxRegression probe = new SoftmaxRegression(config.getLinearProbe());
    int classes = classes(context);
    int queries = queries(context);
    long base =
        FeatureReader.split(context.input(EMBEDDINGS), "evaluate.base_split", config.getBaseSplit())
            .getExamples();
    long all = context.input(EMBEDDINGS).content().getEmbeddingSet().getExamples();
    double held = 0;
    double knnFlops = 0;
    for (FeatureTable table : features) {
      knnFlops += 2.0 * queries * base * table.getDimension();
      held =
          Math.max(held, ClassifyQueries.heapBytes(table.getDimension(), config.getKnn().getK()));
    }
    double probeFlops = 0;
    for (FeatureTable table : probed) {
      probeFlops += probe.flops(base, table.getDimension(), classes);
      held = Math.max(held, probe.bytes(base, table.getDimension(), classes));
    }
    double seconds =
        knnFlops / KNN_FLOPS_PER_CORE_SECOND + probeFlops / PROBE_FLOPS_PER_CORE_SECOND;
    int clusterings =
        context
            .optionalInput(CLUSTERING)
            .map(clustering -> clustering.content().getClustering().getResultsCount())
            .orElse(0);
    Estimate.Builder estimate = Estimate.of((double) queries * features.size());
    gallerySize(config, queries).ifPresent(estimate::table);
    return Optional.of(
        estimate
            .flops(knnFlops + probeFlops)
            .workItems(
                (long) Runs.count(queries, ClassifyQueries.QUERIES) * features.size(),
                new ClassifyQueries.Item(0, 0, 0),
                1)
            .workItems(probed.size(), 0, 0)
            .workItems(clusterings, 0, 0)
            .holds(FeatureReader.heapBytes(base, all) + FeatureReader.heapBytes(queries, all))
            .holds(held)
            .byFlops(describe(context, List.of()), (knnFlops + probeFlops) / seconds));
  }

  private static Optional<TableSize> gallerySize(EvaluateConfig config, int queries) {
    long shown = ClassifyQueries.galleryQueries(config, queries).count();
    if (shown == 0) {
      return Optional.empty();
    }
    long shards =
        ClassifyQueries.galleryQueries(config, queries)
            .map(query -> query / ClassifyQueries.QUERIES)
            .distinct()
            .count();
    return Optional.of(
        TableSize.of(
            Tables.GALLERY,
            Tables.gallery(config.getGalleryNeighbors()),
            shown,
            (shown + shards - 1) / shards,
            Map.of()));
  }

  @Override
  public PCollection<Part> expand(PBegin begin, StageContext<EvaluateConfig> context) {
    List<FeatureTable> features = features(context);
    List<ClassifyQueries.Item> items = new ArrayList<>();
    for (Run run : Runs.of(queries(context), ClassifyQueries.QUERIES).toList()) {
      for (int table = 0; table < features.size(); table++) {
        items.add(new ClassifyQueries.Item(table, run.first(), run.count()));
      }
    }
    PCollectionList<Part> parts =
        PCollectionList.of(
            begin
                .apply("List Queries", WorkItems.of(ClassifyQueries.Item.class, items))
                .apply("Classify Queries", new ClassifyQueries(context)));
    if (context.config().hasLinearProbe()) {
      parts =
          parts.and(
              begin
                  .apply("List Probes", numbers(probedFeatures(context).size()))
                  .apply("Fit Probes", new FitProbes(context)));
    }
    if (context.optionalInput(CLUSTERING).isPresent()) {
      int count = context.input(CLUSTERING).content().getClustering().getResultsCount();
      parts =
          parts.and(
              begin
                  .apply("List Clusterings", numbers(count))
                  .apply("Compare With Labels", new CompareClusters(context)));
    }
    return parts.apply("All Measurements", Flatten.pCollections());
  }

  private static WorkItems<Integer> numbers(int count) {
    return WorkItems.of(Integer.class, IntStream.range(0, count).boxed().toList());
  }

  /** Adds up the parts: each holds shares of accuracies, weighted by queries, or whole metrics. */
  @Override
  public Content describe(StageContext<EvaluateConfig> context, List<Part> parts) {
    Map<MetricValue, Double> sums =
        parts.stream()
            .flatMap(part -> part.content().getEvaluation().getMetricsList().stream())
            .collect(
                Collectors.groupingBy(
                    metric -> metric.toBuilder().clearValue().build(),
                    Collectors.summingDouble(MetricValue::getValue)));
    int queries = queries(context);
    List<MetricValue> metrics =
        sums.entrySet().stream()
            .map(entry -> entry.getKey().toBuilder().setValue(entry.getValue()).build())
            .map(
                metric ->
                    ClassifyQueries.isCount(metric)
                        ? metric.toBuilder().setValue(metric.getValue() / queries).build()
                        : metric)
            .sorted(
                Comparator.comparing(MetricValue::getName)
                    .thenComparing(MetricValue::getLayer)
                    .thenComparing(MetricValue::getFeaturesValue))
            .toList();
    Evaluation.Builder evaluation =
        Evaluation.newBuilder()
            .addAllMetrics(metrics)
            .addAllLinearProbes(probes(context, parts))
            .setQuerySplit(context.config().getQuerySplit())
            .setBaseSplit(context.config().getBaseSplit());
    if (parts.stream().anyMatch(part -> !part.files().isEmpty())) {
      evaluation.setGalleryFeatures(features(context).get(ClassifyQueries.GALLERY_FEATURES));
    }
    return Content.newBuilder().setEvaluation(evaluation).build();
  }

  /** Returns the probes in the order of the features. */
  private static List<LinearProbeFit> probes(
      StageContext<EvaluateConfig> context, List<Part> parts) {
    List<FeatureTable> order = probedFeatures(context);
    return parts.stream()
        .flatMap(part -> part.content().getEvaluation().getLinearProbesList().stream())
        .sorted(Comparator.comparingInt(probe -> order.indexOf(probe.getFeatures())))
        .toList();
  }
}
