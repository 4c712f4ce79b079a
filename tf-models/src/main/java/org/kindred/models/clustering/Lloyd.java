package org.kindred.models.clustering;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.kindred.models.clustering.KMeans.EmptyClusters;
import org.kindred.models.linalg.MatrixProduct.Product;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.linalg.UnitRows;
import org.kindred.models.random.CounterRandom;

/**
 * One restart of k-means: centers, and which of them each row belongs to.
 *
 * <p>The nearest center is the one of greatest {@link Similarity}. Float32 products decide where
 * their error cannot; elsewhere the similarities are computed exactly. Sums of members are kept in
 * double and changed by the rows that move, in order of the rows.
 *
 * <p>Threading: not thread-safe; nearest centers are looked for on the common fork-join pool.
 */
final class Lloyd {

  private static final int NONE = -1;

  /** Inner products looked through by one task: some tens of microseconds. */
  private static final int TASK_PRODUCTS = 1 << 16;

  private final Points points;
  private final int clusters;
  private final int maxIterations;
  private final EmptyClusters emptyClusters;
  private final CounterRandom splits;
  private final float[] centers;
  private final double[] squaredNorms;
  private final int[] assignments;
  private final double[] sums;
  private final int[] sizes;
  private final double[] inertia;
  private double largestNorm;
  private int iterations;
  private boolean moved;
  private boolean converged;

  /**
   * @param centers {@code [clusters, dim]}, taken over
   * @param maxIterations 1 or more
   * @param emptyClusters what becomes of them
   * @param splits draws which clusters are split
   */
  Lloyd(
      Points points,
      float[] centers,
      int maxIterations,
      EmptyClusters emptyClusters,
      CounterRandom splits) {
    this.points = points;
    this.clusters = centers.length / points.dim();
    this.maxIterations = maxIterations;
    this.emptyClusters = emptyClusters;
    this.splits = splits;
    this.centers = centers;
    this.squaredNorms = new double[clusters];
    this.assignments = new int[points.rows()];
    Arrays.fill(assignments, NONE);
    this.sums = new double[centers.length];
    this.sizes = new int[clusters];
    this.inertia = new double[maxIterations];
    measureCenters();
  }

  float[] centers() {
    return centers;
  }

  int[] assignments() {
    return assignments;
  }

  /** Sum of squared distances to the nearest center in each iteration so far. */
  double[] inertia() {
    return Arrays.copyOf(inertia, iterations);
  }

  double lastInertia() {
    return inertia[iterations - 1];
  }

  /** Whether the last iteration left every row where it was. */
  boolean converged() {
    return converged;
  }

  boolean done() {
    return converged || iterations == maxIterations;
  }

  /**
   * Assigns some rows to their nearest centers.
   *
   * @param first the first of them
   * @param products their inner products with, from column {@code column} on, the centers
   */
  void assign(int first, Product products, int column) {
    int[] nearest = new int[products.rows()];
    int taskRows = Math.max(1, TASK_PRODUCTS / clusters);
    IntStream.rangeClosed(0, (nearest.length - 1) / taskRows)
        .parallel()
        .forEach(
            task -> {
              float[] row = new float[clusters];
              int end = Math.min((task + 1) * taskRows, nearest.length);
              for (int i = task * taskRows; i < end; i++) {
                products.row(i).get(column, row);
                nearest[i] = nearest(first + i, row);
              }
            });
    for (int i = 0; i < nearest.length; i++) {
      move(first + i, nearest[i]);
    }
  }

  private int nearest(int row, float[] products) {
    double best = Double.NEGATIVE_INFINITY;
    double second = Double.NEGATIVE_INFINITY;
    int nearest = NONE;
    for (int center = 0; center < clusters; center++) {
      double score = score(products, center);
      if (score > best) {
        second = best;
        best = score;
        nearest = center;
      } else if (score > second) {
        second = score;
      }
    }
    double error = points.similarity().errorBound(points.dim(), points.norm(row), largestNorm);
    return best - second > 2 * error ? nearest : exactNearest(row, products, best - 2 * error);
  }

  /** Similarity of row and center, less what all centers share. */
  private double score(float[] products, int center) {
    return points.similarity() == Similarity.COSINE
        ? products[center]
        : 2.0 * products[center] - squaredNorms[center];
  }

