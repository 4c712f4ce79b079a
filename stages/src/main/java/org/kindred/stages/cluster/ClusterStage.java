package org.kindred.stages.cluster;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.beam.sdk.values.PBegin;
import org.apache.beam.sdk.values.PCollection;
import org.kindred.models.clustering.KMeans;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Clustering;
import org.kindred.proto.artifact.v1.ClusteringResult;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.FeatureTable;
import org.kindred.proto.pipeline.v1.ClusterConfig;
import org.kindred.stages.Estimate;
import org.kindred.stages.Memory;
import org.kindred.stages.Part;
import org.kindred.stages.Stage;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.StageInput;
import org.kindred.stages.WorkItems;
import org.kindred.stages.arrow.TableSize;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.cluster.ClusterFeatures.Restarts;
import org.kindred.stages.features.FeatureReader;

/** EmbeddingSet -> Clustering by k-means, for every source of features. */
public final class ClusterStage implements Stage<ClusterConfig> {
  static final String EMBEDDINGS = "embeddings";

  /**
   * Of 10 clusters; with more of them, products are a larger part of the work, and it is faster.
   */
  private static final double FLOPS_PER_CORE_SECOND = 2e9;

  /** Assignments and centres. */
  private static final int FILES_OF_RESULT = 2;

  @Override
  public String name() {
    return "cluster";
  }

  @Override
  public String description() {
    return "clusters embeddings by k-means, with the baselines' beside them";
  }

  @Override
  public int version() {
    return 4;
  }

  @Override
  public ClusterConfig defaultConfig() {
    return ClusterConfig.getDefaultInstance();
  }

  @Override
  public List<StageInput> inputs() {
    return List.of(StageInput.required(EMBEDDINGS, ArtifactType.ARTIFACT_TYPE_EMBEDDING_SET));
  }

  @Override
  public ArtifactType output() {
    return ArtifactType.ARTIFACT_TYPE_CLUSTERING;
  }

  @Override
  public void check(StageContext<ClusterConfig> context) {
    features(context);
    long examples =
        FeatureReader.split(context.input(EMBEDDINGS), "cluster.split", context.config().getSplit())
            .getExamples();
    int clusters = clusters(context);
    if (clusters == 0) {
      throw new StageException(
          "cluster.clusters is 0, which is as many as classes, but the embeddings have none: valid is 1 to %d"
              .formatted(examples));
    }
    if (clusters > examples) {
      throw new StageException(
          "cluster.clusters is %d, valid is 1 to %d, the examples of split %s"
              .formatted(clusters, examples, context.config().getSplit()));
    }
    features(context).forEach(table -> checkMemory(context, table, examples));
  }

  /** k-means holds the split's rows, and the centres, each in one array. */
  private static void checkMemory(
      StageContext<ClusterConfig> context, FeatureTable table, long examples) {
    int clusters = clusters(context);
    int dimension = table.getDimension();
    String rows =
        "cluster.split is \"%s\": k-means of its %d rows in table %s"
            .formatted(context.config().getSplit(), examples, table.getTable());
    int largest = FeatureReader.MAX_VALUES / Math.max(1, dimension);
    if (examples > largest) {
      throw new StageException(
          "%s, of dimension %d, holds at most %d rows".formatted(rows, dimension, largest));
    }
    if (clusters > largest) {
      throw new StageException(
          "cluster.clusters is %d, valid is 1 to %d for table %s, of dimension %d"
              .formatted(clusters, largest, table.getTable(), dimension));
    }
    Memory.check(
        rows,
        KMeans.heapBytes(examples, dimension, clusters, together(context)),
        KMeans.nativeBytes(examples, dimension));
  }

  /** Returns the number of clusters: as configured, or as many as there are classes. */
  static int clusters(StageContext<ClusterConfig> context) {
    return context.config().getClusters() > 0
        ? context.config().getClusters()
        : context.input(EMBEDDINGS).content().getEmbeddingSet().getClassNamesCount();
  }

