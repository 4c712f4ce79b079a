package org.kindred.models.clustering;

import java.io.Serializable;
import java.util.Arrays;
import org.kindred.models.clustering.KMeans.EmptyClusters;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.linalg.UnitRows;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;

/**
 * One restart of k-means between two iterations, without its rows: wherever they are, they are
 * assigned to its centers, and {@link #end} takes their sums. It has converged when an iteration
 * moves no center, and splits no cluster: further iterations would change nothing.
 *
 * <p>Threading: immutable, except that it hands out its centers.
 *
 * @param similarity what rows and centers are compared by
 * @param dim length of a center
 * @param seed names the random draws
 * @param restart number of the restart
 * @param centers {@code [clusters, dim]}
 * @param inertia sum of squared distances to the nearest center in each iteration so far
 * @param converged whether the last iteration left all centers where they were
 */
@SuppressWarnings("ArrayRecordComponent") // numbers in bulk, never compared as a value
public record KMeansRun(
    Similarity similarity,
    int dim,
    long seed,
    int restart,
    float[] centers,
    double[] inertia,
    boolean converged)
    implements Serializable {

  /** Starts from centers. */
  public static KMeansRun from(
      Similarity similarity, int dim, long seed, int restart, float[] centers) {
    return new KMeansRun(similarity, dim, seed, restart, centers, new double[0], false);
  }

  /** Returns whether there is nothing left to do. */
  public boolean done(int iterations) {
    return converged || inertia.length == iterations;
  }

  /** Returns the inertia of the last iteration. */
  public double lastInertia() {
    return inertia[inertia.length - 1];
  }

  int clusters() {
    return centers.length / dim;
  }

  /**
   * Ends an iteration: measures it and, unless it was the last, moves the centers.
   *
   * @param sums of all rows, as they were assigned to the centers
   * @param extent of all rows
   * @param iterations most iterations
   * @param emptyClusters {@link EmptyClusters#UNCHANGED} or {@link EmptyClusters#SPLIT}; what gives
   *     them rows has done so
   */
  public KMeansRun end(
      ClusterSums sums, Extent extent, int iterations, EmptyClusters emptyClusters) {
    return end(measure(sums, extent), sums, iterations, emptyClusters);
  }

  /**
   * Ends an iteration whose inertia is known.
   *
   * @param sums rows may have been given to empty clusters
   */
  KMeansRun end(double measured, ClusterSums sums, int iterations, EmptyClusters emptyClusters) {
    double[] history = Arrays.copyOf(inertia, inertia.length + 1);
    history[inertia.length] = measured;
    float[] moved = moved(sums);
    boolean splitting = emptyClusters == EmptyClusters.SPLIT && sums.hasEmptyCluster();
    boolean stay = !splitting && Arrays.equals(moved, centers);
    if (splitting) {
      CounterRandom draws = new CounterRandom(Domain.CLUSTERING, seed, inertia.length, restart, 1);
      ClusterSplits.fill(similarity, dim, moved, sums, draws);
    }
    boolean last = stay || history.length == iterations;
    return new KMeansRun(similarity, dim, seed, restart, last ? centers : moved, history, stay);
  }

  /**
   * With o the first row: sum |x - c|^2 = sum |x - o|^2 + sum over the centers of size |c - o|^2 -
   * 2 (c - o).(sum of its members - size o). Taken about o, large coordinates cancel early.
   */
  double measure(ClusterSums sums, Extent extent) {
    double inertia = extent.squares().value(extent.spread());
    for (int center = 0; center < clusters(); center++) {
      double size = sums.size(center);
      for (int d = 0; d < dim; d++) {
        double shift = (double) centers[center * dim + d] - extent.origin()[d];
        double members = sums.sum(center, d) - size * extent.origin()[d];
        inertia += shift * (size * shift - 2 * members);
      }
    }
    return Math.max(0, inertia);
  }

  /**
   * Returns the clusters that given assignments make, with the inertia of the rows about the means
   * that become their centers. Converged means that these are where the centers have been.
   */
  KMeansRun movedToMeans(Points points, Extent extent, int[] assignments) {
    ClusterSums sums = new ClusterSums(extent, clusters());
    for (int row = 0; row < assignments.length; row++) {
      sums.add(points, row, assignments[row]);
    }
    float[] means = moved(sums);
    boolean stay = Arrays.equals(means, centers);
    KMeansRun moved = new KMeansRun(similarity, dim, seed, restart, means, new double[0], stay);
    return new KMeansRun(
        similarity, dim, seed, restart, means, new double[] {moved.measure(sums, extent)}, stay);
  }

  /** Puts the center of each cluster with members at their mean, of unit length for cosine. */
  private float[] moved(ClusterSums sums) {
    float[] moved = centers.clone();
    for (int center = 0; center < clusters(); center++) {
      double divisor = similarity == Similarity.COSINE ? length(sums, center) : sums.size(center);
      if (sums.size(center) > 0 && divisor >= UnitRows.MIN_NORM) {
        for (int d = 0; d < dim; d++) {
          moved[center * dim + d] = (float) (sums.sum(center, d) / divisor);
        }
      }
    }
    return moved;
  }

  private double length(ClusterSums sums, int center) {
    double squared = 0;
    for (int d = 0; d < dim; d++) {
      squared += sums.sum(center, d) * sums.sum(center, d);
    }
    return Math.sqrt(squared);
  }
}
