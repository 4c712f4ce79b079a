package org.kindred.models.objective;

import org.kindred.models.clustering.KMeans;
import org.kindred.models.neighbors.ExactSearch;
import org.kindred.models.objective.Cost.Between;

/** The costs of what objectives do before epochs with a row of each training example. */
final class EpochWork {

  private EpochWork() {}

  /**
   * Returns the cost of finding the nearest rows of each; see {@link NearestRows}.
   *
   * @param width length of a row
   * @param k neighbours of each
   * @param epochs how often
   * @param passes how many of them begin with a pass that gives the rows
   */
  static Between search(Extent extent, int width, int k, double epochs, double passes) {
    double rows = extent.examples();
    return new Between(
        rows * ExactSearch.bytesOfRow(k, width),
        0,
        epochs * rows * (rows - 1) * width,
        passes,
        passes > 0 ? width : 0);
  }

  /**
   * Returns the cost of k-means.
   *
   * @param width length of a row
   * @param clusters clusters of each clustering
   * @param restarts clusterings that are made together
   * @param iterations most iterations
   * @param epochs how often
   */
  static Between clustering(
      Extent extent, int width, int clusters, int restarts, int iterations, double epochs) {
    double rows = extent.examples();
    return new Between(
        KMeans.heapBytes(extent.examples(), width, clusters, restarts),
        KMeans.nativeBytes(width, clusters, restarts),
        epochs * restarts * iterations * Cost.products(rows, clusters, width),
        0,
        0);
  }

  /**
   * Returns work with more rows of all examples on the heap.
   *
   * @param width values of a row
   * @param matrices how many rows of each example; 0 when the rows are those that the work has
   * @param passes passes of all evaluation images that give such rows
   */
  static Between withRows(Between work, Extent extent, int width, double matrices, double passes) {
    return new Between(
        work.heapBytes() + Cost.floats(matrices, extent.examples(), width),
        work.nativeBytes(),
        work.flops(),
        passes,
        passes > 0 ? width : 0);
  }
}
