package org.kindred.models.neighbors;

import java.util.Arrays;
import org.kindred.models.clustering.KMeans;
import org.kindred.models.clustering.KMeans.EmptyClusters;
import org.kindred.models.clustering.KMeans.Start;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.Similarity;

/**
 * Rows divided among clusters, each with the center most similar to it, of equals the first: an
 * inverted file.
 *
 * <p>Immutable.
 */
public final class RowClusters {

  /** Rows that a center is trained on. */
  private static final int ROWS_PER_CENTER = 32;

  /** Iterations of its training: probing needs centers that are well spread, not the best. */
  private static final int ITERATIONS = 6;

  /** Training draws at random, but always the same: the clusters depend on the rows alone. */
  private static final long SEED = 0;

  private final Tile centers;
  private final int[] assignments;
  private final int[] starts;
  private final int[] members;

  /**
   * @param centers one or more
   * @param assignments cluster of each row, {@code [rows]}, 0 to centers - 1; not copied
   */
  public RowClusters(Tile centers, int[] assignments) {
    this.centers = centers;
    this.assignments = assignments;
    this.starts = new int[centers.rows() + 1];
    for (int cluster : assignments) {
      starts[cluster + 1]++;
    }
    Arrays.parallelPrefix(starts, Integer::sum);
    int[] next = starts.clone();
    this.members = new int[assignments.length];
    for (int row = 0; row < assignments.length; row++) {
      members[next[assignments[row]]++] = row;
    }
  }

  /**
   * Returns how many clusters suit so many rows: 2 sqrt(rows). Finding the nearest centers then
   * takes about as long as looking into their clusters.
   *
   * @param rows 1 or more
   */
  public static int count(long rows) {
    return Math.toIntExact(Math.min(rows, Math.round(2 * Math.sqrt((double) rows))));
  }

  /** Returns how many rows the centers of so many rows are trained on. */
  public static int trainingRows(long rows) {
    return Math.toIntExact(Math.min(rows, (long) ROWS_PER_CENTER * count(rows)));
  }

  /** Returns the floating-point operations of {@link #train} and of assigning all rows. */
  public static double flops(long rows, int dim) {
    double pairs = ((double) ITERATIONS * trainingRows(rows) + rows) * count(rows);
    return 2 * pairs * dim;
  }

  /**
   * Trains centers by k-means.
   *
   * @param product multiplies rows and centers
   * @param sample {@code [trainingRows, dim]}; normalised in place with {@link Similarity#COSINE}
   * @param clusters 1 to as many as there are rows
   * @return {@code [clusters, dim]}
   */
  public static float[] train(
      MatrixProduct product, Similarity similarity, float[] sample, int dim, int clusters) {
    return new KMeans(product, clusters, 1, ITERATIONS)
        .withStart(Start.RANDOM_ROWS)
        .withEmptyClusters(EmptyClusters.UNCHANGED)
        .fit(similarity, sample, dim, SEED, 0)
        .centers();
  }

  /** Returns the centers. */
  public Tile centers() {
    return centers;
  }

  /** Returns the number of clusters, empty ones among them. */
  public int count() {
    return centers.rows();
  }

  /** Returns the number of rows of all clusters together. */
  public int rows() {
    return assignments.length;
  }

  /** Cluster of a row. */
  int of(int row) {
    return assignments[row];
  }

  /** Rows of a cluster. */
  int size(int cluster) {
    return starts[cluster + 1] - starts[cluster];
  }

  /** Positions of a cluster's rows, ascending: those numbered {@code from} to {@code to} - 1. */
  int[] members(int cluster, int from, int to) {
    return Arrays.copyOfRange(members, starts[cluster] + from, starts[cluster] + to);
  }
}
