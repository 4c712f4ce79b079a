package org.kindred.stages.cluster;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.beam.sdk.values.PBegin;
import org.apache.beam.sdk.values.PCollection;
import org.kindred.models.clustering.BalancedAssignment;
import org.kindred.models.clustering.KMeans;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Clustering;
import org.kindred.proto.artifact.v1.ClusteringResult;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.FeatureTable;
import org.kindred.proto.artifact.v1.NeighborGraph;
import org.kindred.proto.pipeline.v1.ClusterConfig;
import org.kindred.proto.pipeline.v1.ClusterStart;
import org.kindred.proto.pipeline.v1.EmptyClusterRule;
import org.kindred.proto.pipeline.v1.Execution;
import org.kindred.stages.Estimate;
import org.kindred.stages.Memory;
import org.kindred.stages.Part;
import org.kindred.stages.Runs;
import org.kindred.stages.Stage;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.StageInput;
import org.kindred.stages.WorkItems;
import org.kindred.stages.cluster.ClusterFeatures.Restarts;
import org.kindred.stages.features.FeatureReader;

/**
 * EmbeddingSet -> Clustering by k-means, for every source of features; or the clusters of a
 * NeighborGraph of it.
 */
public final class ClusterStage implements Stage<ClusterConfig> {
  static final String EMBEDDINGS = "embeddings";
  static final String GRAPH = "graph";

  /** Share of the heap up to which rows are taken to fit there. */
  private static final double HEAP_SHARE = 0.5;

  @Override
  public String name() {
    return "cluster";
  }

  @Override
  public String description() {
    return "clusters embeddings by k-means, with the baselines' beside them, or by their graph";
  }

  @Override
  public int version() {
    return 6;
  }

  @Override
  public ClusterConfig defaultConfig() {
    return ClusterConfig.getDefaultInstance();
  }

  @Override
  public List<StageInput> inputs() {
    return List.of(
        StageInput.required(EMBEDDINGS, ArtifactType.ARTIFACT_TYPE_EMBEDDING_SET),
        StageInput.optional(GRAPH, ArtifactType.ARTIFACT_TYPE_NEIGHBOR_GRAPH));
  }

  @Override
  public ArtifactType output() {
    return ArtifactType.ARTIFACT_TYPE_CLUSTERING;
  }

  @Override
  public boolean usesAllProcessors() {
    return true;
  }

  @Override
  public void check(StageContext<ClusterConfig> context) {
    boolean bound = context.optionalInput(GRAPH).isPresent();
    if (bound != context.config().hasGraph()) {
      throw new StageException(
          bound
              ? "step %s has an input graph, but no cluster.graph that says what to do with it"
                  .formatted(context.step())
              : "cluster.graph is set, but step %s has no input graph".formatted(context.step()));
    }
    if (bound) {
      checkGraph(context);
      return;
    }
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
    if (isDistributed(context)) {
      checkDistributed(context.config());
      features(context).forEach(table -> checkSums(context, table));
    } else {
      features(context).forEach(table -> checkMemory(context, table, examples));
    }
  }

  private static void checkGraph(StageContext<ClusterConfig> context) {
    NeighborGraph graph = graph(context);
    if (graph.hasBase()) {
      throw new StageException(
          "the graph of step %s is a cross graph: its neighbours, of split %s, are no nodes of it"
              .formatted(context.step(), graph.getBase().getSplit()));
    }
    checkUnread(context.config(), graph);
    if (ClusterGraph.k(context) > graph.getK()) {
      throw new StageException(
          "cluster.graph.k is %d, valid is 0 to %d, the graph's neighbours of a node"
              .formatted(ClusterGraph.k(context), graph.getK()));
    }
    context.checkMadeOf(GRAPH, graph.getEmbeddings(), EMBEDDINGS);
    if (graph.getNodes() > FeatureReader.MAX_VALUES / ClusterGraph.k(context)) {
      throw new StageException(
          "cluster.graph.k is %d, valid is 1 to %d for a graph of %d nodes"
              .formatted(
                  ClusterGraph.k(context),
                  FeatureReader.MAX_VALUES / graph.getNodes(),
                  graph.getNodes()));
    }
    Memory.check(
        "clustering a graph of %d nodes".formatted(graph.getNodes()), graphBytes(context), 0);
  }

  /** What is clustered is the graph's to say, and k-means has no part. */
  private static void checkUnread(ClusterConfig config, NeighborGraph graph) {
    ClusterConfig defaults = ClusterConfig.getDefaultInstance();
    for (FieldDescriptor field : config.getDescriptorForType().getFields()) {
      if (field.getJavaType() == JavaType.MESSAGE) {
        continue;
      }
      Object valid =
          switch (field.getName()) {
            case "split" -> graph.getSplit();
            case "layer" -> graph.getFeatures().getLayer();
            default -> defaults.getField(field);
          };
      Object value = config.getField(field);
      if (!value.equals(defaults.getField(field)) && !value.equals(valid)) {
        throw new StageException(
            "cluster.%s is %s, valid with cluster.graph is %s"
                .formatted(field.getName(), value, valid));
      }
    }
  }

  /** The neighbours and similarities, those that count beside them, and the rows. */
  static double graphBytes(StageContext<ClusterConfig> context) {
    NeighborGraph graph = graph(context);
    double ofNode = 5.0 * ClusterGraph.k(context) + graph.getFeatures().getDimension();
    return graph.getNodes() * ofNode * Float.BYTES;
  }

