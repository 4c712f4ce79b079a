package org.kindred.models.clustering;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;

/**
 * Chooses the centers that k-means starts from, by k-means++ (D. Arthur, S. Vassilvitskii, SODA
 * 2007): rows, the first uniformly, each further one with probability proportional to its squared
 * distance from the nearest center chosen so far. A row counts as often as its weight says.
 *
 * <p>When no row is away from the centers, because there are fewer distinct rows than clusters, the
 * further centers are drawn uniformly.
 */
final class PlusPlusStart {

  /** More than what rounding can add to a squared distance, relative to it. */
  private static final double ROUNDING = 1 + 1e-6;

  /** Rows whose distances one task brings up to date. */
  private static final int TASK_ROWS = 2048;

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
    start.add(0, start.drawAny(random));
    for (int center = 1; center < clusters; center++) {
      start.add(center, start.draw(random));
    }
    return start.centers;
  }

  private int drawAny(CounterRandom random) {
    if (points.totalWeight() == points.rows()) {
      return random.nextInt(points.rows());
    }
    double left = random.nextDouble() * points.totalWeight();
    int row = 0;
    while (row < points.rows() - 1 && left >= points.weight(row)) {
      left -= points.weight(row++);
    }
    return row;
  }

  private int draw(CounterRandom random) {
    double total = 0;
    for (int row = 0; row < distances.length; row++) {
      total += points.weight(row) * distances[row];
    }
    if (total == 0) {
      return drawAny(random);
    }
    double target = random.nextDouble() * total;
    double sum = 0;
    int last = 0;
    for (int row = 0; row < distances.length; row++) {
      if (distances[row] > 0) {
        sum += points.weight(row) * distances[row];
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
    IntStream.rangeClosed(0, (distances.length - 1) / TASK_ROWS)
        .parallel()
        .forEach(task -> update(task * TASK_ROWS, center, apart));
  }

  private void update(int first, int center, double[] apart) {
    int end = Math.min(distances.length, first + TASK_ROWS);
    int[] near = new int[end - first];
    int count = 0;
    for (int i = first; i < end; i++) {
      // By the triangle inequality, a center twice as far from i's as i is can't be nearer to i.
      if (center == 0 || apart[nearest[i]] < 4 * ROUNDING * distances[i]) {
        near[count++] = i;
      }
    }
    double[] squared = new double[count];
    points.squaredDistances(centers, center, near, count, squared);
    for (int i = 0; i < count; i++) {
      if (squared[i] < distances[near[i]]) {
        distances[near[i]] = squared[i];
        nearest[near[i]] = center;
      }
    }
  }

  private double squaredDistance(int left, int right) {
    int dim = points.dim();
    return -Similarity.EUCLIDEAN.exact(centers, left * dim, centers, right * dim, dim);
  }
}
