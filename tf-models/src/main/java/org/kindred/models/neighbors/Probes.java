package org.kindred.models.neighbors;

import org.kindred.models.linalg.MatrixProduct;

/**
 * Which clusters each of some queries is compared with: a number of its nearest, and as many more
 * as it takes for them to hold the neighbours that are sought.
 */
final class Probes {

  private final int width;
  private final int[] ranked;
  private final int[] counts;

  private Probes(int width, int[] ranked, int[] counts) {
    this.width = width;
    this.ranked = ranked;
    this.counts = counts;
  }

  /**
   * Finds them.
   *
   * @param probes clusters of each query, at least
   * @param rows rows that they must hold, at most those of all clusters
   */
  static Probes of(
      MatrixProduct product, Tile queries, RowClusters clusters, int probes, int rows) {
    int width = Math.min(probes, clusters.count());
    while (true) {
      int[] ranked = new ExactSearch(product, width).search(queries, clusters.centers()).ids();
      int[] counts = new int[queries.rows()];
      boolean enough = true;
      for (int query = 0; query < counts.length; query++) {
        int fewest = fewest(ranked, query * width, width, clusters, rows);
        counts[query] = Math.min(width, Math.max(probes, fewest));
        enough &= fewest <= width;
      }
      if (enough) {
        return new Probes(width, ranked, counts);
      }
      width = (int) Math.min(clusters.count(), 2L * width);
    }
  }

  /** How many of the ranked clusters hold so many rows; one more than there are if all do not. */
  private static int fewest(int[] ranked, int from, int width, RowClusters clusters, int rows) {
    long held = 0;
    for (int rank = 0; rank < width; rank++) {
      held += clusters.size(ranked[from + rank]);
      if (held >= rows) {
        return rank + 1;
      }
    }
    return width + 1;
  }

  /** Number of clusters that a query is compared with. */
  int count(int query) {
    return counts[query];
  }

  /** Cluster of a query, the nearest is that of rank 0. */
  int cluster(int query, int rank) {
    return ranked[query * width + rank];
  }
}
