package org.kindred.models.clustering;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;

/**
 * Chooses centers by greedy k-means++ (D. Arthur, S. Vassilvitskii, SODA 2007, section 7) among
 * some rows that count as often as their weights say: of a few rows drawn for each center it takes
 * the one that brings the sum of squared distances down most, of equals the first.
 *
 * <p>Distances are exact, rounded to float. Of up to {@value #MOST_TABLED} rows all of them are
 * computed beforehand, 4 bytes each; of more, a row's whenever it is drawn.
 */
final class GreedyStart {

  private static final int MOST_TABLED = 8192;

  private final Points points;
  private final int clusters;
  private final CounterRandom random;
  private final float[][] table;
  private final double[] distances;

  private GreedyStart(Points points, int clusters, CounterRandom random) {
    this.points = points;
    this.clusters = clusters;
    this.random = random;
    this.table = points.rows() > MOST_TABLED ? null : table(points);
    this.distances = new double[points.rows()];
  }

  /**
   * Sums up one dimension after the other, which gives the same bits as a distance alone does, for
   * all rows side by side: the compiler makes vector instructions of it.
   */
  private static float[][] table(Points points) {
    int rows = points.rows();
    double[][] columns = new double[points.dim()][rows];
    for (int row = 0; row < rows; row++) {
      for (int d = 0; d < columns.length; d++) {
        columns[d][row] = points.value(row, d);
      }
    }
    float[][] table = new float[rows][rows];
    IntStream.range(0, rows)
        .parallel()
        .forEach(
            row -> {
              double[] sums = new double[rows];
              for (double[] column : columns) {
                addSquares(sums, column, column[row]);
              }
              for (int other = 0; other < rows; other++) {
                table[row][other] = (float) sums[other];
              }
            });
    return table;
  }

  private static void addSquares(double[] sums, double[] column, double value) {
    for (int other = 0; other < sums.length; other++) {
      double difference = value - column[other];
      sums[other] += difference * difference;
    }
  }

  /** Returns centers, {@code [clusters, dim]}, of one restart. */
  static float[] choose(Points points, int clusters, long seed, int restart) {
    CounterRandom random = new CounterRandom(Domain.CLUSTERING, seed, 1, restart, 0);
    return new GreedyStart(points, clusters, random).choose();
  }

  private float[] choose() {
    float[] centers = new float[Math.multiplyExact(clusters, points.dim())];
    Arrays.fill(distances, 1);
    int trials = 2 + (int) Math.log(clusters);
    for (int center = 0; center < clusters; center++) {
      int row = center == 0 ? draw(1)[0] : best(draw(trials));
      points.copy(row, centers, center * points.dim());
      float[] fresh = distancesFrom(row);
      for (int other = 0; other < fresh.length; other++) {
        distances[other] = center == 0 ? fresh[other] : Math.min(distances[other], fresh[other]);
      }
    }
    return centers;
  }

  /** Draws rows by weight and distance; by weight, when no row is away from the centers. */
  private int[] draw(int count) {
    double[] sums = new double[distances.length];
    double total = 0;
    for (int row = 0; row < sums.length; row++) {
      total += points.weight(row) * distances[row];
      sums[row] = total;
    }
    if (total == 0) {
      Arrays.fill(distances, 1);
      return draw(count);
    }
    int[] drawn = new int[count];
    for (int i = 0; i < count; i++) {
      drawn[i] = firstAbove(sums, random.nextDouble() * total);
    }
    return drawn;
  }

  /** Returns the first row whose sum is above {@code target}, which is below the last sum. */
  private static int firstAbove(double[] sums, double target) {
    int low = 0;
    int high = sums.length - 1;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (sums[middle] > target) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  private int best(int[] drawn) {
    double[] gains = Arrays.stream(drawn).parallel().mapToDouble(this::gain).toArray();
    int best = 0;
    for (int trial = 1; trial < gains.length; trial++) {
      best = gains[trial] > gains[best] ? trial : best;
    }
    return drawn[best];
  }

  /** By how much the sum of squared distances falls when {@code row} becomes a center. */
  private double gain(int row) {
    float[] fresh = distancesFrom(row);
    double gain = 0;
    for (int other = 0; other < fresh.length; other++) {
      gain += points.weight(other) * Math.max(0, distances[other] - fresh[other]);
    }
    return gain;
  }

  private float[] distancesFrom(int row) {
    if (table != null) {
      return table[row];
    }
    float[] fresh = new float[points.rows()];
    points.squaredDistances(row, fresh.length, fresh);
    return fresh;
  }
}
