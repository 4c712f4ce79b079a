package org.kindred.models.clustering;

import java.util.Arrays;

/**
 * How dense the clusters of a clustering are: what PCL uses as the temperature of each prototype
 * (Li et al., equation 12).
 */
public final class Concentration {

  /** Keeps the estimate of small clusters from being too large. */
  private static final double ALPHA = 10;

  private static final double LOWEST = 0.1;
  private static final double HIGHEST = 0.9;

  private Concentration() {}

  /**
   * Returns the concentration phi of each cluster: over its n members v with center c, the mean of
   * |v - c| / ln(n + 10). A cluster that this says nothing of, because it has less than two members
   * or they all lie on the center, takes the greatest of the others'. Then all are clipped to the
   * range from the 10th to the 90th percentile, and scaled to a mean of {@code temperature}.
   *
   * @param assignments cluster of each row, {@code [rows]}, 0 to {@code clusters - 1}
   * @param squaredDistances squared distance of each row to its center, {@code [rows]}
   * @param clusters number of clusters, 1 or more
   * @param temperature mean of the result, above 0
   * @return {@code [clusters]}, all above 0; all {@code temperature} when no cluster has an extent
   * @throws IllegalArgumentException when a number is out of its range
   */
  public static float[] of(
      int[] assignments, float[] squaredDistances, int clusters, double temperature) {
    if (!(temperature > 0)) {
      throw new IllegalArgumentException("temperature is " + temperature + ", valid is above 0");
    }
    if (clusters < 1) {
      throw new IllegalArgumentException("clusters is " + clusters + ", valid is 1 or more");
    }
    if (assignments.length != squaredDistances.length) {
      throw new IllegalArgumentException(
          "there are %d distances, valid is one for each of %d rows"
              .formatted(squaredDistances.length, assignments.length));
    }
    double[] phi = densities(assignments, squaredDistances, clusters);
    clip(phi);
    double mean = Arrays.stream(phi).average().orElseThrow();
    float[] scaled = new float[clusters];
    for (int cluster = 0; cluster < clusters; cluster++) {
      scaled[cluster] = (float) (mean > 0 ? temperature * phi[cluster] / mean : temperature);
    }
    return scaled;
  }

  private static double[] densities(int[] assignments, float[] squaredDistances, int clusters) {
    int[] sizes = new int[clusters];
    double[] phi = new double[clusters];
    for (int row = 0; row < assignments.length; row++) {
      sizes[assignments[row]]++;
      phi[assignments[row]] += Math.sqrt((double) squaredDistances[row]);
    }
    for (int cluster = 0; cluster < clusters; cluster++) {
      int size = sizes[cluster];
      phi[cluster] = size < 2 ? 0 : phi[cluster] / size / Math.log(size + ALPHA);
    }
    double greatest = Arrays.stream(phi).max().orElseThrow();
    for (int cluster = 0; cluster < clusters; cluster++) {
      if (phi[cluster] == 0) {
        phi[cluster] = greatest;
      }
    }
    return phi;
  }

  private static void clip(double[] phi) {
    double[] sorted = phi.clone();
    Arrays.sort(sorted);
    double low = percentile(sorted, LOWEST);
    double high = percentile(sorted, HIGHEST);
    for (int cluster = 0; cluster < phi.length; cluster++) {
      phi[cluster] = Math.min(Math.max(phi[cluster], low), high);
    }
  }

  /** With linear interpolation between the two values around it. */
  private static double percentile(double[] sorted, double share) {
    double position = share * (sorted.length - 1);
    int below = (int) position;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
  }
}
