package org.kindred.models.neighbors;

import java.util.ArrayList;
import java.util.List;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.MatrixProduct.Matrix;
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

  /**
   * Rows of one side of a product. A product of 1024 x 1024 takes 4 MiB; of 2048 x 2048 it leaves
   * the processor's cache, and two at a time are no faster than one after the other.
   */
  private static final int BLOCK_ROWS = 1024;

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
    List<Block> blocks = Block.cut(tile, blockRows, candidates(tile.rows() - 1));
    List<Pair> pairs = new ArrayList<>();
    for (int left = 0; left < blocks.size(); left++) {
      for (int right = left; right < blocks.size(); right++) {
        pairs.add(new Pair(blocks.get(left), blocks.get(right)));
      }
    }
    propose(pairs);
    return refine(tile, blocks, tile, true);
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
    List<Block> leftBlocks = Block.cut(left, blockRows, candidates(right.rows()));
    List<Block> rightBlocks = Block.cut(right, blockRows, candidates(left.rows()));
    propose(allPairs(leftBlocks, rightBlocks));
    return new BothSides(
        refine(left, leftBlocks, right, false), refine(right, rightBlocks, left, false));
  }

  /**
   * Gives each row of {@code queries} its nearest in {@code base}. Positions are taken to count
   * different things: the base may hold a row of the same position as a query.
   *
   * @throws IllegalArgumentException when the tiles differ in dimension or similarity
   */
  public NeighborLists search(Tile queries, Tile base) {
    List<Block> queryBlocks = Block.cut(queries, blockRows, candidates(base.rows()));
    propose(allPairs(queryBlocks, Block.cut(base, blockRows, 0)));
    return refine(queries, queryBlocks, base, false);
  }

  /**
   * Returns the bytes that a search holds at least of each row of a side that gets neighbours.
   *
   * @param k neighbours of each row
   */
  public static double bytesOfRow(int k) {
    return TopK.bytesOfRow(kept(k)) + (double) k * (Integer.BYTES + Float.BYTES);
  }

  /** More than k, so that a row seldom has to be multiplied once more. */
  private int candidates(int available) {
    return Math.min(available, kept(k));
  }

  private static int kept(int k) {
    return k + Math.max(4, k / 16);
  }

  private static List<Pair> allPairs(List<Block> left, List<Block> right) {
    left.get(0).tile().checkComparable(right.get(0).tile());
    List<Pair> pairs = new ArrayList<>();
    for (Block l : left) {
      for (Block r : right) {
        pairs.add(new Pair(l, r));
      }
    }
    return pairs;
  }

  private void propose(List<Pair> pairs) {
    pairs.parallelStream().forEach(this::propose);
  }

  private void propose(Pair pair) {
    Block left = pair.left;
    Block right = pair.right;
    int dim = left.tile().dim();
    try (Matrix leftRows = product.upload(left.values(), left.rows(), dim);
        Matrix rightRows = product.upload(right.values(), right.rows(), dim);
        Product products = product.multiply(leftRows, rightRows)) {
      // Pairs name blocks in one order throughout, so that no two threads wait for each other.
      synchronized (left) {
        synchronized (right) {
          BlockSelection.select(products::row, left, right);
        }
      }
    }
  }

  private NeighborLists refine(Tile tile, List<Block> blocks, Tile base, boolean excludeSelf) {
    int width = Math.min(k, excludeSelf ? base.rows() - 1 : base.rows());
    float[] scores = new float[Math.multiplyExact(tile.rows(), width)];
    int[] ids = new int[scores.length];
    blocks.parallelStream()
        .forEach(
            block ->
                new Refinement(block, base, excludeSelf, width)
                    .into(scores, ids)
                    .into(scores, ids, product, blockRows));
    return new NeighborLists(tile.first(), tile.rows(), k, width, scores, ids);
  }
}
