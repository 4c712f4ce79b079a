package org.kindred.stages.graph;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.beam.sdk.values.PBegin;
import org.apache.beam.sdk.values.PCollection;
import org.kindred.models.neighbors.ExactSearch;
import org.kindred.models.neighbors.NeighborLists;
import org.kindred.models.neighbors.RowClusters;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.FeatureTable;
import org.kindred.proto.artifact.v1.GraphBase;
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
import org.kindred.stages.graph.FindNeighbors.BlockPair;

/** EmbeddingSet (and a second one) -> NeighborGraph: k nearest neighbours, exact or approximate. */
public final class GraphStage implements Stage<GraphConfig> {

  /** Of 50,000 rows of 128 values and k = 10: README, Measured. */
  private static final double EXACT_FLOPS_PER_CORE_SECOND = 5e10;

  /** Of 200,000 rows of 128 values and k = 10: README, Measured. */
  private static final double APPROXIMATE_FLOPS_PER_CORE_SECOND = 3e10;

  @Override
  public String name() {
    return "graph";
  }

  @Override
  public String description() {
    return "finds the k nearest neighbours of every embedding, exact or approximate";
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
    return List.of(GraphSides.EMBEDDINGS, GraphSides.BASE);
  }

  @Override
  public ArtifactType output() {
    return ArtifactType.ARTIFACT_TYPE_NEIGHBOR_GRAPH;
  }

  @Override
  public boolean usesAllProcessors() {
    return true;
  }

  @Override
  public boolean usesSeed() {
    return false;
  }

  @Override
  public void checkConfig(GraphConfig config) {
    if (config.getTileRows() % NeighborShards.ROWS != 0) {
      throw new StageException(
          "graph.tile_rows is %d, valid are multiples of %d"
              .formatted(config.getTileRows(), NeighborShards.ROWS));
    }
  }

  @Override
  public void check(StageContext<GraphConfig> context) {
    GraphConfig config = context.config();
    FeatureTable nodes = GraphSides.nodeFeatures(context);
    long rows = GraphSides.nodeRows(context);
    if (GraphSides.isCross(config)) {
      checkBase(context, nodes);
    } else if (context.optionalInput(GraphSides.BASE.name()).isPresent()) {
      throw new StageException(
          "graph.base_split is empty, but there is an input base: valid is one of its splits");
    } else if (config.getK() >= rows) {
      throw new StageException(
          "graph.k is %d, valid is 1 to %d: split %s has %d examples"
              .formatted(config.getK(), rows - 1, config.getSplit(), rows));
    }
    if (config.getSearch().hasApproximate() && rows < 2) {
      throw new StageException(
          "graph.search is approximate, but split %s has %d examples, valid are 2 or more"
              .formatted(config.getSplit(), rows));
    }
    TileRows.check(context);
  }

  private static void checkBase(StageContext<GraphConfig> context, FeatureTable nodes) {
    GraphConfig config = context.config();
    String split = config.getBaseSplit();
    if (split.equals(config.getSplit())
        && GraphSides.baseArtifact(context)
            .digest()
            .equals(context.input(GraphSides.EMBEDDINGS.name()).digest())) {
      throw new StageException(
          "graph.split and graph.base_split are both \"%s\": every node would find itself"
              .formatted(split));
    }
    long rows = GraphSides.baseRows(context);
    if (config.getK() > rows) {
      throw new StageException(
          "graph.k is %d, valid is 1 to %d: split %s has %d examples"
              .formatted(config.getK(), rows, split, rows));
    }
    int dimension = GraphSides.baseFeatures(context).getDimension();
    if (dimension != nodes.getDimension()) {
      throw new StageException(
          "features of input base have dimension %d, valid is that of the nodes, %d"
              .formatted(dimension, nodes.getDimension()));
    }
  }

  private static RowBlocks blocks(StageContext<GraphConfig> context, long rows) {
    return RowBlocks.of(Math.toIntExact(rows), TileRows.of(context));
  }

  @Override
  public Optional<Estimate> estimate(StageContext<GraphConfig> context) {
    SearchPlan search = SearchPlan.of(context);
    long nodes = GraphSides.nodeRows(context);
    TableSize table =
        TableSize.of(
            Tables.NEIGHBORS,
            Tables.neighbors(context.config().getK()),
            nodes,
            NeighborShards.ROWS,
            Map.of());
    Estimate.Builder estimate =
        Estimate.of((double) nodes)
            .table(table)
            .parts(table.files(), 1)
            .flops(search.flops())
            .holds(GraphSides.heapBytes(context));
    if (!search.note().isEmpty()) {
      estimate.note(search.note());
    }
    if (search.targetRecall().isPresent()) {
      estimateApproximate(context, estimate);
      return Optional.of(
          estimate.byFlops(describe(context, List.of()), APPROXIMATE_FLOPS_PER_CORE_SECOND));
    }
    estimateExact(context, estimate, table.files());
    return Optional.of(estimate.byFlops(describe(context, List.of()), EXACT_FLOPS_PER_CORE_SECOND));
  }