  static List<FeatureTable> features(StageContext<ClusterConfig> context) {
    return FeatureReader.ofLayers(
        context.input(EMBEDDINGS), List.of(context.config().getLayer()), context.step());
  }

  @Override
  public Optional<Estimate> estimate(StageContext<ClusterConfig> context) {
    ClusterConfig config = context.config();
    List<FeatureTable> features = features(context);
    long rows =
        FeatureReader.split(context.input(EMBEDDINGS), "cluster.split", config.getSplit())
            .getExamples();
    int clusters = clusters(context);
    List<Restarts> items = restarts(context);
    double held = 0;
    Clustering.Builder clustering = Clustering.newBuilder();
    Estimate.Builder estimate = Estimate.of((double) rows * features.size());
    for (FeatureTable table : features) {
      int dimension = table.getDimension();
      String assignments = ClusterFeatures.assignments(table);
      String centers = ClusterFeatures.centers(table);
      estimate
          .table(TableSize.of(assignments, Tables.assignments(), rows, rows, Map.of()))
          .table(TableSize.of(centers, Tables.vectors(dimension), clusters, clusters, Map.of()))
          .flops(2.0 * rows * dimension * clusters * config.getRestarts() * config.getIterations());
      held =
          Math.max(
              held,
              KMeans.heapBytes(rows, dimension, clusters, together(context))
                  + KMeans.nativeBytes(rows, dimension));
      clustering.addResults(
          ClusteringResult.newBuilder().setFeatures(table).setClusters(clusters).setRows(rows));
    }
    Part all = Part.of(List.of(), Content.newBuilder().setClustering(clustering).build());
    return Optional.of(
        estimate
            .workItems(items.size(), items.get(0), FILES_OF_RESULT)
            .holds(held)
            .holds(
                FeatureReader.heapBytes(
                    rows, context.input(EMBEDDINGS).content().getEmbeddingSet().getExamples()))
            .note(
                "core-hours are for all of the %d iterations; k-means mostly ends long before"
                    .formatted(config.getIterations()))
            .byFlops(describe(context, List.of(all)), FLOPS_PER_CORE_SECOND));
  }

  @Override
  public PCollection<Part> expand(PBegin begin, StageContext<ClusterConfig> context) {
    return begin
        .apply("List Restarts", WorkItems.of(Restarts.class, restarts(context)))
        .apply("Cluster Features", new ClusterFeatures(context));
  }

  private static int together(StageContext<ClusterConfig> context) {
    return Math.min(context.config().getRestarts(), KMeans.restartsOfTask(clusters(context)));
  }

  private static List<Restarts> restarts(StageContext<ClusterConfig> context) {
    int all = context.config().getRestarts();
    int together = together(context);
    List<Restarts> items = new ArrayList<>();
    for (int table = 0; table < features(context).size(); table++) {
      for (int first = 0; first < all; first += together) {
        items.add(new Restarts(table, first, Math.min(together, all - first)));
      }
    }
    return items;
  }

  @Override
  public Content describe(StageContext<ClusterConfig> context, List<Part> parts) {
    List<FeatureTable> order = features(context);
    List<ClusteringResult> results =
        parts.stream()
            .flatMap(part -> part.content().getClustering().getResultsList().stream())
            .sorted(Comparator.comparingInt(result -> indexOf(order, result.getFeatures())))
            .toList();
    return Content.newBuilder()
        .setClustering(
            Clustering.newBuilder()
                .addAllResults(results)
                .setSplit(context.config().getSplit())
                .setEmbeddings(context.input(EMBEDDINGS).digest()))
        .build();
  }

  private static int indexOf(List<FeatureTable> tables, FeatureTable table) {
    return IntStream.range(0, tables.size())
        .filter(i -> tables.get(i).equals(table))
        .findFirst()
        .orElseThrow();
  }
}
