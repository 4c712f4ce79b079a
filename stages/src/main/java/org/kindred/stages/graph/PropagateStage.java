package org.kindred.stages.graph;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.beam.sdk.values.PBegin;
import org.apache.beam.sdk.values.PCollection;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.HopStatistics;
import org.kindred.proto.artifact.v1.NeighborGraph;
import org.kindred.proto.artifact.v1.PositiveSet;
import org.kindred.proto.pipeline.v1.PropagateConfig;
import org.kindred.stages.Estimate;
import org.kindred.stages.Estimate.Work;
import org.kindred.stages.Memory;
import org.kindred.stages.Part;
import org.kindred.stages.Runs;
import org.kindred.stages.Stage;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.StageInput;
import org.kindred.stages.WorkItems;
import org.kindred.stages.arrow.TableSize;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.features.FeatureReader;

/** NeighborGraph + EmbeddingSet -> PositiveSet. */
public final class PropagateStage implements Stage<PropagateConfig> {
  static final String GRAPH = "graph";
  static final String EMBEDDINGS = "embeddings";

  /** With the walk that finds the nodes, and the writing. */
  private static final double PRODUCTS_PER_CORE_SECOND = 8e7;

  @Override
  public String name() {
    return "propagate";
  }

  @Override
  public String description() {
    return "finds positives by walking the neighbour graph";
  }

  @Override
  public int version() {
    return 4;
  }

  @Override
  public PropagateConfig defaultConfig() {
    return PropagateConfig.getDefaultInstance();
  }

  @Override
  public List<StageInput> inputs() {
    return List.of(
        StageInput.required(GRAPH, ArtifactType.ARTIFACT_TYPE_NEIGHBOR_GRAPH),
        StageInput.required(EMBEDDINGS, ArtifactType.ARTIFACT_TYPE_EMBEDDING_SET));
  }

  @Override
  public ArtifactType output() {
    return ArtifactType.ARTIFACT_TYPE_POSITIVE_SET;
  }

  @Override
  public boolean usesSeed() {
    return false;
  }

  static NeighborGraph graph(StageContext<PropagateConfig> context) {
    return context.input(GRAPH).content().getNeighborGraph();
  }

  @Override
  public void check(StageContext<PropagateConfig> context) {
    NeighborGraph graph = graph(context);
    int k = context.config().getK();
    if (k > graph.getK()) {
      throw new StageException(
          "propagate.k is %d, valid is 1 to %d, the graph's neighbours of a node"
              .formatted(k, graph.getK()));
    }
    checkMemory(graph.getNodes(), k);
    context.checkMadeOf(GRAPH, graph.getEmbeddings(), EMBEDDINGS);
  }

  /** A worker holds the neighbours that are followed in one array, and two marks of each node. */
  private static void checkMemory(long nodes, int k) {
    if (nodes > Integer.MAX_VALUE / k) {
      throw new StageException(
          "propagate.k is %d, valid is 1 to %d for a graph of %d nodes"
              .formatted(k, Integer.MAX_VALUE / nodes, nodes));
    }
    Memory.check(
        "propagate.k is %d: following the neighbours of %d nodes".formatted(k, nodes),
        heapBytes(nodes, k),
        0);
  }

  private static double heapBytes(long nodes, int k) {
    return (double) Integer.BYTES * nodes * (k + 2);
  }

  /** Most positives of a node: no two paths lead to the same one. */
  private static double mostPositives(PropagateConfig config, long nodes) {
    double positives = 0;
    double reached = 1;
    for (int hop = 1; hop <= config.getHops(); hop++) {
      reached *= config.getK();
      positives += reached;
    }
    return Math.min(nodes - 1.0, positives);
  }

  @Override
  public Optional<Estimate> estimate(StageContext<PropagateConfig> context) {
    PropagateConfig config = context.config();
    NeighborGraph graph = graph(context);
    long nodes = graph.getNodes();
    double found = mostPositives(config, nodes);
    double stored =
        config.getMaxPositives() == 0 ? found : Math.min(found, config.getMaxPositives());
    double hard = Math.min(found, config.getHardPositives());
    TableSize table =
        TableSize.of(
            Tables.POSITIVES,
            Tables.positives(),
            nodes,
            WalkGraph.SHARD_ROWS,
            Map.of(
                "positives", stored,
                "hops", stored,
                "hard_positives", hard,
                "hard_similarities", hard));
    double similarities = nodes * (found + hard);
    return Optional.of(
        Estimate.of((double) nodes)
            .table(table)
            .workItems(table.files(), new WalkGraph.Item(0, 0, 0), 1)
            .holds(heapBytes(nodes, config.getK()))
            .holds(
                FeatureReader.heapBytes(
                    nodes, context.input(EMBEDDINGS).content().getEmbeddingSet().getExamples()))
            .holds(2 * table.batchBytes())
            .note(
                "bytes and core-hours are the most that %.0f positives of a node can take"
                    .formatted(found))
            .by(
                describe(context, List.of()),
                new Work(
                    similarities * graph.getFeatures().getDimension(),
                    "products of values",
                    PRODUCTS_PER_CORE_SECOND)));
  }

  @Override
  public PCollection<Part> expand(PBegin begin, StageContext<PropagateConfig> context) {
    List<WalkGraph.Item> items =
        Runs.of(Math.toIntExact(graph(context).getNodes()), WalkGraph.SHARD_ROWS)
            .map(run -> new WalkGraph.Item(run.number(), run.first(), run.count()))
            .toList();
    return begin
        .apply("List Nodes", WorkItems.of(WalkGraph.Item.class, items))
        .apply("Walk Graph", new WalkGraph(context));
  }

  @Override
  public Content describe(StageContext<PropagateConfig> context, List<Part> parts) {
    PropagateConfig config = context.config();
    PositiveSet.Builder set =
        PositiveSet.newBuilder()
            .setDataset(context.producerInput(EMBEDDINGS, "dataset"))
            .setSplit(graph(context).getSplit())
            .setNodes(graph(context).getNodes())
            .setK(config.getK())
            .setHops(config.getHops())
            .setHardPositives(config.getHardPositives())
            .setMaxPositives(config.getMaxPositives());
    HopStatistics.Builder hard = HopStatistics.newBuilder();
    HopStatistics.Builder[] perHop = new HopStatistics.Builder[config.getHops()];
    for (int hop = 1; hop <= perHop.length; hop++) {
      perHop[hop - 1] = HopStatistics.newBuilder().setHop(hop);
    }
    for (Part part : parts) {
      PositiveSet some = part.content().getPositiveSet();
      set.setPositives(set.getPositives() + some.getPositives())
          .setLargestSet(Math.max(set.getLargestSet(), some.getLargestSet()))
          .setTruncated(set.getTruncated() + some.getTruncated());
      add(hard, some.getHard());
      some.getPerHopList().forEach(hop -> add(perHop[hop.getHop() - 1], hop));
    }
    for (HopStatistics.Builder hop : perHop) {
      set.addPerHop(hop);
    }
    return Content.newBuilder().setPositiveSet(set.setHard(hard)).build();
  }

  private static void add(HopStatistics.Builder sum, HopStatistics some) {
    sum.setPositives(sum.getPositives() + some.getPositives())
        .setLabelled(sum.getLabelled() + some.getLabelled())
        .setCorrect(sum.getCorrect() + some.getCorrect());
  }
}
