package org.kindred.models.neighbors;

import java.util.Arrays;
import org.kindred.models.linalg.MatrixProduct;

/**
 * Recall of a {@link ClusteredSearch} by the number of clusters that a query is compared with.
 *
 * <p>Nothing need be searched for it: an exact neighbour is found when its cluster is among those
 * that the query looks into, so the rank of that cluster tells from which number on.
 *
 * <p>Immutable.
 */
public final class RecallCurve {

  /** Queries whose clusters are ranked at a time. */
  private static final int QUERIES_AT_ONCE = 128;

  private final int k;
  private final int clusters;

  /** Fewest probes with which each neighbour is found, {@code [queries, k]}. */
  private final int[] fewest;

  private RecallCurve(int k, int clusters, int[] fewest) {
    this.k = k;
    this.clusters = clusters;
    this.fewest = fewest;
  }

  /**
   * Takes the curve of a sample.
   *
   * @param queries {@code [queries, dim]}
   * @param positions the queries' own positions in the base, {@code [queries]}; empty where they
   *     are no rows of the base
   * @param exact their exact neighbours; where queries are rows of the base, one more than k of
   *     each, since a query may be among its own
   * @param k neighbours that count
   */
  public static RecallCurve of(
      MatrixProduct product,
      RowClusters clusters,
      Tile queries,
      int[] positions,
      NeighborLists exact,
      int k) {
    boolean self = positions.length > 0;
    int[] fewest = new int[Math.multiplyExact(queries.rows(), k)];
    for (int from = 0; from < queries.rows(); from += QUERIES_AT_ONCE) {
      int to = Math.min(queries.rows(), from + QUERIES_AT_ONCE);
      Tile some = queries.slice(from, to);
      Probes all = Probes.of(product, some, clusters, clusters.count(), self ? k + 1 : k);
      Probes least = Probes.of(product, some, clusters, 1, self ? k + 1 : k);
      int[] ranks = new int[clusters.count()];
      for (int query = from; query < to; query++) {
        for (int rank = 0; rank < ranks.length; rank++) {
          ranks[all.cluster(query - from, rank)] = rank;
        }
        int at = query * k;
        int end = at + k;
        for (int i = query * exact.width(); at < end; i++) {
          int neighbor = exact.ids()[i];
          if (!self || neighbor != positions[query]) {
            int rank = ranks[clusters.of(neighbor)];
            fewest[at++] = rank < least.count(query - from) ? 1 : rank + 1;
          }
        }
      }
    }
    return new RecallCurve(k, clusters.count(), fewest);
  }

  /** Estimates the recall with so many probes. */
  public RecallEstimate at(int probes) {
    int[] found = new int[fewest.length / k];
    for (int i = 0; i < fewest.length; i++) {
      found[i / k] += fewest[i] <= probes ? 1 : 0;
    }
    return RecallEstimate.of(found, k);
  }

  /**
   * Returns the fewest probes whose recall reaches {@code target} by the lower end of its
   * confidence interval; if the sample is too small to be that sure, as many as find all of it.
   *
   * @param target more than 0, less than 1
   */
  public int probesFor(double target) {
    int low = 1;
    int high = Arrays.stream(fewest).max().orElse(clusters);
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (at(middle).lower() >= target) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }
}
