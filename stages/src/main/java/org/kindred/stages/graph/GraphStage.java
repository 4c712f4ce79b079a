package org.kindred.stages.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.beam.sdk.values.PBegin;
import org.apache.beam.sdk.values.PCollection;
import org.kindred.models.neighbors.ExactSearch;
import org.kindred.models.neighbors.NeighborLists;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.FeatureTable;
import org.kindred.proto.artifact.v1.NeighborGraph;
import org.kindred.proto.pipeline.v1.GraphConfig;
import org.kindred.stages.Estimate;
import org.kindred.stages.Part;
import org.kindred.stages.Stage;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.StageInput;
import org.kindred.stages.WorkItems;
import org.kindred.stages.arrow.TableSize;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.features.FeatureReader;

/** EmbeddingSet -> NeighborGraph: exact k nearest neighbours. */
public final class GraphStage implements Stage<GraphConfig> {
  static final String EMBEDDINGS = "embeddings";

  /** Of 50,000 rows of 128 values and k = 10: README, Measured. */
  private static final double FLOPS_PER_CORE_SECOND = 5e10;

  @Override
  public String name() {
    return "graph";
  }

  @Override
  public String description() {
    return "finds the exact k nearest neighbours of every embedding";
  }

  @Override
  public int version() {
    return 3;
  }

  @Override
  public GraphConfig defaultConfig() {
    return GraphConfig.getDefaultInstance();
  }

  @Override
  public List<StageInput> inputs() {
    return List.of(StageInput.required(EMBEDDINGS, ArtifactType.ARTIFACT_TYPE_EMBEDDING_SET));
  }

  @Override
  public ArtifactType output() {
    return ArtifactType.ARTIFACT_TYPE_NEIGHBOR_GRAPH;
  }

  @Override
  public boolean usesSeed() {
    return false;
  }

  @Override
  public void checkConfig(GraphConfig config) {
    if (config.getTileRows() % FindNeighbors.SHARD_ROWS != 0) {
      throw new StageException(
          "graph.tile_rows is %d, valid are multiples of %d"
              .formatted(config.getTileRows(), FindNeighbors.SHARD_ROWS));
    }
  }

  @Override
  public void check(StageContext<GraphConfig> context) {
    features(context);
    long nodes = nodes(context);
    if (context.config().getK() >= nodes) {
      throw new StageException(
          "graph.k is %d, valid is 1 to %d: split %s has %d examples"
              .formatted(context.config().getK(), nodes - 1, context.config().getSplit(), nodes));
    }
  }

  static FeatureTable features(StageContext<GraphConfig> context) {
    GraphConfig config = context.config();
    return FeatureReader.find(
        context.input(EMBEDDINGS),
        config.getFeatures().getSource(),
        config.getFeatures().getLayer(),
        context.step());
  }

  private static long nodes(StageContext<GraphConfig> context) {
    return FeatureReader.split(
            context.input(EMBEDDINGS), "graph.split", context.config().getSplit())
        .getExamples();
  }

  private static RowBlocks blocks(StageContext<GraphConfig> context) {
    return RowBlocks.of(Math.toIntExact(nodes(context)), context.config().getTileRows());
  }

  @Override
  public Optional<Estimate> estimate(StageContext<GraphConfig> context) {
    int k = context.config().getK();
    long nodes = nodes(context);
    RowBlocks blocks = blocks(context);
    double dimension = features(context).getDimension();
    TableSize table =
        TableSize.of(
            Tables.NEIGHBORS, Tables.neighbors(k), nodes, FindNeighbors.SHARD_ROWS, Map.of());
    double lists =
        blocks.count()
            * (table.files() * (NeighborLists.bytes(0, k) + Integer.BYTES)
                + NeighborLists.bytes(nodes, k));
    double sides = 2.0 * Math.min(nodes, context.config().getTileRows());
    return Optional.of(
        Estimate.of((double) nodes)
            .table(table)
            .workItems(blocks.pairs(), new FindNeighbors.BlockPair(0, 0))
            .parts(table.files(), 1)
            .shuffled(lists)
            .flops((double) nodes * (nodes - 1) * dimension)
            .holds(
                FeatureReader.heapBytes(
                    nodes, context.input(EMBEDDINGS).content().getEmbeddingSet().getExamples()))
            .holds(sides * (Float.BYTES * dimension + ExactSearch.bytesOfRow(k)))
            .holds(2 * NeighborLists.bytes(blocks.blockRows(), k))
            .byFlops(describe(context, List.of()), FLOPS_PER_CORE_SECOND));
  }

  @Override
  public PCollection<Part> expand(PBegin begin, StageContext<GraphConfig> context) {
    RowBlocks blocks = blocks(context);
    List<FindNeighbors.BlockPair> pairs = new ArrayList<>();
    for (int left = 0; left < blocks.count(); left++) {
      for (int right = left; right < blocks.count(); right++) {
        pairs.add(new FindNeighbors.BlockPair(left, right));
      }
    }
    return begin
        .apply("List Block Pairs", WorkItems.of(FindNeighbors.BlockPair.class, pairs))
        .apply("Find Neighbors", new FindNeighbors(context, blocks));
  }

  @Override
  public Content describe(StageContext<GraphConfig> context, List<Part> parts) {
    GraphConfig config = context.config();
    return Content.newBuilder()
        .setNeighborGraph(
            NeighborGraph.newBuilder()
                .setNodes(nodes(context))
                .setK(config.getK())
                .setMetric(config.getMetric())
                .setFeatures(features(context))
                .setSplit(config.getSplit())
                .setEmbeddings(context.input(EMBEDDINGS).digest()))
        .build();
  }
}