  private int exactNearest(int row, float[] products, double least) {
    double best = Double.NEGATIVE_INFINITY;
    int nearest = NONE;
    for (int center = 0; center < clusters; center++) {
      if (score(products, center) >= least) {
        double similarity = points.similarity(row, centers, center);
        if (similarity > best) {
          best = similarity;
          nearest = center;
        }
      }
    }
    return nearest;
  }

  private void move(int row, int to) {
    int from = assignments[row];
    if (from == to) {
      return;
    }
    if (from != NONE) {
      add(row, from, -1);
    }
    add(row, to, 1);
    assignments[row] = to;
    moved = true;
  }

  private void add(int row, int center, int sign) {
    int at = center * points.dim();
    for (int d = 0; d < points.dim(); d++) {
      sums[at + d] += sign * points.value(row, d);
    }
    sizes[center] += sign;
  }

  /** Ends an iteration, after all rows were assigned: moves the centers unless it was the last. */
  void endIteration() {
    inertia[iterations++] = measureInertia();
    boolean splitting = emptyClusters == EmptyClusters.SPLIT && hasEmptyCluster();
    converged = !moved && !splitting;
    if (!done()) {
      if (emptyClusters == EmptyClusters.FARTHEST_ROW) {
        fillEmptyClusters();
      }
      moved = false;
      moveCenters();
      if (splitting) {
        ClusterSplits.fill(points, centers, sizes, splits);
      }
      measureCenters();
    }
  }

  private boolean hasEmptyCluster() {
    return Arrays.stream(sizes).anyMatch(size -> size == 0);
  }

  /**
   * With o the mean of all rows: sum |x - c|^2 = sum |x - o|^2 + sum over the centers of size |c -
   * o|^2 - 2 (c - o).(sum of its members - size o). Taken about o, large coordinates cancel early.
   */
  private double measureInertia() {
    double sum = points.spread();
    for (int center = 0; center < clusters; center++) {
      int at = center * points.dim();
      for (int d = 0; d < points.dim(); d++) {
        double shift = centers[at + d] - points.mean(d);
        double members = sums[at + d] - sizes[center] * points.mean(d);
        sum += shift * (sizes[center] * shift - 2 * members);
      }
    }
    return Math.max(0, sum);
  }

  /** Gives each empty cluster the row farthest from its own center, as long as one is away. */
  private void fillEmptyClusters() {
    double[] distances = null;
    for (int center = 0; center < clusters; center++) {
      if (sizes[center] == 0) {
        if (distances == null) {
          distances = distances();
        }
        int farthest = farthest(distances);
        if (farthest == NONE) {
          return;
        }
        move(farthest, center);
        distances[farthest] = 0;
      }
    }
  }

  private int farthest(double[] distances) {
    double greatest = 0;
    int farthest = NONE;
    for (int row = 0; row < distances.length; row++) {
      if (distances[row] > greatest && sizes[assignments[row]] > 1) {
        greatest = distances[row];
        farthest = row;
      }
    }
    return farthest;
  }

  /** Squared distance of every row to its center. */
  double[] distances() {
    double[] distances = new double[assignments.length];
    for (int row = 0; row < distances.length; row++) {
      distances[row] = points.squaredDistance(row, centers, assignments[row]);
    }
    return distances;
  }

  /** Puts the center of each cluster with members at their mean, of unit length for cosine. */
  private void moveCenters() {
    for (int center = 0; center < clusters; center++) {
      double divisor = points.similarity() == Similarity.COSINE ? sumLength(center) : sizes[center];
      // The sums of a cluster that lost its members need not come out as 0.
      if (sizes[center] > 0 && divisor >= UnitRows.MIN_NORM) {
        for (int d = center * points.dim(); d < (center + 1) * points.dim(); d++) {
          centers[d] = (float) (sums[d] / divisor);
        }
      }
    }
  }

  private double sumLength(int center) {
    double squared = 0;
    for (int d = center * points.dim(); d < (center + 1) * points.dim(); d++) {
      squared += sums[d] * sums[d];
    }
    return Math.sqrt(squared);
  }

  private void measureCenters() {
    double largest = 0;
    for (int center = 0; center < clusters; center++) {
      squaredNorms[center] = UnitRows.squaredNorm(centers, center * points.dim(), points.dim());
      largest = Math.max(largest, squaredNorms[center]);
    }
    largestNorm = Math.sqrt(largest);
  }
}