  private static void estimateExact(
      StageContext<GraphConfig> context, Estimate.Builder estimate, long files) {
    int k = context.config().getK();
    long nodes = GraphSides.nodeRows(context);
    RowBlocks blocks = blocks(context, nodes);
    RowBlocks base = blocks(context, GraphSides.baseRows(context));
    boolean cross = GraphSides.isCross(context.config());
    double lists =
        base.count()
            * (files * (NeighborLists.bytes(0, k) + Integer.BYTES) + NeighborLists.bytes(nodes, k));
    double tile = (double) Math.min(nodes, TileRows.of(context));
    double baseTile = (double) Math.min(GraphSides.baseRows(context), TileRows.of(context));
    int dimension = GraphSides.nodeFeatures(context).getDimension();
    double side = tile * ExactSearch.bytesOfRow(k, dimension);
    estimate
        .workItems(
            cross ? (long) blocks.count() * base.count() : blocks.pairs(), new BlockPair(0, 0))
        .shuffled(lists)
        .holds(side)
        .holds(cross ? 2 * Float.BYTES * dimension * baseTile : side)
        .holds((cross ? 1 : 2) * NeighborLists.bytes(blocks.blockRows(), k));
  }

  private static void estimateApproximate(
      StageContext<GraphConfig> context, Estimate.Builder estimate) {
    int k = context.config().getK();
    int dimension = GraphSides.nodeFeatures(context).getDimension();
    long base = GraphSides.baseRows(context);
    long run = Math.min(GraphSides.nodeRows(context), ProbeClusters.runRows(context));
    long runs = ProbeClusters.workItems(context);
    double centers = (double) Float.BYTES * dimension * RowClusters.count(base);
    double samples = 2 * NeighborLists.bytes(RowSample.NODES, k + 1);
    estimate
        .workItems(ProbeClusters.workItems(context), new ProbeClusters.Rows(0, 0))
        .parts(1, 0)
        .shuffled(runs * (centers + (double) Integer.BYTES * base + samples))
        .holds(run * ExactSearch.bytesOfRow(k, dimension))
        .holds(NeighborLists.bytes(run, k))
        .holds(2 * centers + 3.0 * Integer.BYTES * base);
  }

  @Override
  public PCollection<Part> expand(PBegin begin, StageContext<GraphConfig> context) {
    Optional<Double> targetRecall = SearchPlan.of(context).targetRecall();
    if (targetRecall.isPresent()) {
      return begin.apply("Find Neighbors", new ProbeClusters(context, targetRecall.get()));
    }
    RowBlocks nodes = blocks(context, GraphSides.nodeRows(context));
    RowBlocks base = blocks(context, GraphSides.baseRows(context));
    List<BlockPair> pairs =
        GraphSides.isCross(context.config())
            ? FindNeighbors.pairs(nodes, base)
            : FindNeighbors.pairs(nodes);
    return begin
        .apply("List Block Pairs", WorkItems.of(BlockPair.class, pairs))
        .apply("Find Neighbors", new FindNeighbors(context, nodes, base));
  }

  @Override
  public Content describe(StageContext<GraphConfig> context, List<Part> parts) {
    GraphConfig config = context.config();
    NeighborGraph.Builder graph =
        NeighborGraph.newBuilder()
            .setNodes(GraphSides.nodeRows(context))
            .setK(config.getK())
            .setMetric(config.getMetric())
            .setFeatures(GraphSides.nodeFeatures(context))
            .setSplit(config.getSplit())
            .setEmbeddings(context.input(GraphSides.EMBEDDINGS.name()).digest());
    if (GraphSides.isCross(config)) {
      graph.setBase(
          GraphBase.newBuilder()
              .setRows(GraphSides.baseRows(context))
              .setSplit(config.getBaseSplit())
              .setEmbeddings(GraphSides.baseArtifact(context).digest()));
    }
    parts.stream()
        .map(part -> part.content().getNeighborGraph())
        .filter(NeighborGraph::hasApproximation)
        .forEach(part -> graph.setApproximation(part.getApproximation()));
    return Content.newBuilder().setNeighborGraph(graph).build();
  }
}
