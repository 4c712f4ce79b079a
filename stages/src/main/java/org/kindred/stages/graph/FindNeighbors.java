package org.kindred.stages.graph;

import java.io.IOException;
import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.beam.sdk.coders.ByteArrayCoder;
import org.apache.beam.sdk.coders.KvCoder;
import org.apache.beam.sdk.coders.VarIntCoder;
import org.apache.beam.sdk.metrics.Counter;
import org.apache.beam.sdk.transforms.Combine;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.KV;
import org.apache.beam.sdk.values.PCollection;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.RowException;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.neighbors.ExactSearch;
import org.kindred.models.neighbors.ExactSearch.BothSides;
import org.kindred.models.neighbors.NeighborLists;
import org.kindred.models.neighbors.Tile;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.pipeline.v1.GraphConfig;
import org.kindred.stages.Part;
import org.kindred.stages.StageContext;
import org.kindred.stages.StepFn;
import org.kindred.stages.arrow.TableWriter;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.Staging.Shard;
import org.kindred.stages.features.FeatureReader;
import org.kindred.stages.metrics.StageMetrics;

/**
 * Compares pairs of blocks, each unordered pair once for both sides, merges the lists that a run of
 * rows got from all blocks, and writes a table of each run.
 */
final class FindNeighbors
    extends PTransform<PCollection<FindNeighbors.BlockPair>, PCollection<Part>> {
  private static final long serialVersionUID = 1L;

  /** Rows of a data file, and of the lists that travel between workers. */
  static final int SHARD_ROWS = 4096;

  private final StageContext<GraphConfig> context;
  private final RowBlocks blocks;

  FindNeighbors(StageContext<GraphConfig> context, RowBlocks blocks) {
    this.context = context;
    this.blocks = blocks;
  }

  /** Numbers of two blocks, the left not greater than the right. */
  record BlockPair(int left, int right) implements Serializable {}

  @Override
  public PCollection<Part> expand(PCollection<BlockPair> pairs) {
    return pairs
        .apply("Compare Blocks", ParDo.of(new CompareFn(context, blocks)))
        .setCoder(KvCoder.of(VarIntCoder.of(), ByteArrayCoder.of()))
        .apply("Merge Lists", Combine.perKey(FindNeighbors::merge))
        .apply("Write Neighbors", ParDo.of(new WriteFn(context)));
  }

  /** Associative and commutative, so that any order and grouping gives the same lists. */
  private static byte[] merge(Iterable<byte[]> lists) {
    NeighborLists merged = null;
    byte[] only = null;
    for (byte[] bytes : lists) {
      only = merged == null ? bytes : null;
      NeighborLists next = NeighborLists.fromBytes(bytes);
      merged = merged == null ? next : merged.merge(next);
    }
    if (only != null) {
      return only;
    }
    return merged == null ? new byte[0] : merged.toBytes();
  }

  static final class CompareFn extends StepFn<BlockPair, KV<Integer, byte[]>> {
    private static final long serialVersionUID = 1L;

    private final StageContext<GraphConfig> context;
    private final RowBlocks blocks;
    private final Counter comparisons = StageMetrics.counter("comparisons");
    private transient FeatureReader features;
    private transient MatrixProduct product;

    CompareFn(StageContext<GraphConfig> context, RowBlocks blocks) {
      this.context = context;
      this.blocks = blocks;
    }

    @Setup
    public void setUp() throws IOException {
      features =
          FeatureReader.open(
              context.input(GraphStage.EMBEDDINGS),
              GraphStage.features(context),
              context.config().getSplit());
      product = new MatrixProduct();
    }

    @Teardown
    public void tearDown() {
      if (features != null) {
        features.close();
      }
      if (product != null) {
        product.close();
      }
    }

    @ProcessElement
    public void process(@Element BlockPair pair, OutputReceiver<KV<Integer, byte[]>> output) {
      ExactSearch search = new ExactSearch(product, context.config().getK());
      SortedMap<Integer, NeighborLists> lists = new TreeMap<>();
      for (int i = blocks.firstTile(pair.left()); i < blocks.firstTile(pair.left() + 1); i++) {
        Tile left = tile(i);
        for (int j = blocks.firstTile(pair.right()); j < blocks.firstTile(pair.right() + 1); j++) {
          if (i == j) {
            lists.merge(i, search.within(left), NeighborLists::merge);
            comparisons.inc((long) left.rows() * (left.rows() - 1) / 2);
          } else if (i < j) {
            Tile right = tile(j);
            BothSides both = search.between(left, right);
            lists.merge(i, both.left(), NeighborLists::merge);
            lists.merge(j, both.right(), NeighborLists::merge);
            comparisons.inc((long) left.rows() * right.rows());
          }
        }
      }
      lists.values().forEach(some -> emit(some, output));
    }

    private Tile tile(int number) {
      int first = blocks.firstRow(number);
      try {
        return Tile.of(
            Similarity.of(context.config().getMetric()),
            first,
            features.dimension(),
            features.vectors(first, blocks.rowsOf(number)));
      } catch (RowException e) {
        throw features.unusable(e.row(), e.problem());
      }
    }

    private static void emit(NeighborLists lists, OutputReceiver<KV<Integer, byte[]>> output) {
      for (int from = 0; from < lists.rows(); from += SHARD_ROWS) {
        int to = Math.min(lists.rows(), from + SHARD_ROWS);
        int shard = (lists.first() + from) / SHARD_ROWS;
        output.output(KV.of(shard, lists.slice(from, to).toBytes()));
      }
    }
  }

  static final class WriteFn extends StepFn<KV<Integer, byte[]>, Part> {
    private static final long serialVersionUID = 1L;

    private final StageContext<GraphConfig> context;
    private transient FeatureReader features;

    WriteFn(StageContext<GraphConfig> context) {
      this.context = context;
    }

    @Setup
    public void setUp() throws IOException {
      features =
          FeatureReader.open(
              context.input(GraphStage.EMBEDDINGS),
              GraphStage.features(context),
              context.config().getSplit());
    }

    @Teardown
    public void tearDown() {
      if (features != null) {
        features.close();
      }
    }

    @ProcessElement
    public void process(@Element KV<Integer, byte[]> shardLists, OutputReceiver<Part> output)
        throws IOException {
      NeighborLists lists = NeighborLists.fromBytes(shardLists.getValue());
      int k = lists.width();
      Map<String, String> metadata = Map.of("metric", context.config().getMetric().name());
      long[] ids = new long[lists.ids().length];
      for (int i = 0; i < ids.length; i++) {
        ids[i] = features.id(lists.ids()[i]);
      }
      try (Shard shard =
          context
              .staging()
              .newShard(Tables.NEIGHBORS, shardLists.getKey(), Tables.neighbors(k), metadata)) {
        TableWriter row = shard.writer();
        for (int i = 0; i < lists.rows(); i++) {
          row.nextRow();
          row.put(0, features.id(lists.first() + i));
          row.putLabel(1, features.label(lists.first() + i));
          row.put(2, ids, i * k);
          row.put(3, lists.similarities(), i * k);
        }
        output.output(Part.of(List.of(shard.finish()), Content.getDefaultInstance()));
      }
    }
  }
}
