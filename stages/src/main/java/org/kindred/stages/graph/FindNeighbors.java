package org.kindred.stages.graph;

import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
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
import org.kindred.models.neighbors.ExactSearch;
import org.kindred.models.neighbors.ExactSearch.BothSides;
import org.kindred.models.neighbors.NeighborLists;
import org.kindred.models.neighbors.Tile;
import org.kindred.proto.pipeline.v1.GraphConfig;
import org.kindred.stages.Part;
import org.kindred.stages.StageContext;
import org.kindred.stages.StepFn;
import org.kindred.stages.metrics.StageMetrics;

/**
 * Compares pairs of blocks, merges the lists that a run of nodes got from all blocks, and writes a
 * table of each run. In a plain graph each unordered pair of blocks is compared once for both
 * sides; in a cross graph, each block of nodes with each block of the base.
 */
final class FindNeighbors
    extends PTransform<PCollection<FindNeighbors.BlockPair>, PCollection<Part>> {
  private static final long serialVersionUID = 1L;

  private final StageContext<GraphConfig> context;
  private final RowBlocks nodes;
  private final RowBlocks base;

  /**
   * @param nodes how the nodes are cut
   * @param base how the base is cut; in a plain graph, as the nodes are
   */
  FindNeighbors(StageContext<GraphConfig> context, RowBlocks nodes, RowBlocks base) {
    this.context = context;
    this.nodes = nodes;
    this.base = base;
  }

  /**
   * Numbers of two blocks, of the nodes and of the base; in a plain graph the left is not greater
   * than the right.
   */
  record BlockPair(int left, int right) implements Serializable {}

  /** Returns the pairs of a plain graph. */
  static List<BlockPair> pairs(RowBlocks blocks) {
    List<BlockPair> pairs = new ArrayList<>();
    for (int left = 0; left < blocks.count(); left++) {
      for (int right = left; right < blocks.count(); right++) {
        pairs.add(new BlockPair(left, right));
      }
    }
    return pairs;
  }

  /** Returns the pairs of a cross graph. */
  static List<BlockPair> pairs(RowBlocks nodes, RowBlocks base) {
    List<BlockPair> pairs = new ArrayList<>();
    for (int left = 0; left < nodes.count(); left++) {
      for (int right = 0; right < base.count(); right++) {
        pairs.add(new BlockPair(left, right));
      }
    }
    return pairs;
  }

  @Override
  public PCollection<Part> expand(PCollection<BlockPair> pairs) {
    return pairs
        .apply("Compare Blocks", ParDo.of(new CompareFn(context, nodes, base)))
        .setCoder(KvCoder.of(VarIntCoder.of(), ByteArrayCoder.of()))
        .apply("Merge Lists", Combine.perKey(FindNeighbors::merge))
        .apply("Write Neighbors", ParDo.of(new WriteFn(context)));
  }

  /** Associative and commutative, so that any order and grouping gives the same lists. */
  static byte[] merge(Iterable<byte[]> lists) {
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
    private final RowBlocks nodes;
    private final RowBlocks base;
    private final Counter comparisons = StageMetrics.counter("comparisons");
    private transient GraphSides sides;
    private transient MatrixProduct product;

    CompareFn(StageContext<GraphConfig> context, RowBlocks nodes, RowBlocks base) {
      this.context = context;
      this.nodes = nodes;
      this.base = base;
    }

    @Setup
    public void setUp() throws IOException {
      sides = GraphSides.open(context);
      product = new MatrixProduct();
    }

    @Teardown
    public void tearDown() {
      if (sides != null) {
        sides.close();
      }
      if (product != null) {
        product.close();
      }
    }

    @ProcessElement
    public void process(@Element BlockPair pair, OutputReceiver<KV<Integer, byte[]>> output) {
      ExactSearch search = new ExactSearch(product, context.config().getK());
      SortedMap<Integer, NeighborLists> lists = new TreeMap<>();
      for (int i = nodes.firstTile(pair.left()); i < nodes.firstTile(pair.left() + 1); i++) {
        Tile left = sides.nodeTile(nodes.firstRow(i), nodes.rowsOf(i));
        for (int j = base.firstTile(pair.right()); j < base.firstTile(pair.right() + 1); j++) {
          if (sides.isCross()) {
            Tile right = sides.baseTile(base.firstRow(j), base.rowsOf(j));
            lists.merge(i, search.search(left, right), NeighborLists::merge);
            comparisons.inc((long) left.rows() * right.rows());
          } else if (i == j) {
            lists.merge(i, search.within(left), NeighborLists::merge);
            comparisons.inc((long) left.rows() * (left.rows() - 1) / 2);
          } else if (i < j) {
            Tile right = sides.nodeTile(nodes.firstRow(j), nodes.rowsOf(j));
            BothSides both = search.between(left, right);
            lists.merge(i, both.left(), NeighborLists::merge);
            lists.merge(j, both.right(), NeighborLists::merge);
            comparisons.inc((long) left.rows() * right.rows());
          }
        }
      }
      lists.values().forEach(some -> emit(some, output));
    }

    private static void emit(NeighborLists lists, OutputReceiver<KV<Integer, byte[]>> output) {
      for (int from = 0; from < lists.rows(); from += NeighborShards.ROWS) {
        int to = Math.min(lists.rows(), from + NeighborShards.ROWS);
        int shard = (lists.first() + from) / NeighborShards.ROWS;
        output.output(KV.of(shard, lists.slice(from, to).toBytes()));
      }
    }
  }

  static final class WriteFn extends StepFn<KV<Integer, byte[]>, Part> {
    private static final long serialVersionUID = 1L;

    private final StageContext<GraphConfig> context;
    private transient GraphSides sides;

    WriteFn(StageContext<GraphConfig> context) {
      this.context = context;
    }

    @Setup
    public void setUp() throws IOException {
      sides = GraphSides.open(context);
    }

    @Teardown
    public void tearDown() {
      if (sides != null) {
        sides.close();
      }
    }

    @ProcessElement
    public void process(@Element KV<Integer, byte[]> shardLists, OutputReceiver<Part> output)
        throws IOException {
      NeighborLists lists = NeighborLists.fromBytes(shardLists.getValue());
      output.output(NeighborShards.write(context, sides, lists));
    }
  }
}
