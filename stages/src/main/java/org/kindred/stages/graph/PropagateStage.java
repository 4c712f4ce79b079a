package org.kindred.stages.graph;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.beam.sdk.values.PBegin;
import org.apache.beam.sdk.values.PCollection;
import org.kindred.models.neighbors.Components;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.HopStatistics;
import org.kindred.proto.artifact.v1.NeighborGraph;
import org.kindred.proto.artifact.v1.PositiveSet;
import org.kindred.proto.pipeline.v1.PositiveDiscovery;
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

  /** Most walks that start at a node. */
  private static final int MAX_WALKS = 1_000_000;

  /** Share of the heap up to which a graph is taken to fit there. */
  private static final double HEAP_SHARE = 0.5;

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
    return 5;
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
    if (graph.hasBase()) {
      throw new StageException(
          "the graph of step %s is a cross graph: its neighbours, of split %s, have none of their own"
              .formatted(context.step(), graph.getBase().getSplit()));
    }
    if (k > graph.getK()) {
      throw new StageException(
          "propagate.k is %d, valid is 1 to %d, the graph's neighbours of a node"
              .formatted(k, graph.getK()));
    }
    if (context.config().getBackground() > graph.getK()) {
      throw new StageException(
          "propagate.background is %d, valid is 0 to %d, the graph's neighbours of a node"
              .formatted(context.config().getBackground(), graph.getK()));
    }
    checkMemory(context.config(), graph.getNodes());
    context.checkMadeOf(GRAPH, graph.getEmbeddings(), EMBEDDINGS);
  }

  @Override
  public void checkConfig(PropagateConfig config) {
    double walks = paths(config);
    if (walks(config) && walks > MAX_WALKS) {
      throw new StageException(
          "propagate.hops is %d: with propagate.k of %d, %.0f walks start at a node, valid is at most %d"
              .formatted(config.getHops(), config.getK(), walks, MAX_WALKS));
    }
  }

  private static boolean walks(PropagateConfig config) {
    return config.getDiscovery() == PositiveDiscovery.POSITIVE_DISCOVERY_WALKS;
  }

  /** In memory, all of the neighbours that are followed are in one array. */
  private static void checkMemory(PropagateConfig config, long nodes) {
    if (isDistributed(config, nodes)) {
      Memory.check(
          "propagate.k is %d: counting the components of %d nodes".formatted(config.getK(), nodes),
          Components.heapBytes(nodes),
          0);
      // A node's set: how many, the nodes, and the hops of each.
      int most = (Ints.MOST / PositiveWriter.SHARD_ROWS - 1) / 2;
      if (walks(config) && paths(config) > most) {
        throw new StageException(
            "propagate.hops is %d: with propagate.k of %d, %.0f walks start at a node, valid is at most %d where the graph is spread over the workers"
                .formatted(config.getHops(), config.getK(), paths(config), most));
      }
      return;
    }
    if (!fitsOneArray(config, nodes)) {
      throw new StageException(
          "propagate.k is %d, valid is 1 to %d for a graph of %d nodes in memory"
              .formatted(config.getK(), Integer.MAX_VALUE / nodes, nodes));
    }
    Memory.check(
        "propagate.k is %d: following the neighbours of %d nodes".formatted(config.getK(), nodes),
        heapBytes(config, nodes),
        0);
  }

  private static boolean fitsOneArray(PropagateConfig config, long nodes) {
    return nodes <= Integer.MAX_VALUE / config.getK();
  }

  /** Whether no worker holds the whole graph. */
  private static boolean isDistributed(PropagateConfig config, long nodes) {
    return switch (config.getExecution()) {
      case EXECUTION_DISTRIBUTED -> true;
      case EXECUTION_IN_MEMORY -> false;
      default ->
          !fitsOneArray(config, nodes)
              || heapBytes(config, nodes) > Runtime.getRuntime().maxMemory() * HEAP_SHARE;
    };
  }

  /** The neighbours, those of the mutual graph beside them, and two marks of each node. */
  private static double taskBytes(PropagateConfig config, long nodes) {
    double tables = config.getMutual() ? 2 * config.getK() + 1 : config.getK();
    return Integer.BYTES * nodes * (tables + 2);
  }

  /** The same of all tasks that may work side by side in a process. */
  private static double heapBytes(PropagateConfig config, long nodes) {
    return taskBytes(config, nodes) * Runtime.getRuntime().availableProcessors();
  }

  /** Walks of 1 to `hops` hops from a node. */
  private static double paths(PropagateConfig config) {
    double paths = 0;
    for (int hop = 1; hop <= config.getHops(); hop++) {
      paths = config.getK() * (1 + paths);
    }
    return paths;
  }

  /** Most positives of a node: of those of a breadth-first search, no two are the same. */
  private static double mostPositives(PropagateConfig config, long nodes) {
    return walks(config) ? paths(config) : Math.min(nodes - 1.0, paths(config));
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
            PositiveWriter.SHARD_ROWS,
            Map.of(
                "positives", stored,
                "hops", stored,
                "hard_positives", hard,
                "hard_similarities", hard));
    double similarities = nodes * found;
    Estimate.Builder estimate =
        Estimate.of((double) nodes)
            .table(table)
            .workItems(table.files(), 0)
            .holds(
                FeatureReader.heapBytes(
                    nodes, context.input(EMBEDDINGS).content().getEmbeddingSet().getExamples()))
            .holds(2 * table.batchBytes())
            .note(
                "bytes and core-hours are the most that %.0f positives of a node can take"
                    .formatted(found));
    if (config.getBackground() > 0) {
      double background = config.getBackground();
      estimate.table(
          TableSize.of(
              Tables.NEGATIVES,
              Tables.negatives(),
              nodes,
              PositiveWriter.SHARD_ROWS,
              Map.of("negatives", background, "similarities", background)));
    }
    if (isDistributed(config, nodes)) {
      estimate
          .shuffled(shuffledBytes(config, nodes))
          .holds(Components.heapBytes(nodes))
          .holds(2 * Integer.BYTES * PositiveWriter.SHARD_ROWS * found * (1.0 + config.getK()));
    } else {
      estimate.holds(taskBytes(config, nodes));
    }
    return Optional.of(
        estimate
            .parts(table.files() + 1, config.getBackground() > 0 ? 2 : 1)
            .by(
                describe(context, List.of()),
                new Work(
                    similarities * graph.getFeatures().getDimension(),
                    "products of values",
                    PRODUCTS_PER_CORE_SECOND)));
  }

  /** Edges, questions and answers of each hop, and what was found before it. */
  private static double shuffledBytes(PropagateConfig config, long nodes) {
    double k = config.getK();
    double edges = nodes * (k + 1);
    double ints = config.getMutual() ? 4 * edges : edges;
    double last = k;
    double found = k;
    for (int hop = 2; hop <= config.getHops(); hop++) {
      ints += edges + nodes * (3 * last + (3 + k) * last + 2 * found);
      last = Math.min(last * k, mostPositives(config, nodes));
      found = Math.min(found + last, mostPositives(config, nodes));
    }
    return Integer.BYTES * ints;
  }

  @Override
  public PCollection<Part> expand(PBegin begin, StageContext<PropagateConfig> context) {
    int nodes = Math.toIntExact(graph(context).getNodes());
    List<Integer> shards =
        IntStream.range(0, Runs.count(nodes, PositiveWriter.SHARD_ROWS)).boxed().toList();
    PCollection<Integer> all = begin.apply("List Shards", WorkItems.of(Integer.class, shards));
    return isDistributed(context.config(), nodes)
        ? all.apply("Join Graph", new JoinGraph(context))
        : all.apply("Walk Graph", new WalkGraph(context));
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
            .setMaxPositives(config.getMaxPositives())
            .setWalks(walks(config))
            .setMutual(config.getMutual())
            .setBackground(config.getBackground());
    HopStatistics.Builder hard = HopStatistics.newBuilder();
    HopStatistics.Builder negatives = HopStatistics.newBuilder();
    HopStatistics.Builder[] perHop = new HopStatistics.Builder[config.getHops()];
    for (int hop = 1; hop <= perHop.length; hop++) {
      perHop[hop - 1] = HopStatistics.newBuilder().setHop(hop);
    }
    for (Part part : parts) {
      PositiveSet some = part.content().getPositiveSet();
      set.setPositives(set.getPositives() + some.getPositives())
          .setLargestSet(Math.max(set.getLargestSet(), some.getLargestSet()))
          .setTruncated(set.getTruncated() + some.getTruncated())
          .addAllComponents(some.getComponentsList());
      add(hard, some.getHard());
      add(negatives, some.getNegatives());
      some.getPerHopList().forEach(hop -> add(perHop[hop.getHop() - 1], hop));
    }
    for (HopStatistics.Builder hop : perHop) {
      set.addPerHop(hop);
    }
    if (config.getBackground() > 0) {
      set.setNegatives(negatives);
    }
    return Content.newBuilder().setPositiveSet(set.setHard(hard)).build();
  }

  private static void add(HopStatistics.Builder sum, HopStatistics some) {
    sum.setPositives(sum.getPositives() + some.getPositives())
        .setLabelled(sum.getLabelled() + some.getLabelled())
        .setCorrect(sum.getCorrect() + some.getCorrect());
  }
}
