package org.kindred.stages.graph;

import java.io.IOException;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.beam.sdk.metrics.Counter;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.linalg.UnitRows;
import org.kindred.models.neighbors.Propagation;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.HopStatistics;
import org.kindred.proto.artifact.v1.Metric;
import org.kindred.proto.artifact.v1.NeighborGraph;
import org.kindred.proto.artifact.v1.PositiveSet;
import org.kindred.proto.pipeline.v1.PropagateConfig;
import org.kindred.stages.Part;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.StepFn;
import org.kindred.stages.arrow.MappedTable;
import org.kindred.stages.arrow.TableWriter;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.Staging.Shard;
import org.kindred.stages.features.FeatureReader;
import org.kindred.stages.metrics.StageMetrics;

/**
 * Finds the positives of runs of nodes and writes a table of each run. A worker holds the whole
 * graph: 4 x nodes x k bytes.
 */
final class WalkGraph extends PTransform<PCollection<WalkGraph.Item>, PCollection<Part>> {
  private static final long serialVersionUID = 1L;

  /** Nodes of a data file. */
  static final int SHARD_ROWS = 4096;

  private final StageContext<PropagateConfig> context;

  WalkGraph(StageContext<PropagateConfig> context) {
    this.context = context;
  }

  /**
   * A run of nodes.
   *
   * @param shard number of the data file
   * @param first position of the first node
   * @param count nodes
   */
  record Item(int shard, int first, int count) implements Serializable {}

  @Override
  public PCollection<Part> expand(PCollection<Item> items) {
    return items.apply("Propagate And Write", ParDo.of(new PropagateFn(context)));
  }

  static final class PropagateFn extends StepFn<Item, Part> {
    private static final long serialVersionUID = 1L;

    private final StageContext<PropagateConfig> context;
    private final Counter nodes = StageMetrics.counter("nodes");
    private transient FeatureReader features;
    private transient Propagation.Walker walker;

    PropagateFn(StageContext<PropagateConfig> context) {
      this.context = context;
    }

    @Setup
    public void setUp() throws IOException {
      PropagateConfig config = context.config();
      NeighborGraph graph = PropagateStage.graph(context);
      features =
          FeatureReader.open(
              context.input(PropagateStage.EMBEDDINGS), graph.getFeatures(), graph.getSplit());
      walker =
          new Propagation(neighbors(graph), config.getK(), config.getK(), config.getHops())
              .walker();
    }

    /** Reads the first k neighbours of each node as positions. */
    private int[] neighbors(NeighborGraph graph) throws IOException {
      int k = context.config().getK();
      try (MappedTable table =
          MappedTable.open(context.input(PropagateStage.GRAPH).localTable(Tables.NEIGHBORS))) {
        long[] ids = table.longs("id");
        if (ids.length != features.size()) {
          throw mismatch(
              "%d nodes, the embeddings' split %s has %d examples"
                  .formatted(ids.length, graph.getSplit(), features.size()));
        }
        int[] positions = new int[Math.multiplyExact(ids.length, k)];
        for (int node = 0; node < ids.length; node++) {
          if (ids[node] != features.id(node)) {
            throw mismatch(
                "node %d, the embeddings have example %d in its place"
                    .formatted(ids[node], features.id(node)));
          }
          long[] row = table.longList("neighbors", node);
          for (int i = 0; i < k; i++) {
            int position = features.position(row[i]);
            if (position < 0) {
              throw mismatch("neighbour %d, which the embeddings do not have".formatted(row[i]));
            }
            positions[node * k + i] = position;
          }
        }
        return positions;
      }
    }

    private StageException mismatch(String what) {
      return new StageException(
          "step %s: the graph was not made of these embeddings: it has %s"
              .formatted(context.step(), what));
    }

    @Teardown
    public void tearDown() {
      if (features != null) {
        features.close();
      }
    }

    @ProcessElement
    public void process(@Element Item item, OutputReceiver<Part> output) throws IOException {
      Map<String, String> metadata =
          Map.of(
              "k", "" + context.config().getK(),
              "hops", "" + context.config().getHops(),
              "metric", PropagateStage.graph(context).getMetric().name());
      Tally tally = new Tally(features.labels(), context.config().getHops());
      try (Shard shard =
          context
              .staging()
              .newShard(Tables.POSITIVES, item.shard(), Tables.positives(), metadata)) {
        for (int node = item.first(); node < item.first() + item.count(); node++) {
          write(shard.writer(), node, tally);
        }
        Content content = Content.newBuilder().setPositiveSet(tally.toPositiveSet()).build();
        output.output(Part.of(List.of(shard.finish()), content));
      }
      nodes.inc(item.count());
    }

    private void write(TableWriter row, int node, Tally tally) throws IOException {
      Propagation.Positives found = walker.positives(node);
      float[] anchor = vector(node);
      int[] hard =
          found.hard(
              node,
              context.config().getHardPositives(),
              (self, other) -> similarity(anchor, other));
      float[] hardSimilarities = new float[hard.length];
      for (int i = 0; i < hard.length; i++) {
        hardSimilarities[i] = similarity(anchor, hard[i]);
      }
      int limit = context.config().getMaxPositives();
      Propagation.Positives positives = limit == 0 ? found : found.first(limit);
      row.nextRow();
      row.put(0, features.id(node));
      row.putList(1, Arrays.stream(positives.ids()).mapToLong(features::id).toArray());
      row.putList(2, positives.hops());
      row.putList(3, Arrays.stream(hard).mapToLong(features::id).toArray());
      row.putList(4, hardSimilarities);
      tally.add(node, positives, hard);
      tally.truncated += found.ids().length - positives.ids().length;
    }

    private float similarity(float[] anchor, int other) {
      return Similarity.of(PropagateStage.graph(context).getMetric())
          .score(anchor, 0, vector(other), 0, anchor.length);
    }

    private float[] vector(int node) {
      float[] vector = features.vectors(node, 1);
      if (PropagateStage.graph(context).getMetric() == Metric.METRIC_COSINE) {
        UnitRows.normalize(vector, vector.length, node);
      }
      return vector;
    }
  }

  /** Statistics of a run of nodes. */
  private static final class Tally {
    private final int[] labels;
    private final HopCounts[] perHop;
    private HopCounts hard = HopCounts.ZERO;
    private int largest;
    private long truncated;

    Tally(int[] labels, int hops) {
      this.labels = labels;
      this.perHop = new HopCounts[hops];
      Arrays.fill(perHop, HopCounts.ZERO);
    }

    void add(int node, Propagation.Positives positives, int[] hardest) {
      HopCounts[] counts = HopCounts.perHop(node, positives, perHop.length, labels);
      Arrays.setAll(perHop, hop -> perHop[hop].plus(counts[hop]));
      hard = hard.plus(HopCounts.of(node, hardest, labels));
      largest = Math.max(largest, positives.ids().length);
    }

    PositiveSet toPositiveSet() {
      PositiveSet.Builder set =
          PositiveSet.newBuilder()
              .setLargestSet(largest)
              .setTruncated(truncated)
              .setHard(statistics(hard, 0));
      for (int hop = 1; hop <= perHop.length; hop++) {
        set.setPositives(set.getPositives() + perHop[hop - 1].positives())
            .addPerHop(statistics(perHop[hop - 1], hop));
      }
      return set.build();
    }

    private static HopStatistics statistics(HopCounts counts, int hop) {
      return HopStatistics.newBuilder()
          .setHop(hop)
          .setPositives(counts.positives())
          .setLabelled(counts.labelled())
          .setCorrect(counts.correct())
          .build();
    }
  }
}
