package org.kindred.models.neighbors;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.MatrixProduct.Matrix;
import org.kindred.models.linalg.MatrixProduct.Product;

/**
 * Approximate k nearest neighbours: each query is compared with the rows of its nearest clusters
 * alone, and gets the exact nearest of these.
 *
 * <p>Queries that look into the same cluster are multiplied with it together. As in {@link
 * ExactSearch} the float32 products only rule out; what they leave is compared exactly. So the
 * result is a function of queries, rows and clusters alone, ties go to the lower position, and a
 * true neighbour is missed only where its cluster is not looked into.
 *
 * <p>Threading: thread-safe. A search spreads over the common fork-join pool.
 *
 * <p>Paper: H. Jégou, M. Douze, C. Schmid, "Product Quantization for Nearest Neighbor Search", IEEE
 * TPAMI 2011, section IV (the inverted file, here without quantization).
 */
public final class ClusteredSearch {

  /** Rows of one side of a product. */
  private static final int BLOCK_ROWS = 1024;

  private final MatrixProduct product;
  private final RowClusters clusters;
  private final int k;
  private final int probes;
  private final boolean excludeSelf;
  private final int blockRows;

  /** Reads rows of the base. */
  @FunctionalInterface
  public interface Rows {
    /**
     * Returns some rows as a tile of their own, numbered from 0; called from several threads.
     *
     * @param positions one or more, ascending
     */
    Tile gather(int[] positions);
  }

  /**
   * @param product multiplies the blocks; whoever opened it closes it, after the last search
   * @param clusters the base
   * @param k neighbours of each query, 1 to the base's rows, less itself where that is excluded
   * @param probes clusters that a query is compared with, at least
   * @param excludeSelf whether queries are rows of the base, where none is its own neighbour
   */
  public ClusteredSearch(
      MatrixProduct product, RowClusters clusters, int k, int probes, boolean excludeSelf) {
    this(product, clusters, k, probes, excludeSelf, BLOCK_ROWS);
  }

  ClusteredSearch(
      MatrixProduct product,
      RowClusters clusters,
      int k,
      int probes,
      boolean excludeSelf,
      int blockRows) {
    int most = excludeSelf ? clusters.rows() - 1 : clusters.rows();
    if (k < 1 || k > most) {
      throw new IllegalArgumentException("k is " + k + ", valid is 1 to " + most);
    }
    if (probes < 1) {
      throw new IllegalArgumentException("probes is " + probes + ", valid is 1 or more");
    }
    this.product = product;
    this.clusters = clusters;
    this.k = k;
    this.probes = probes;
    this.excludeSelf = excludeSelf;
    this.blockRows = blockRows;
  }

  /** Gives each query its nearest among the rows of its clusters. */
  public NeighborLists search(Tile queries, Rows base) {
    Probes found = Probes.of(product, queries, clusters, probes, excludeSelf ? k + 1 : k);
    Blocks blocks = new Blocks(queries, blockRows, k);
    // Of the nearest cluster a query keeps neighbours that spare it most of the other clusters'
    // rows.
    compare(queries, blocks, lookers(found, queries.rows(), 0, 1), base);
    compare(queries, blocks, lookers(found, queries.rows(), 1, Integer.MAX_VALUE), base);
    float[] scores = new float[Math.multiplyExact(queries.rows(), k)];
    int[] ids = new int[scores.length];
    for (int row = 0; row < queries.rows(); row++) {
      blocks.of(row).candidates().drain(blocks.place(row), scores, ids, row * k);
    }
    return new NeighborLists(queries.first(), queries.rows(), k, k, scores, ids);
  }

  /** For each cluster the queries for which it has one of these ranks, ascending. */
  private int[][] lookers(Probes found, int queries, int fromRank, int toRank) {
    int[] counts = new int[clusters.count()];
    for (int query = 0; query < queries; query++) {
      for (int rank = fromRank; rank < Math.min(toRank, found.count(query)); rank++) {
        counts[found.cluster(query, rank)]++;
      }
    }
    int[][] lookers = new int[counts.length][];
    Arrays.setAll(lookers, cluster -> new int[counts[cluster]]);
    for (int query = queries - 1; query >= 0; query--) {
      for (int rank = fromRank; rank < Math.min(toRank, found.count(query)); rank++) {
        int cluster = found.cluster(query, rank);
        lookers[cluster][--counts[cluster]] = query;
      }
    }
    return lookers;
  }

  private void compare(Tile queries, Blocks blocks, int[][] lookers, Rows base) {
    IntStream.range(0, clusters.count())
        .parallel()
        .forEach(cluster -> compare(queries, blocks, lookers[cluster], cluster, base));
  }

