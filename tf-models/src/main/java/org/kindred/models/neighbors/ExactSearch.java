package org.kindred.models.neighbors;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.MatrixProduct.Product;
import org.kindred.models.linalg.Similarity;

/**
 * Exact k nearest neighbours, by products of blocks.
 *
 * <p>A large matrix is cut into tiles; {@link #within} each tile and {@link #between} each two of
 * them every row gets its exact nearest neighbours in the other tile, and {@link
 * NeighborLists#merge} makes the graph of these lists. Each pair of rows is multiplied once and
 * serves both. Inside a tile the work is done block by block, on all processors: while one block's
 * product is searched, the next one's is computed.
 *
 * <p>Float32 products are fast, but their last bits depend on the block's shape and on threads. So
 * they only propose: some more than k candidates are kept of each row and compared again by {@link
 * Similarity#exact}. A row that was not kept has a product of at most the worst kept; where that
 * plus the {@link Similarity#errorBound} does not stay below the k-th exact similarity (rows that
 * occur many times, say), the row is multiplied once more and compared with all that the bound does
 * not rule out. The result is therefore a function of the rows alone, and ties go to the lower
 * position.
 *
 * <p>Threading: thread-safe. A search spreads over the common fork-join pool.
 */
public final class ExactSearch {

  /** Rows of one side of a product, which then takes 1 MiB and stays in a core's cache. */
  private static final int BLOCK_ROWS = 512;

  private final MatrixProduct product;
  private final int k;
  private final int blockRows;

  /** Exact neighbours of the rows of either of two tiles among those of the other. */
  public record BothSides(NeighborLists left, NeighborLists right) {}

  private record Pair(Block left, Block right) {}

  /**
   * @param product multiplies the blocks; whoever opened it closes it, after the last search
   * @param k neighbours of each row, 1 or more
   */
  public ExactSearch(MatrixProduct product, int k) {
    this(product, k, BLOCK_ROWS);
  }

  ExactSearch(MatrixProduct product, int k, int blockRows) {
    if (k < 1) {
      throw new IllegalArgumentException("k is " + k + ", valid is 1 or more");
    }
    this.product = product;
    this.k = k;
    this.blockRows = blockRows;
  }

  /** Gives each row of {@code tile} its nearest among the other rows of the tile. */
  public NeighborLists within(Tile tile) {
    try (Blocks blocks = cut(tile, tile.rows() - 1)) {
      propose(withFirst(blocks, 0, blocks));
      propose(others(blocks, blocks, left -> left));
      return refine(blocks, blocks, true);
    }
  }

  /**
   * Gives each row of either tile its nearest in the other.
   *
   * @throws IllegalArgumentException when the tiles share rows, or differ in dimension or
   *     similarity
   */
  public BothSides between(Tile left, Tile right) {
    if (left.first() < right.first() + right.rows() && right.first() < left.first() + left.rows()) {
      throw new IllegalArgumentException(left + " and " + right + " share rows");
    }
    left.checkComparable(right);
    try (Blocks leftBlocks = cut(left, right.rows());
        Blocks rightBlocks = cut(right, left.rows())) {
      propose(leftBlocks, rightBlocks);
      return new BothSides(
          refine(leftBlocks, rightBlocks, false), refine(rightBlocks, leftBlocks, false));
    }
  }

  /**
   * Gives each row of {@code queries} its nearest in {@code base}. Positions are taken to count
   * different things: the base may hold a row of the same position as a query.
   *
   * @throws IllegalArgumentException when the tiles differ in dimension or similarity
   */
  public NeighborLists search(Tile queries, Tile base) {
    queries.checkComparable(base);
    try (Blocks queryBlocks = cut(queries, base.rows());
        Blocks baseBlocks = new Blocks(base, blockRows, 0)) {
      propose(queryBlocks, baseBlocks);
      return refine(queryBlocks, baseBlocks, false);
    }
  }

  /**
   * Returns the bytes that a search holds at least of each row of a side that gets neighbours: the
   * row as the tile has it, a copy in native memory, candidates and neighbours.
   *
   * @param k neighbours of each row
   * @param dim length of a row
   */
  public static double bytesOfRow(int k, int dim) {
    return 2.0 * Float.BYTES * dim
        + TopK.bytesOfRow(kept(k))
        + (double) k * (Integer.BYTES + Float.BYTES);
  }

  /** Of candidates there are more than k, so that a row seldom has to be multiplied once more. */
  private Blocks cut(Tile tile, int others) {
    return new Blocks(tile, blockRows, Math.min(others, kept(k)));
  }

  private static int kept(int k) {
    return k + Math.max(4, k / 16);
  }

  private void propose(Blocks left, Blocks right) {
    propose(withFirst(left, 0, right));
    propose(withFirst(right, 1, left));
    propose(others(left, right, block -> 1));
  }

  /** Pairs that a block's rows are compared in first, since they are the left ones here. */
  private static List<Pair> withFirst(Blocks left, int from, Blocks right) {
    return IntStream.range(from, left.count())
        .mapToObj(block -> new Pair(left.get(block), right.get(0)))
        .toList();
  }

  private static List<Pair> others(Blocks left, Blocks right, IntUnaryOperator firstRight) {
    List<Pair> pairs = new ArrayList<>();
    for (int l = 1; l < left.count(); l++) {
      for (int r = firstRight.applyAsInt(l); r < right.count(); r++) {
        pairs.add(new Pair(left.get(l), right.get(r)));
      }
    }
    return pairs;
  }

  private void propose(List<Pair> pairs) {
    Queue<BlockSelection> idle = new ConcurrentLinkedQueue<>();
    pairs.parallelStream()
        .forEach(
            pair -> {
              BlockSelection selection =
                  Optional.ofNullable(idle.poll()).orElseGet(() -> new BlockSelection(blockRows));
              propose(pair.left, pair.right, selection);
              idle.add(selection);
            });
  }

  private void propose(Block left, Block right, BlockSelection selection) {
    try (Product products = product.multiply(left.matrix(product), right.matrix(product))) {
      // Pairs name blocks in one order throughout, so that no two threads wait for each other.
      left.alone(() -> right.alone(() -> select(products, left, right, selection)));
    }
  }

  private static void select(Product products, Block left, Block right, BlockSelection selection) {
    left.expect(right);
    if (left != right) {
      right.expect(left);
    }
    selection.select(products::read, left, right);
  }

  private NeighborLists refine(Blocks blocks, Blocks base, boolean excludeSelf) {
    Tile tile = blocks.tile();
    int others = base.tile().rows() - (excludeSelf ? 1 : 0);
    int width = Math.min(k, others);
    float[] scores = new float[Math.multiplyExact(tile.rows(), width)];
    int[] ids = new int[scores.length];
    blocks
        .parallel()
        .forEach(
            block ->
                new Refinement(block, base.tile(), excludeSelf, width)
                    .into(scores, ids)
                    .into(scores, ids, product, base));
    return new NeighborLists(tile.first(), tile.rows(), k, width, scores, ids);
  }
}
