package org.kindred.stages.cluster;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.MatrixProduct.Matrix;
import org.kindred.models.linalg.MatrixProduct.Product;
import org.kindred.stages.neighbors.Similarity;

/**
 * k-means: centers that minimise the sum of squared distances of rows to their nearest center
 * (Lloyd's algorithm from several k-means++ starts; the start of lowest inertia wins, the earlier
 * of equals).
 *
 * <p>With {@link Similarity#COSINE} rows and centers have unit length (spherical k-means). A row as
 * near to two centers belongs to the lower. A cluster that loses all its rows gets the row farthest
 * from its own center, ties to the lower row; when no row is away from its center, because there
 * are fewer distinct rows than clusters, it stays empty. A restart has converged when an iteration
 * moves no row.
 *
 * <p>The result is a function of rows and arguments alone. All restarts go through their iterations
 * together, so that one matrix product serves them all. Held in memory, besides the rows: a native
 * copy of them, and for each restart its assignments and twice its centers.
 *
 * <p>Threading: thread-safe. Restarts spread over the common fork-join pool.
 */
public final class KMeans {

  private static final int MAX_CLUSTERS = 1_000_000;

  private static final int MAX_BLOCK_ROWS = 2048;

  /** Inner products held at a time: 512 MiB. */
  private static final int MAX_PRODUCTS = 1 << 27;

  /** Centers of the restarts that share a task, beyond those of one restart. */
  private static final int TASK_CENTERS = 512;

  private final MatrixProduct product;
  private final int clusters;
  private final int restarts;
  private final int iterations;

  /**
   * A clustering.
   *
   * @param assignments cluster of each row, {@code [rows]}
   * @param squaredDistances squared distance of each row to its center, {@code [rows]}
   * @param centers {@code [clusters, dim]}, those that the rows were assigned to
   * @param inertia sum of squared distances to the nearest center in each iteration
   * @param converged whether the centers stopped moving before the iterations ran out
   * @param restart the restart that won, from 0
   */
  @SuppressWarnings("ArrayRecordComponent") // numbers in bulk, never compared as a value
  public record Result(
      int[] assignments,
      float[] squaredDistances,
      float[] centers,
      double[] inertia,
      boolean converged,
      int restart) {}

  /**
   * @param product multiplies rows and centers; whoever opened it closes it
   * @param clusters K, 1 to 1000000
   * @param restarts starts tried, 1 or more, all of them together
   * @param iterations most iterations of a restart, 1 or more
   */
  public KMeans(MatrixProduct product, int clusters, int restarts, int iterations) {
    if (clusters < 1 || clusters > MAX_CLUSTERS) {
      throw new IllegalArgumentException(
          "clusters is " + clusters + ", valid is 1 to " + MAX_CLUSTERS);
    }
    checkPositive("restarts", restarts);
    checkPositive("iterations", iterations);
    this.product = product;
    this.clusters = clusters;
    this.restarts = restarts;
    this.iterations = iterations;
  }