  private void compare(Tile queries, Blocks blocks, int[] lookers, int cluster, Rows base) {
    int size = clusters.size(cluster);
    for (int from = 0; from < size && lookers.length > 0; from += blockRows) {
      int[] members = clusters.members(cluster, from, Math.min(size, from + blockRows));
      Tile part = base.gather(members);
      queries.checkComparable(part);
      try (Matrix partRows = product.upload(part.rows(0, part.rows()), part.rows(), part.dim())) {
        for (int first = 0; first < lookers.length; first += blockRows) {
          int[] some =
              Arrays.copyOfRange(lookers, first, Math.min(lookers.length, first + blockRows));
          try (Matrix rows = product.upload(gather(queries, some), some.length, queries.dim());
              Product products = product.multiply(rows, partRows)) {
            new Comparison(queries, part, members).of(some, blocks, products);
          }
        }
      }
    }
  }

  private static FloatBuffer gather(Tile queries, int[] rows) {
    FloatBuffer values = FloatBuffer.allocate(rows.length * queries.dim());
    for (int row : rows) {
      values.put(queries.rows(row, 1));
    }
    return values.flip();
  }

  /**
   * Compares queries with rows of one cluster, a few queries at a time: a pass free of branches, so
   * that the compiler makes vector instructions of it, tells which rows are near enough to one of
   * them.
   */
  private final class Comparison {
    private static final int PASS_QUERIES = 8;

    private final Tile queries;
    private final Tile part;
    private final int[] members;
    private final float[] norms;
    private final float[][] similarities;
    private final float[] enough = new float[PASS_QUERIES];
    private final float[] excess;
    private final int[][] near;
    private final int[] counts = new int[PASS_QUERIES];
    private final float[] scores;
    private final TopK nearest;

    Comparison(Tile queries, Tile part, int[] members) {
      this.queries = queries;
      this.part = part;
      this.members = members;
      this.norms = part.squaredNorms(0, part.rows());
      this.similarities = new float[PASS_QUERIES][part.rows()];
      this.excess = new float[part.rows()];
      this.near = new int[PASS_QUERIES][part.rows()];
      this.scores = new float[part.rows()];
      this.nearest = new TopK(1, k + 1);
    }

    void of(int[] rows, Blocks blocks, Product products) {
      for (int from = 0; from < rows.length; from += PASS_QUERIES) {
        int count = Math.min(PASS_QUERIES, rows.length - from);
        Arrays.fill(excess, Float.NEGATIVE_INFINITY);
        for (int q = 0; q < count; q++) {
          int query = rows[from + q];
          products.read(from + q, similarities[q]);
          queries.similarity().fromProducts(similarities[q], queries.squaredNorm(query), norms);
          // Another thread may be raising the threshold; a former one leaves more to compare.
          float threshold = blocks.of(query).candidates().threshold(blocks.place(query));
          enough[q] = enough(threshold, similarities[q], queries.errorBound(query, part));
          exceed(excess, similarities[q], enough[q]);
        }
        findNear(rows, from, count);
        for (int q = 0; q < count; q++) {
          if (counts[q] > 0) {
            offer(rows[from + q], near[q], counts[q], blocks);
          }
        }
      }
    }

    /**
     * What a product must reach for its row to be worth an exact comparison. A query that has no
     * neighbours yet can still leave out what is worse than k others of this cluster.
     */
    private float enough(float threshold, float[] ofQuery, double error) {
      if (threshold > Float.NEGATIVE_INFINITY) {
        return Math.nextDown((float) (threshold - error));
      }
      nearest.clear(0);
      for (int other = 0; other < ofQuery.length; other++) {
        nearest.offer(0, ofQuery[other], other);
      }
      nearest.settle(0);
      return Math.nextDown((float) (nearest.threshold(0) - 2 * error));
    }

    private static void exceed(float[] excess, float[] similarities, float enough) {
      for (int other = 0; other < excess.length; other++) {
        excess[other] = Math.max(excess[other], similarities[other] - enough);
      }
    }

    private void findNear(int[] rows, int from, int count) {
      Arrays.fill(counts, 0);
      for (int other = 0; other < excess.length; other++) {
        if (excess[other] >= 0) {
          for (int q = 0; q < count; q++) {
            boolean isSelf = excludeSelf && members[other] == queries.first() + rows[from + q];
            if (similarities[q][other] >= enough[q] && !isSelf) {
              near[q][counts[q]++] = other;
            }
          }
        }
      }
    }

    private void offer(int query, int[] others, int count, Blocks blocks) {
      queries.scores(query, part, others, count, scores);
      Block block = blocks.of(query);
      block.alone(
          () -> {
            for (int c = 0; c < count; c++) {
              block.candidates().offer(blocks.place(query), scores[c], members[others[c]]);
            }
          });
    }
  }
}
