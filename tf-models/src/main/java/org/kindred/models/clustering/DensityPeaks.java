package org.kindred.models.clustering;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Clusters of a neighbour graph: what leads up to the same peak of density. A node's density is its
 * mean similarity to its neighbours (A. Rodriguez, A. Laio, "Clustering by fast search and find of
 * density peaks", Science 2014, on the graph); of equal densities the lower node counts as denser.
 *
 * <p>From the densest node down, each joins the cluster of its densest neighbour that is denser
 * than itself, or is a peak. Where a node touches two clusters and the density of the lower peak
 * exceeds its own by less than the prominence asked for, the two become one (F. Chazal et al.,
 * "Persistence-based clustering in Riemannian manifolds", JACM 2013). Prominence 0 keeps all peaks.
 */
public final class DensityPeaks {

  private final int[] neighbors;
  private final int width;
  private final int[] rank;
  private final double[] density;
  private final int[] parents;
  private final double prominence;

  private DensityPeaks(int[] neighbors, int width, double[] density, double prominence) {
    this.neighbors = neighbors;
    this.width = width;
    this.density = density;
    this.prominence = prominence;
    this.rank = new int[density.length];
    this.parents = new int[density.length];
  }

  /**
   * Returns the peak that each node leads up to.
   *
   * @param neighbors {@code [nodes, width]}; a row with fewer ends in -1
   * @param similarities of the neighbours, {@code [nodes, width]}
   * @param width neighbours of each node, 1 or more
   * @param prominence 0 or more
   * @throws IllegalArgumentException when the prominence is out of its range
   */
  public static int[] of(int[] neighbors, float[] similarities, int width, double prominence) {
    if (!(prominence >= 0)) {
      throw new IllegalArgumentException("prominence is " + prominence + ", valid is 0 or more");
    }
    double[] density = densities(neighbors, similarities, width);
    DensityPeaks peaks = new DensityPeaks(neighbors, width, density, prominence);
    peaks.climb();
    return IntStream.range(0, density.length).map(peaks::peak).toArray();
  }

  /** Mean similarity; of a node without neighbours, lower than any. */
  private static double[] densities(int[] neighbors, float[] similarities, int width) {
    double[] densities = new double[neighbors.length / width];
    for (int node = 0; node < densities.length; node++) {
      double sum = 0;
      int count = 0;
      while (count < width && neighbors[node * width + count] >= 0) {
        sum += similarities[node * width + count++];
      }
      densities[node] = count == 0 ? Double.NEGATIVE_INFINITY : sum / count;
    }
    return densities;
  }

  private void climb() {
    Integer[] order = IntStream.range(0, rank.length).boxed().toArray(Integer[]::new);
    Arrays.sort(
        order,
        Comparator.comparingDouble((Integer node) -> -density[node])
            .thenComparingInt(Integer::intValue));
    for (int place = 0; place < order.length; place++) {
      rank[order[place]] = place;
    }
    for (int node : order) {
      parents[node] = node;
      join(node);
    }
  }

  private void join(int node) {
    int densest = node;
    for (int at = node * width; at < (node + 1) * width && neighbors[at] >= 0; at++) {
      densest = rank[neighbors[at]] < rank[densest] ? neighbors[at] : densest;
    }
    parents[node] = peak(densest);
    for (int at = node * width; at < (node + 1) * width && neighbors[at] >= 0; at++) {
      if (rank[neighbors[at]] < rank[node]) {
        merge(peak(node), peak(neighbors[at]), density[node]);
      }
    }
  }

  private void merge(int one, int other, double saddle) {
    int higher = rank[one] < rank[other] ? one : other;
    int lower = one + other - higher;
    if (higher != lower && density[lower] - saddle < prominence) {
      parents[lower] = higher;
    }
  }

  private int peak(int node) {
    int at = node;
    while (parents[at] != at) {
      parents[at] = parents[parents[at]];
      at = parents[at];
    }
    return at;
  }
}
