package org.kindred.models.clustering;

import java.util.Arrays;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;

/**
 * Chooses the centers that k-means starts from (k-means++, D. Arthur and S. Vassilvitskii, SODA
 * 2007): the first uniformly, each further one with probability proportional to its squared
 * distance from the nearest center chosen so far.
 *
 * <p>When no row is away from the centers, because there are fewer distinct rows than clusters, the
 * further centers are drawn uniformly.
 */
final class PlusPlusStart {

  /** More than what rounding can add to a squared distance, relative to it. */
  private static final double ROUNDING = 1 + 1e-6;

  private final Points points;
  private final float[] centers;
  private final double[] distances;
  private final int[] nearest;

  private PlusPlusStart(Points points, int clusters) {
    this.points = points;
    this.centers = new float[Math.multiplyExact(clusters, points.dim())];
    this.distances = new double[points.rows()];
    this.nearest = new int[points.rows()];
  }

  /** Returns centers, {@code [clusters, dim]}, of one restart. */
  static float[] choose(Points points, int clusters, long seed, int restart) {
    CounterRandom random = new CounterRandom(Domain.CLUSTERING, seed, 0, restart, 0);
    PlusPlusStart start = new PlusPlusStart(points, clusters);
    Arrays.fill(start.distances, Double.POSITIVE_INFINITY);
    start.add(0, random.nextInt(points.rows()));
    for (int center = 1; center < clusters; center++) {
      start.add(center, start.draw(random));
    }
    return start.centers;
  }

  private int draw(CounterRandom random) {
    double total = 0;
    for (double distance : distances) {
      total += distance;
    }
    if (total == 0) {
      return random.nextInt(points.rows());
    }
    double target = random.nextDouble() * total;
    double sum = 0;
    int last = 0;
    for (int row = 0; row < distances.length; row++) {
      if (distances[row] > 0) {
        sum += distances[row];
        last = row;
        if (sum > target) {
          break;
        }
      }
    }
    return last;
  }

  /** Makes {@code row} a center, and brings the distances up to date. */
  private void add(int center, int row) {
    points.copy(row, centers, center * points.dim());
    double[] apart = new double[center];
    for (int other = 0; other < center; other++) {
      apart[other] = squaredDistance(other, center);
    }
    for (int i = 0; i < distances.length; i++) {
      // By the triangle inequality, a center twice as far from i's as i is can't be nearer to i.
      if (center == 0 || apart[nearest[i]] < 4 * ROUNDING * distances[i]) {
        double distance = points.squaredDistance(i, centers, center);
        if (distance < distances[i]) {
          distances[i] = distance;
          nearest[i] = center;
        }
      }
    }
  }

  private double squaredDistance(int left, int right) {
    int dim = points.dim();
    return -Similarity.EUCLIDEAN.exact(centers, left * dim, centers, right * dim, dim);
  }
}
