package org.kindred.stages.graph;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import org.apache.beam.sdk.metrics.Counter;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.linalg.UnitRows;
import org.kindred.models.neighbors.Propagation.Hard;
import org.kindred.models.neighbors.Propagation.Positives;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.Metric;
import org.kindred.proto.pipeline.v1.PropagateConfig;
import org.kindred.stages.Part;
import org.kindred.stages.StageContext;
import org.kindred.stages.arrow.TableWriter;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.StagedFile;
import org.kindred.stages.artifact.Staging.Shard;
import org.kindred.stages.features.FeatureReader;
import org.kindred.stages.metrics.StageMetrics;
import org.kindred.stages.neighbors.GraphReader;

/**
 * Writes the positives of runs of nodes, however they were found, with their hard positives and
 * hard negatives. Not thread-safe.
 */
final class PositiveWriter {

  /** Nodes of a data file. */
  static final int SHARD_ROWS = 4096;

  /** Positives of a node whose vectors are read together. */
  private static final int COMPARED = 256;

  private final Counter nodes = StageMetrics.counter("nodes");
  private final StageContext<PropagateConfig> context;
  private final GraphReader graph;
  private final FeatureReader features;
  private final Metric metric;

  PositiveWriter(StageContext<PropagateConfig> context, GraphReader graph) {
    this.context = context;
    this.graph = graph;
    this.features = graph.features();
    this.metric = PropagateStage.graph(context).getMetric();
  }

  /**
   * Writes the files of one shard.
   *
   * @param found gives all positives of a node
   */
  Part write(int shard, IntFunction<Positives> found) throws IOException {
    int first = shard * SHARD_ROWS;
    int end = Math.min(graph.nodes(), first + SHARD_ROWS);
    PropagateConfig config = context.config();
    Tally tally = new Tally(features.labels(), config.getHops());
    List<StagedFile> files = new ArrayList<>();
    try (Shard positives = newShard(Tables.POSITIVES, shard)) {
      if (config.getBackground() == 0) {
        for (int node = first; node < end; node++) {
          writePositives(positives.writer(), node, found.apply(node), tally);
        }
      } else {
        try (Shard negatives = newShard(Tables.NEGATIVES, shard)) {
          for (int node = first; node < end; node++) {
            Positives all = found.apply(node);
            writePositives(positives.writer(), node, all, tally);
            writeNegatives(negatives.writer(), node, all, tally);
          }
          files.add(negatives.finish());
        }
      }
      files.add(positives.finish());
    }
    nodes.inc((long) end - first);
    return Part.of(files, Content.newBuilder().setPositiveSet(tally.toPositiveSet()).build());
  }

  private Shard newShard(String table, int shard) throws IOException {
    Map<String, String> metadata =
        Map.of(
            "k", "" + context.config().getK(),
            "hops", "" + context.config().getHops(),
            "metric", metric.name());
    return context
        .staging()
        .newShard(
            table,
            shard,
            table.equals(Tables.POSITIVES) ? Tables.positives() : Tables.negatives(),
            metadata);
  }

  private void writePositives(TableWriter row, int node, Positives found, Tally tally)
      throws IOException {
    Hard hard = found.hard(similarities(node, found.ids()), context.config().getHardPositives());
    int limit = context.config().getMaxPositives();
    Positives stored = limit == 0 ? found : found.first(limit);
    row.nextRow();
    row.put(0, features.id(node));
    row.putList(1, ids(stored.ids()));
    row.putList(2, stored.hops());
    row.putList(3, ids(hard.ids()));
    row.putList(4, hard.similarities());
    tally.add(node, stored, found.ids().length - stored.ids().length);
    tally.addHard(node, hard.ids());
  }

  /** The nearest nodes that are no positives. */
  private void writeNegatives(TableWriter row, int node, Positives found, Tally tally)
      throws IOException {
    int[] positives = found.ids().clone();
    Arrays.sort(positives);
    int[] nearest = graph.neighbors(node, 1, context.config().getBackground());
    float[] similarities = graph.similarities(node);
    int[] negatives = new int[nearest.length];
    float[] kept = new float[nearest.length];
    int count = 0;
    for (int place = 0; place < nearest.length; place++) {
      if (Arrays.binarySearch(positives, nearest[place]) < 0) {
        negatives[count] = nearest[place];
        kept[count++] = similarities[place];
      }
    }
    int[] ids = Arrays.copyOf(negatives, count);
    row.nextRow();
    row.put(0, features.id(node));
    row.putList(1, ids(ids));
    row.putList(2, Arrays.copyOf(kept, count));
    tally.addNegatives(node, ids);
  }

  private long[] ids(int[] nodes) {
    return Arrays.stream(nodes).mapToLong(features::id).toArray();
  }

  private float[] similarities(int node, int[] others) {
    float[] anchor = vectors(node);
    float[] similarities = new float[others.length];
    for (int from = 0; from < others.length; from += COMPARED) {
      int to = Math.min(others.length, from + COMPARED);
      float[] some = new float[to - from];
      Similarity.of(metric).scores(anchor, vectors(Arrays.copyOfRange(others, from, to)), some);
      System.arraycopy(some, 0, similarities, from, some.length);
    }
    return similarities;
  }

  private float[] vectors(int... nodes) {
    int dimension = features.dimension();
    float[] vectors = new float[nodes.length * dimension];
    for (int i = 0; i < nodes.length; i++) {
      System.arraycopy(features.vectors(nodes[i], 1), 0, vectors, i * dimension, dimension);
    }
    if (metric == Metric.METRIC_COSINE) {
      UnitRows.normalize(vectors, dimension, 0);
    }
    return vectors;
  }
}
