package org.kindred.models.clustering;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;

/**
 * Chooses the centers that k-means starts from, by k-means|| (B. Bahmani et al., "Scalable
 * k-means++", VLDB 2012): in each of a few rounds every row becomes a candidate with a probability
 * in proportion to its squared distance from the nearest candidate so far, half as many as clusters
 * on average. Then the candidates, each as heavy as the rows that are nearest to it, are clustered
 * from a greedy k-means++ start.
 *
 * <p>A row's draw is named by its position, so that it is the same wherever the row is.
 */
public final class ParallelStart {

  /** Rounds; the paper finds little gain beyond five. */
  public static final int ROUNDS = 5;

  /** Candidates that a round draws on average, in clusters. */
  private static final double OVERSAMPLING = 0.5;

  /** Most iterations of k-means on the candidates. */
  private static final int ITERATIONS = 10;

  private ParallelStart() {}

  /** Returns the position of the first candidate. */
  public static int first(int rows, long seed, int restart) {
    return new CounterRandom(Domain.CLUSTERING, seed, 0, restart, 0).nextInt(rows);
  }

  /**
   * Returns which of some rows become candidates: none, when the cost is 0.
   *
   * @param distances of the rows from their nearest candidates, squared
   * @param first position of the first of the rows
   * @param cost sum of the squared distances of all rows
   * @param round from 0
   * @return rows, counted from {@code first}
   */
  public static int[] draw(
      double[] distances, int first, double cost, int clusters, long seed, int restart, int round) {
    if (cost == 0) {
      return new int[0];
    }
    double share = clusters * OVERSAMPLING / cost;
    return IntStream.range(0, distances.length)
        .parallel()
        .filter(
            i -> {
              long id = (long) restart << Integer.SIZE | (first + i);
              CounterRandom draw = new CounterRandom(Domain.CLUSTERING, seed, round, id, 2);
              return distances[i] > 0 && draw.nextDouble() < share * distances[i];
            })
        .toArray();
  }

  /**
   * Brings rows' nearest candidates up to date.
   *
   * @param fresh candidates, {@code [count, dim]}
   * @param number number of the first of them
   * @param distances squared distance of each row from its nearest candidate before
   * @param nearest number of that candidate; the lower of equals
   */
  public static void update(
      MatrixProduct product,
      Points points,
      float[] fresh,
      int number,
      double[] distances,
      int[] nearest) {
    Points euclidean = points.as(Similarity.EUCLIDEAN);
    try (NearestCenters centers = new NearestCenters(product, euclidean, List.of(fresh))) {
      centers.find(
          IntStream.range(0, points.rows()).toArray(),
          (set, row, center, upper, lower) -> {
            double distance = points.squaredDistance(row, fresh, center);
            if (distance < distances[row]) {
              distances[row] = distance;
              nearest[row] = number + center;
            }
          });
    }
  }

  /** Returns the sum of squared distances, in units of {@link Extent#squares}. */
  public static long cost(Extent extent, double[] distances) {
    FixedPoint squares = extent.squares();
    return Arrays.stream(distances).mapToLong(squares::of).sum();
  }

  /**
   * Returns centers, {@code [clusters, dim]}.
   *
   * @param candidates {@code [weights.length, dim]}
   * @param weights rows that are nearest to each
   */
  public static float[] centers(
      MatrixProduct product,
      Similarity similarity,
      float[] candidates,
      long[] weights,
      int clusters,
      long seed,
      int restart) {
    int dim = candidates.length / weights.length;
    int[] used = IntStream.range(0, weights.length).filter(i -> weights[i] > 0).toArray();
    int rows = Math.max(used.length, clusters);
    float[] values = new float[Math.multiplyExact(rows, dim)];
    long[] counts = new long[rows];
    for (int i = 0; i < rows; i++) {
      int from = used[i % used.length];
      System.arraycopy(candidates, from * dim, values, i * dim, dim);
      counts[i] = i < used.length ? weights[from] : 1;
    }
    Points points = new Points(similarity, values, dim, counts);
    float[] start = GreedyStart.choose(points, clusters, seed, restart);
    return new KMeans(product, clusters, 1, ITERATIONS).fitFrom(points, start);
  }

  static float[] choose(
      MatrixProduct product, Points points, int clusters, long seed, int restart) {
    Extent extent = Extent.of(points);
    int dim = points.dim();
    double[] distances = new double[points.rows()];
    Arrays.fill(distances, Double.POSITIVE_INFINITY);
    int[] nearest = new int[points.rows()];
    int[] drawn = {first(points.rows(), seed, restart)};
    float[] candidates = new float[0];
    for (int round = 0; round <= ROUNDS; round++) {
      if (drawn.length > 0) {
        float[] fresh = points.rows(drawn);
        update(product, points, fresh, candidates.length / dim, distances, nearest);
        candidates = joined(candidates, fresh);
      }
      if (round < ROUNDS) {
        double cost = extent.squaresOf(cost(extent, distances));
        drawn = draw(distances, 0, cost, clusters, seed, restart, round);
      }
    }
    long[] weights = new long[candidates.length / dim];
    for (int candidate : nearest) {
      weights[candidate]++;
    }
    return centers(product, points.similarity(), candidates, weights, clusters, seed, restart);
  }

  /** Returns the rows of both, one after the other. */
  public static float[] joined(float[] left, float[] right) {
    float[] all = Arrays.copyOf(left, Math.addExact(left.length, right.length));
    System.arraycopy(right, 0, all, left.length, right.length);
    return all;
  }
}