  private static void checkDistributed(ClusterConfig config) {
    String spread =
        ", when the rows are spread over the workers"
            + (config.getExecution() == Execution.EXECUTION_DISTRIBUTED
                ? ""
                : ", as they are since they do not fit half of this process's Java heap (-Xmx)");
    if (config.hasBalanced()) {
      throw new StageException("cluster.balanced is set, valid is k-means alone" + spread);
    }
    if (config.getStart() == ClusterStart.CLUSTER_START_PLUS_PLUS) {
      throw new StageException(
          "cluster.start is plus_plus, valid are parallel and random_rows" + spread);
    }
    if (config.getEmptyClusters() == EmptyClusterRule.EMPTY_CLUSTER_RULE_FARTHEST_ROW) {
      throw new StageException(
          "cluster.empty_clusters is farthest_row, valid are split and unchanged" + spread);
    }
    if (config.getIterations() > ClusterShards.MAX_ITERATIONS) {
      throw new StageException(
          "cluster.iterations is %d, valid is 1 to %d%s"
              .formatted(config.getIterations(), ClusterShards.MAX_ITERATIONS, spread));
    }
  }

  /** The sums of all restarts travel together. */
  private static void checkSums(StageContext<ClusterConfig> context, FeatureTable table) {
    double ofRestart = (double) Long.BYTES * clusters(context) * (table.getDimension() + 1);
    int most = (int) (Integer.MAX_VALUE / 2.0 / ofRestart);
    if (context.config().getRestarts() > most) {
      throw new StageException(
          "cluster.restarts is %d, valid is %s, when the rows are spread over the workers: the sums of %d clusters of table %s, of dimension %d, take %.1f MB each"
              .formatted(
                  context.config().getRestarts(),
                  most == 0 ? "none" : "1 to " + most,
                  clusters(context),
                  table.getTable(),
                  table.getDimension(),
                  ofRestart / 1e6));
    }
  }

  /** Whether no worker holds all rows. */
  static boolean isDistributed(StageContext<ClusterConfig> context) {
    return switch (context.config().getExecution()) {
      case EXECUTION_DISTRIBUTED -> true;
      case EXECUTION_IN_MEMORY -> false;
      default -> features(context).stream().anyMatch(table -> !fits(context, table));
    };
  }

  private static boolean fits(StageContext<ClusterConfig> context, FeatureTable table) {
    long rows = rows(context);
    int dimension = Math.max(1, table.getDimension());
    return rows <= FeatureReader.MAX_VALUES / dimension
        && heapBytes(context, rows, dimension) <= Runtime.getRuntime().maxMemory() * HEAP_SHARE;
  }

  static double heapBytes(StageContext<ClusterConfig> context, long rows, int dimension) {
    int clusters = clusters(context);
    double kmeans = KMeans.heapBytes(rows, dimension, clusters, together(context));
    return context.config().hasBalanced()
        ? kmeans + BalancedAssignment.heapBytes(rows, clusters)
        : kmeans;
  }

  static long rows(StageContext<ClusterConfig> context) {
    return FeatureReader.split(
            context.input(EMBEDDINGS), "cluster.split", context.config().getSplit())
        .getExamples();
  }

  static NeighborGraph graph(StageContext<ClusterConfig> context) {
    return context.input(GRAPH).content().getNeighborGraph();
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
        heapBytes(context, examples, dimension),
        KMeans.nativeBytes(dimension, clusters, together(context)));
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
    ClusterSize size = new ClusterSize(this, context);
    return Optional.of(context.config().hasGraph() ? size.ofGraph() : size.ofFeatures());
  }

  @Override
  public PCollection<Part> expand(PBegin begin, StageContext<ClusterConfig> context) {
    if (context.config().hasGraph()) {
      return begin
          .apply("One Graph", WorkItems.of(Integer.class, List.of(0)))
          .apply("Cluster Graph", new ClusterGraph(context));
    }
    if (isDistributed(context)) {
      return begin
          .apply("List Shards", WorkItems.of(ClusterShards.Rows.class, shards(context)))
          .apply("Cluster Shards", new ClusterShards(context));
    }
    return begin
        .apply("List Restarts", WorkItems.of(Restarts.class, restarts(context)))
        .apply("Cluster Features", new ClusterFeatures(context));
  }

  static List<ClusterShards.Rows> shards(StageContext<ClusterConfig> context) {
    int rows = Math.toIntExact(rows(context));
    return IntStream.range(0, features(context).size())
        .boxed()
        .flatMap(
            table ->
                Runs.of(rows, ClusterWriter.SHARD_ROWS)
                    .map(
                        run ->
                            new ClusterShards.Rows(table, run.number(), run.first(), run.count())))
        .toList();
  }

  private static int together(StageContext<ClusterConfig> context) {
    int all = context.config().getRestarts();
    // What k-means ends in is shared out once, after the best restart.
    return context.config().hasBalanced()
        ? all
        : Math.min(all, KMeans.restartsOfTask(clusters(context)));
  }

  static List<Restarts> restarts(StageContext<ClusterConfig> context) {
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
    boolean ofGraph = context.config().hasGraph();
    List<FeatureTable> order = ofGraph ? List.of(graph(context).getFeatures()) : features(context);
    List<ClusteringResult> results =
        parts.stream()
            .flatMap(part -> part.content().getClustering().getResultsList().stream())
            .sorted(Comparator.comparingInt(result -> indexOf(order, result.getFeatures())))
            .toList();
    return Content.newBuilder()
        .setClustering(
            Clustering.newBuilder()
                .addAllResults(results)
                .setSplit(ofGraph ? graph(context).getSplit() : context.config().getSplit())
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
