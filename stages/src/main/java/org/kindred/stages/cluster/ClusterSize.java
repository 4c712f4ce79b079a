package org.kindred.stages.cluster;

import java.util.List;
import java.util.Map;
import org.kindred.proto.artifact.v1.Clustering;
import org.kindred.proto.artifact.v1.ClusteringResult;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.FeatureTable;
import org.kindred.proto.artifact.v1.NeighborGraph;
import org.kindred.proto.pipeline.v1.ClusterConfig;
import org.kindred.stages.Estimate;
import org.kindred.stages.Part;
import org.kindred.stages.Runs;
import org.kindred.stages.StageContext;
import org.kindred.stages.arrow.TableSize;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.cluster.ClusterFeatures.Restarts;
import org.kindred.stages.features.FeatureReader;

/**
 * How large the work of a configuration is.
 *
 * @param stage describes the artifact
 */
record ClusterSize(ClusterStage stage, StageContext<ClusterConfig> context) {

  /**
   * Of 10 clusters; with more of them, products are a larger part of the work, and it is faster.
   */
  private static final double FLOPS_PER_CORE_SECOND = 2e9;

  /** Centres, beside the assignments. */
  private static final int OTHER_FILES = 1;

  /** Returns the size of k-means. */
  Estimate ofFeatures() {
    ClusterConfig config = context.config();
    List<FeatureTable> features = ClusterStage.features(context);
    long rows = ClusterStage.rows(context);
    int clusters = ClusterStage.clusters(context);
    double held = 0;
    Clustering.Builder clustering = Clustering.newBuilder();
    Estimate.Builder estimate = Estimate.of((double) rows * features.size());
    for (FeatureTable table : features) {
      int dimension = table.getDimension();
      addTables(estimate, table, rows, clusters);
      estimate.flops(
          2.0 * rows * dimension * clusters * config.getRestarts() * config.getIterations());
      held = Math.max(held, ClusterStage.heapBytes(context, rows, dimension));
      clustering.addResults(
          ClusteringResult.newBuilder().setFeatures(table).setClusters(clusters).setRows(rows));
    }
    if (ClusterStage.isDistributed(context)) {
      addShards(estimate);
    } else {
      List<Restarts> items = ClusterStage.restarts(context);
      int files = OTHER_FILES + Runs.count(rows, ClusterWriter.SHARD_ROWS);
      estimate.workItems(items.size(), items.get(0), files).holds(held);
    }
    Part all = Part.of(List.of(), Content.newBuilder().setClustering(clustering).build());
    return estimate
        .holds(
            FeatureReader.heapBytes(
                rows,
                context.input(ClusterStage.EMBEDDINGS).content().getEmbeddingSet().getExamples()))
        .note(
            "core-hours are for all of the %d iterations; k-means mostly ends long before"
                .formatted(config.getIterations()))
        .byFlops(stage.describe(context, List.of(all)), FLOPS_PER_CORE_SECOND);
  }

  private static void addTables(
      Estimate.Builder estimate, FeatureTable table, long rows, long clusters) {
    estimate
        .table(
            TableSize.of(
                ClusterWriter.assignments(table),
                Tables.assignments(),
                rows,
                ClusterWriter.SHARD_ROWS,
                Map.of()))
        .table(
            TableSize.of(
                ClusterWriter.centers(table),
                Tables.vectors(table.getDimension()),
                clusters,
                clusters,
                Map.of()));
  }

  /** In each iteration every shard gets the centers and gives sums. */
  private void addShards(Estimate.Builder estimate) {
    ClusterConfig config = context.config();
    List<ClusterShards.Rows> shards = ClusterStage.shards(context);
    double values = 0;
    for (FeatureTable table : ClusterStage.features(context)) {
      values +=
          (double) ClusterStage.clusters(context)
              * config.getRestarts()
              * (1.0 + table.getDimension());
    }
    double ofIteration =
        shards.size() * values / ClusterStage.features(context).size() * (Long.BYTES + Float.BYTES);
    estimate
        .workItems(shards.size(), shards.get(0), 1)
        .parts(ClusterStage.features(context).size(), 1)
        .shuffled(config.getIterations() * ofIteration)
        .holds(values * (2 * Long.BYTES + 2 * Float.BYTES));
  }

  /** Returns the size of clustering a graph. */
  Estimate ofGraph() {
    NeighborGraph graph = ClusterStage.graph(context);
    Estimate.Builder estimate =
        Estimate.of((double) graph.getNodes())
            .workItems(1, 0, 1 + Runs.count(graph.getNodes(), ClusterWriter.SHARD_ROWS))
            .holds(ClusterStage.graphBytes(context))
            .flops(2.0 * graph.getNodes() * graph.getFeatures().getDimension())
            .note("how many clusters the graph has is not known before");
    addTables(estimate, graph.getFeatures(), graph.getNodes(), 1);
    Clustering clustering =
        Clustering.newBuilder()
            .addResults(
                ClusteringResult.newBuilder()
                    .setFeatures(graph.getFeatures())
                    .setRows(graph.getNodes()))
            .build();
    Part all = Part.of(List.of(), Content.newBuilder().setClustering(clustering).build());
    return estimate.byFlops(stage.describe(context, List.of(all)), FLOPS_PER_CORE_SECOND);
  }
}