  private static void checkPositive(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " is " + value + ", valid is 1 or more");
    }
  }

  /**
   * Clusters rows.
   *
   * @param similarity {@code EUCLIDEAN}, or {@code COSINE} for spherical k-means, which normalises
   *     the rows in place; rows of zeros stay as they are
   * @param values {@code [rows, dim]}, row by row
   * @param seed names the random draws
   * @param firstRestart number of the first restart: a restart draws by its number, so that
   *     restarts may be spread over several calls
   * @throws IllegalArgumentException when there are fewer rows than clusters
   * @throws org.kindred.stages.neighbors.RowException when a row is not finite, or too long
   */
  public Result fit(Similarity similarity, float[] values, int dim, long seed, int firstRestart) {
    Points points = new Points(similarity, values, dim);
    if (clusters > points.rows()) {
      throw new IllegalArgumentException(
          "clusters is %d, valid is 1 to %d, the number of rows"
              .formatted(clusters, points.rows()));
    }
    List<Lloyd> runs =
        IntStream.range(firstRestart, firstRestart + restarts)
            .parallel()
            .mapToObj(restart -> PlusPlusStart.choose(points, clusters, seed, restart))
            .map(centers -> new Lloyd(points, centers, iterations))
            .toList();
    try (Blocks blocks = new Blocks(points)) {
      blocks.run(runs);
    }
    return best(runs, firstRestart);
  }

  /**
   * Returns how many restarts are worth one task: small products of the rows with few centers are
   * taken together, large ones are work enough.
   */
  static int restartsOfTask(int clusters) {
    return Math.max(1, TASK_CENTERS / Math.max(1, clusters));
  }

  /**
   * Returns the bytes of Java heap that {@link #fit} holds at least, the rows included.
   *
   * @param dim length of a row
   */
  static double heapBytes(long rows, int dim, int clusters, int restarts) {
    double ofRow = (double) Float.BYTES * dim + Double.BYTES + (double) restarts * Integer.BYTES;
    double ofCenter = (double) restarts * dim * (Float.BYTES + Double.BYTES);
    return rows * ofRow + clusters * ofCenter;
  }

  /** Returns the bytes of native memory that {@link #fit} holds at least. */
  static double nativeBytes(long rows, int dim) {
    return (double) Float.BYTES * rows * dim;
  }

  /** Runs once from given centers, {@code [clusters, dim]}. */
  Result fitFrom(Similarity similarity, float[] values, int dim, float[] centers) {
    Points points = new Points(similarity, values, dim);
    Lloyd run = new Lloyd(points, centers.clone(), iterations);
    try (Blocks blocks = new Blocks(points)) {
      blocks.run(List.of(run));
    }
    return best(List.of(run), 0);
  }

  private static Result best(List<Lloyd> runs, int firstRestart) {
    int best = 0;
    for (int i = 1; i < runs.size(); i++) {
      if (runs.get(i).lastInertia() < runs.get(best).lastInertia()) {
        best = i;
      }
    }
    return result(runs.get(best), firstRestart + best);
  }

  private static Result result(Lloyd run, int restart) {
    double[] distances = run.distances();
    float[] rounded = new float[distances.length];
    for (int row = 0; row < rounded.length; row++) {
      rounded[row] = (float) distances[row];
    }
    return new Result(
        run.assignments(), rounded, run.centers(), run.inertia(), run.converged(), restart);
  }

  /** The rows in native memory. */
  private final class Blocks implements AutoCloseable {
    private final Points points;
    private final int blockRows;
    private final List<Matrix> matrices = new ArrayList<>();

    Blocks(Points points) {
      this.points = points;
      int columns = Math.multiplyExact(restarts, clusters);
      this.blockRows = Math.max(1, Math.min(MAX_BLOCK_ROWS, MAX_PRODUCTS / columns));
      for (int start = 0; start < points.rows(); start += blockRows) {
        int rows = Math.min(blockRows, points.rows() - start);
        matrices.add(product.upload(points.rows(start, rows), rows, points.dim()));
      }
    }

    void run(List<Lloyd> runs) {
      List<Lloyd> active = runs;
      while (!active.isEmpty()) {
        iterate(active);
        active = active.stream().filter(run -> !run.done()).toList();
      }
    }

    private void iterate(List<Lloyd> runs) {
      int columns = Math.multiplyExact(runs.size(), runs.get(0).centers().length / points.dim());
      try (Matrix centers = product.upload(concatenated(runs), columns, points.dim())) {
        for (int block = 0; block < matrices.size(); block++) {
          int first = block * blockRows;
          try (Product products = product.multiply(matrices.get(block), centers)) {
            IntStream.range(0, runs.size())
                .parallel()
                .forEach(i -> runs.get(i).assign(first, products, i * (columns / runs.size())));
          }
        }
      }
      runs.parallelStream().forEach(Lloyd::endIteration);
    }

    private FloatBuffer concatenated(List<Lloyd> runs) {
      FloatBuffer centers =
          FloatBuffer.allocate(Math.multiplyExact(runs.size(), runs.get(0).centers().length));
      runs.forEach(run -> centers.put(run.centers()));
      return centers.flip();
    }

    @Override
    public void close() {
      matrices.forEach(Matrix::close);
    }
  }
}
