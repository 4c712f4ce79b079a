package org.kindred.stages.graph;

import java.util.ArrayList;
import java.util.List;
import org.apache.beam.sdk.values.PBegin;
import org.apache.beam.sdk.values.PCollection;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.HopStatistics;
import org.kindred.proto.artifact.v1.NeighborGraph;
import org.kindred.proto.artifact.v1.PositiveSet;
import org.kindred.proto.pipeline.v1.PropagateConfig;
import org.kindred.stages.Memory;
import org.kindred.stages.Part;
import org.kindred.stages.Stage;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.StageInput;
import org.kindred.stages.WorkItems;

/** NeighborGraph + EmbeddingSet -> PositiveSet. */
public final class PropagateStage implements Stage<PropagateConfig> {
  static final String GRAPH = "graph";
  static final String EMBEDDINGS = "embeddings";

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
    return 3;
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
        (double) Integer.BYTES * nodes * (k + 2),
        0);
  }

  @Override
  public PCollection<Part> expand(PBegin begin, StageContext<PropagateConfig> context) {
    int nodes = Math.toIntExact(graph(context).getNodes());
    List<WalkGraph.Item> items = new ArrayList<>();
    for (int first = 0; first < nodes; first += WalkGraph.SHARD_ROWS) {
      items.add(
          new WalkGraph.Item(items.size(), first, Math.min(WalkGraph.SHARD_ROWS, nodes - first)));
    }
    return begin
        .apply("List Nodes", WorkItems.of(WalkGraph.Item.class, items))
        .apply("Walk Graph", new WalkGraph(context));
  }

  @Override
  public Content describe(StageContext<PropagateConfig> context, List<Part> parts) {
    PropagateConfig config = context.config();
    PositiveSet.Builder set =
        PositiveSet.newBuilder()
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
