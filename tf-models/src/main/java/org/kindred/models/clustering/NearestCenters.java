package org.kindred.models.clustering;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.stream.IntStream;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.MatrixProduct.Matrix;
import org.kindred.models.linalg.MatrixProduct.Product;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.linalg.UnitRows;

/**
 * Finds the center nearest to each row, in several sets of centers at once: the one of greatest
 * similarity, equals by the lower number. Float32 products decide where their error cannot;
 * elsewhere the similarities are computed exactly.
 *
 * <p>Threading: thread-safe; the rows spread over the common fork-join pool.
 */
public final class NearestCenters implements AutoCloseable {

  /** Products of one task: 2 MiB, which stay in the processor's cache. */
  private static final int TASK_PRODUCTS = 1 << 19;

  private static final int FEWEST_ROWS = 64;

  private static final int MOST_ROWS = 1024;

  private final MatrixProduct product;
  private final Points points;
  private final List<float[]> sets;
  private final int clusters;
  private final Matrix centers;
  private final float[][] squaredNorms;
  private final double[] smallestNorms;
  private final double[] largestNorms;

  /** Takes what was found of one row in one set of centers. */
  @FunctionalInterface
  interface Visitor {

    /**
     * Called once for each row and set, from several threads.
     *
     * @param nearest the nearest center
     * @param upper not less than the squared distance to it
     * @param lower not more than the squared distance to any other center
     */
    void found(int set, int row, int nearest, double upper, double lower);
  }

  /**
   * @param product multiplies rows and centers; whoever opened it closes it
   * @param points the rows
   * @param sets sets of as many centers, {@code [clusters, dim]}
   */
  public NearestCenters(MatrixProduct product, Points points, List<float[]> sets) {
    this.product = product;
    this.points = points;
    this.sets = sets;
    this.clusters = sets.get(0).length / points.dim();
    FloatBuffer all = FloatBuffer.allocate(Math.multiplyExact(sets.size(), sets.get(0).length));
    sets.forEach(all::put);
    this.centers = product.upload(all.flip(), sets.size() * clusters, points.dim());
    this.squaredNorms = new float[sets.size()][clusters];
    this.smallestNorms = new double[sets.size()];
    this.largestNorms = new double[sets.size()];
    for (int set = 0; set < sets.size(); set++) {
      measure(set);
    }
  }

  /** Returns the bytes of native memory that are held at least, for so many centers in all. */
  static double nativeBytes(int dim, double centers) {
    double rows = taskRows(centers);
    return Float.BYTES * (centers * dim + rows * (dim + centers));
  }

  private static int taskRows(double centers) {
    return (int) Math.max(FEWEST_ROWS, Math.min(MOST_ROWS, TASK_PRODUCTS / centers));
  }

  private void measure(int set) {
    double smallest = Double.POSITIVE_INFINITY;
    double largest = 0;
    for (int center = 0; center < clusters; center++) {
      double norm = UnitRows.squaredNorm(sets.get(set), center * points.dim(), points.dim());
      squaredNorms[set][center] = (float) norm;
      smallest = Math.min(smallest, norm);
      largest = Math.max(largest, norm);
    }
    smallestNorms[set] = Math.sqrt(smallest);
    largestNorms[set] = Math.sqrt(largest);
  }

  /** Returns the nearest center of each row, of the first set. */
  public int[] all() {
    int[] nearest = new int[points.rows()];
    find(
        IntStream.range(0, nearest.length).toArray(),
        (set, row, center, upper, lower) -> {
          if (set == 0) {
            nearest[row] = center;
          }
        });
    return nearest;
  }

  /** Adds all rows to the clusters of their nearest centers, {@code sums[set]}. */
  public void addTo(List<ClusterSums> sums) {
    int[][] nearest = new int[sets.size()][points.rows()];
    find(
        IntStream.range(0, points.rows()).toArray(),
        (set, row, center, upper, lower) -> nearest[set][row] = center);
    IntStream.range(0, sets.size())
        .parallel()
        .forEach(
            set -> {
              for (int row = 0; row < points.rows(); row++) {
                sums.get(set).add(points, row, nearest[set][row]);
              }
            });
  }

  /** Finds the nearest centers of some rows. */
  void find(int[] rows, Visitor visitor) {
    int taskRows = taskRows((double) sets.size() * clusters);
    IntStream.rangeClosed(0, (rows.length - 1) / taskRows)
        .parallel()
        .forEach(
            task -> {
              int from = task * taskRows;
              find(rows, from, Math.min(rows.length, from + taskRows), visitor);
            });
  }

  private void find(int[] rows, int from, int to, Visitor visitor) {
    if (from >= to) {
      return;
    }
    try (Matrix some = product.upload(points.gather(rows, from, to), to - from, points.dim());
        Product products = product.multiply(some, centers)) {
      float[] scores = new float[clusters];
      for (int i = from; i < to; i++) {
        FloatBuffer row = products.row(i - from);
        for (int set = 0; set < sets.size(); set++) {
          row.get(set * clusters, scores);
          points.similarity().fromProducts(scores, 0, squaredNorms[set]);
          nearest(set, rows[i], scores, visitor);
        }
      }
    }
  }

  private void nearest(int set, int row, float[] scores, Visitor visitor) {
    float best = Float.NEGATIVE_INFINITY;
    float second = Float.NEGATIVE_INFINITY;
    int nearest = -1;
    for (int center = 0; center < scores.length; center++) {
      float score = scores[center];
      if (score > second) {
        if (score > best) {
          second = best;
          best = score;
          nearest = center;
        } else {
          second = score;
        }
      }
    }
    double error =
        points.similarity().errorBound(points.dim(), points.norm(row), largestNorms[set]);
    double doubt = 2 * error;
    boolean certain = (double) best - second > doubt;
    int found = certain ? nearest : exactNearest(set, row, scores, best - doubt);
    visitor.found(
        set,
        row,
        found,
        squaredDistance(row, best - error, largestNorms[set]),
        squaredDistance(row, (certain ? second : best) + error, smallestNorms[set]));
  }

  /** Squared distance by score, which for cosine says nothing of the center's norm. */
  private double squaredDistance(int row, double score, double centerNorm) {
    double own = points.norm(row) * points.norm(row);
    return points.similarity() == Similarity.COSINE
        ? own + centerNorm * centerNorm - 2 * score
        : own - score;
  }

  private int exactNearest(int set, int row, float[] scores, double least) {
    double best = Double.NEGATIVE_INFINITY;
    int nearest = -1;
    for (int center = 0; center < clusters; center++) {
      if (scores[center] >= least) {
        double similarity = points.similarity(row, sets.get(set), center);
        if (similarity > best) {
          best = similarity;
          nearest = center;
        }
      }
    }
    return nearest;
  }

  @Override
  public void close() {
    centers.close();
  }
}
