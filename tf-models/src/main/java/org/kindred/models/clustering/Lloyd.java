package org.kindred.models.clustering;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.kindred.models.clustering.KMeans.EmptyClusters;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.linalg.UnitRows;

/**
 * One restart of k-means on rows in memory: which center each belongs to, and bounds that tell of
 * most rows that nothing has changed (G. Hamerly, "Making k-means even faster", SDM 2010).
 *
 * <p>A row's distance to its own center is at most {@code upper}, that to any other at least {@code
 * lower}. When centers move, the one grows and the other shrinks by as much; as long as they do not
 * meet, the row stays where it is. Only the other rows are compared with all centers.
 *
 * <p>Threading: not thread-safe, but for what its methods say.
 */
final class Lloyd {

  private static final int NONE = -1;

  /** Covers the rounding of bounds, relative to them. */
  private static final double ROUNDING = 1e-9;

  /** Centers from which on an exact distance costs less than to compare a row with all. */
  private static final int TIGHTENED = 64;

  private final Points points;
  private final Extent extent;
  private final int iterations;
  private final EmptyClusters emptyClusters;
  private final ClusterSums sums;
  private final int[] assignments;
  private final int[] found;
  private final double[] upper;
  private final double[] lower;
  private KMeansRun run;
  private double[] drifts;
  private int fastest;
  private double secondDrift;
  private double slack;

  /**
   * @param run the start
   * @param iterations most iterations, 1 or more
   * @param emptyClusters what becomes of them
   */
  Lloyd(Points points, Extent extent, KMeansRun run, int iterations, EmptyClusters emptyClusters) {
    this.points = points;
    this.extent = extent;
    this.run = run;
    this.iterations = iterations;
    this.emptyClusters = emptyClusters;
    this.sums = new ClusterSums(extent, run.clusters());
    this.assignments = new int[points.rows()];
    Arrays.fill(assignments, NONE);
    this.found = new int[points.rows()];
    this.upper = new double[points.rows()];
    this.lower = new double[points.rows()];
    this.drifts = new double[run.clusters()];
  }

  KMeansRun run() {
    return run;
  }

  int[] assignments() {
    return assignments;
  }

  boolean done() {
    return run.done(iterations);
  }

  /**
   * Brings a row's bounds up to date, once in each iteration, and returns whether its nearest
   * center has to be found again. Several threads may ask of different rows.
   */
  boolean mayMove(int row) {
    int own = assignments[row];
    if (own == NONE) {
      return true;
    }
    double nearest = Math.max(0, upper[row] - drifts[own]);
    upper[row] += drifts[own];
    lower[row] -= own == fastest ? secondDrift : drifts[fastest];
    if (staysWithin(upper[row], lower[row])) {
      return false;
    }
    // As near as the center may be when the bound was tight, which it is unless the row stayed for
    // long: where even that is too far, the exact distance is not worth computing.
    if (run.clusters() < TIGHTENED || !staysWithin(nearest, lower[row])) {
      return true;
    }
    upper[row] = Math.sqrt(points.squaredDistance(row, run.centers(), own));
    return !staysWithin(upper[row], lower[row]);
  }

  /** Cosine ranks centers by inner product: as distances do, but for the squares of their norms. */
  private boolean staysWithin(double upperBound, double lowerBound) {
    double far = lowerBound * lowerBound;
    double near = upperBound * upperBound;
    return lowerBound > 0 && far - near > slack + ROUNDING * (far + near);
  }

  /** Takes what was found of a row. Several threads may tell of different rows. */
  void found(int row, int nearest, double squaredUpper, double squaredLower) {
    found[row] = nearest;
    upper[row] = Math.sqrt(Math.max(0, squaredUpper)) * (1 + ROUNDING);
    lower[row] = Math.sqrt(Math.max(0, squaredLower)) * (1 - ROUNDING);
  }

  /**
   * Ends an iteration: moves the rows of which something was found, measures and, unless it was the
   * last, moves the centers.
   */
  void endIteration(int[] rows) {
    for (int row : rows) {
      move(row, found[row]);
    }
    double inertia = run.measure(sums, extent);
    boolean last = run.inertia().length + 1 == iterations;
    if (emptyClusters == EmptyClusters.FARTHEST_ROW && !last && sums.hasEmptyCluster()) {
      fillEmptyClusters();
    }
    float[] before = run.centers();
    run = run.end(inertia, sums, iterations, emptyClusters);
    if (!done()) {
      measureDrifts(before);
    }
  }

  private void move(int row, int to) {
    int from = assignments[row];
    if (from != to) {
      if (from != NONE) {
        sums.remove(points, row, from);
      }
      sums.add(points, row, to);
      assignments[row] = to;
    }
  }

  private void measureDrifts(float[] before) {
    int dim = points.dim();
    float[] centers = run.centers();
    double least = Double.POSITIVE_INFINITY;
    double most = 0;
    for (int center = 0; center < run.clusters(); center++) {
      int at = center * dim;
      double squared = -Similarity.EUCLIDEAN.exact(before, at, centers, at, dim);
      drifts[center] = Math.sqrt(squared) * (1 + ROUNDING);
      double norm = UnitRows.squaredNorm(centers, at, dim);
      least = Math.min(least, norm);
      most = Math.max(most, norm);
    }
    slack = points.similarity() == Similarity.COSINE ? most - least : 0;
    fastest = 0;
    for (int center = 1; center < drifts.length; center++) {
      fastest = drifts[center] > drifts[fastest] ? center : fastest;
    }
    secondDrift = 0;
    for (int center = 0; center < drifts.length; center++) {
      secondDrift = center == fastest ? secondDrift : Math.max(secondDrift, drifts[center]);
    }
  }

  /** Gives each empty cluster the row farthest from its own center, as long as one is away. */
  private void fillEmptyClusters() {
    double[] distances = distances();
    for (int center = 0; center < run.clusters(); center++) {
      if (sums.size(center) == 0) {
        int farthest = farthest(distances);
        if (farthest == NONE) {
          return;
        }
        move(farthest, center);
        distances[farthest] = 0;
        upper[farthest] = Double.POSITIVE_INFINITY;
      }
    }
  }

  private int farthest(double[] distances) {
    double greatest = 0;
    int farthest = NONE;
    for (int row = 0; row < distances.length; row++) {
      if (distances[row] > greatest && sums.size(assignments[row]) > points.weight(row)) {
        greatest = distances[row];
        farthest = row;
      }
    }
    return farthest;
  }

  /** Squared distance of every row to its center, rounded. */
  float[] squaredDistances() {
    return points.squaredDistances(run.centers(), assignments);
  }

  private double[] distances() {
    return IntStream.range(0, assignments.length)
        .parallel()
        .mapToDouble(row -> points.squaredDistance(row, run.centers(), assignments[row]))
        .toArray();
  }
}
