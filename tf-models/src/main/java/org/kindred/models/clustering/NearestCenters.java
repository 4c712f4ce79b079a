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
 * <p>For Euclidean distance a product is {@code 2 x c - |c|^2}, of the rows {@code (x, 1)} and
 * {@code (2 c, -|c|^2)}: it ranks centers as they are, and falls short of the similarity by the
 * row's squared norm.
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
  private final int columns;
  private final Matrix centers;
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
    this.columns = points.dim() + (isCosine() ? 0 : 1);
    this.smallestNorms = new double[sets.size()];
    this.largestNorms = new double[sets.size()];
    int centersOfAll = Math.multiplyExact(sets.size(), clusters);
    this.centers =
        product.upload(
            centersOfAll,
            columns,
            target -> {
              for (int set = 0; set < sets.size(); set++) {
                copyCenters(set, target);
              }
            });
  }

  private boolean isCosine() {
    return points.similarity() == Similarity.COSINE;
  }

  /** Returns the bytes of native memory that are held at least, for so many centers in all. */
  static double nativeBytes(int dim, double centers) {
    double rows = taskRows(centers);
    return Float.BYTES * (centers * (dim + 1) + rows * (dim + 1 + centers));
  }

  private static int taskRows(double centers) {
    return (int) Math.max(FEWEST_ROWS, Math.min(MOST_ROWS, TASK_PRODUCTS / centers));
  }

  private void copyCenters(int set, FloatBuffer target) {
    float[] values = sets.get(set);
    int dim = points.dim();
    double smallest = Double.POSITIVE_INFINITY;
    double largest = 0;
    for (int at = 0; at < values.length; at += dim) {
      double norm = UnitRows.squaredNorm(values, at, dim);
      smallest = Math.min(smallest, norm);
      largest = Math.max(largest, norm);
      if (isCosine()) {
        target.put(values, at, dim);
      } else {
        for (int d = 0; d < dim; d++) {
          target.put(2 * values[at + d]);
        }
        target.put((float) -norm);
      }
    }
    smallestNorms[set] = Math.sqrt(smallest);
    largestNorms[set] = Math.sqrt(largest);
  }

  private void copyRows(int[] rows, int from, int to, FloatBuffer target) {
    for (int i = from; i < to; i++) {
      points.copy(rows[i], target);
      if (!isCosine()) {
        target.put(1);
      }
    }
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
    try (Matrix some =
            product.upload(to - from, columns, target -> copyRows(rows, from, to, target));
        Product products = product.multiply(some, centers)) {
      float[] scores = new float[clusters];
      for (int i = from; i < to; i++) {
        FloatBuffer row = products.row(i - from);
        for (int set = 0; set < sets.size(); set++) {
          row.get(set * clusters, scores);
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
    double error = errorBound(points.norm(row), largestNorms[set]);
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

  /** Most that a product differs from the similarity, less the row's squared norm. */
  private double errorBound(double rowNorm, double centerNorm) {
    if (isCosine()) {
      return Similarity.COSINE.errorBound(columns, rowNorm, centerNorm);
    }
    // The center's squared norm is one more term, and itself rounded.
    double magnitude = 2 * rowNorm * centerNorm + centerNorm * centerNorm;
    return Similarity.productError(columns + 1, magnitude);
  }

  /** Squared distance by score, which for cosine says nothing of the center's norm. */
  private double squaredDistance(int row, double score, double centerNorm) {
    double own = points.norm(row) * points.norm(row);
    return isCosine() ? own + centerNorm * centerNorm - 2 * score : own - score;
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
