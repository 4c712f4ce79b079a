package org.kindred.models.clustering;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.MatrixProduct.Matrix;
import org.kindred.models.linalg.MatrixProduct.Product;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.linalg.UnitRows;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;

/**
 * k-means: centers that minimise the sum of squared distances of rows to their nearest center
 * (Lloyd's algorithm from several starts; the start of lowest inertia wins, the earlier of equals).
 *
 * <p>With {@link Similarity#COSINE} rows and centers have unit length (spherical k-means). A row as
 * near to two centers belongs to the lower. A restart has converged when an iteration moves no row,
 * and splits no cluster: further iterations would change nothing.
 *
 * <p>An iteration assigns the rows; between two of them the centers move. What others count as n
 * rounds of both and a final assignment are n + 1 iterations here.
 *
 * <p>The result is a function of rows and arguments alone. All restarts go through their iterations
 * together, so that one matrix product serves them all. Held in memory, besides the rows: a native
 * copy of them, and for each restart its assignments and twice its centers.
 *
 * <p>Threading: immutable and thread-safe. Restarts and rows spread over the common fork-join pool.
 */
public final class KMeans {

  private static final int MAX_CLUSTERS = 1_000_000;

  private static final int MAX_BLOCK_ROWS = 2048;

  /** Inner products held at a time: 512 MiB. */
  private static final int MAX_PRODUCTS = 1 << 27;

  /** Centers of the restarts that share a task, beyond those of one restart. */
  private static final int TASK_CENTERS = 512;

  /** Where centers start. */
  public enum Start {
    /** Rows far from one another: k-means++. */
    PLUS_PLUS {
      @Override
      float[] choose(Points points, int clusters, long seed, int restart) {
        return PlusPlusStart.choose(points, clusters, seed, restart);
      }
    },

    /** Distinct rows, every set of them as likely. */
    RANDOM_ROWS {
      @Override
      float[] choose(Points points, int clusters, long seed, int restart) {
        return RandomRows.choose(points, clusters, seed, restart);
      }
    };

    abstract float[] choose(Points points, int clusters, long seed, int restart);
  }

  /** What becomes of a cluster that loses all its rows. */
  public enum EmptyClusters {
    /**
     * It gets the row farthest from its own center, ties to the lower row. When no row is away from
     * its center, because there are fewer distinct rows than clusters, it stays empty.
     */
    FARTHEST_ROW,

    /** Its center stays where it is. */
    UNCHANGED,

    /**
     * Another cluster is split: its center and a copy of it move apart, each coordinate by 1/1024
     * of itself. Which one is drawn, with probability proportional to its rows less one.
     */
    SPLIT
  }

  private final MatrixProduct product;
  private final int clusters;
  private final int restarts;
  private final int iterations;
  private final Start start;
  private final EmptyClusters emptyClusters;

  /**
   * A clustering.
   *
   * @param assignments cluster of each row, {@code [rows]}
   * @param squaredDistances squared distance of each row to its center, {@code [rows]}
   * @param centers {@code [clusters, dim]}, those that the rows were assigned to
   * @param inertia sum of squared distances to the nearest center in each iteration
   * @param converged whether the centers stopped moving before the iterations ran out
   * @param restart number of the restart that this is
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
   * Starts by {@link Start#PLUS_PLUS}, with {@link EmptyClusters#FARTHEST_ROW}.
   *
   * @param product multiplies rows and centers; whoever opened it closes it
   * @param clusters K, 1 to 1000000
   * @param restarts starts tried, 1 or more, all of them together
   * @param iterations most iterations of a restart, 1 or more
   */
  public KMeans(MatrixProduct product, int clusters, int restarts, int iterations) {
    this(product, clusters, restarts, iterations, Start.PLUS_PLUS, EmptyClusters.FARTHEST_ROW);
    if (clusters < 1 || clusters > MAX_CLUSTERS) {
      throw new IllegalArgumentException(
          "clusters is " + clusters + ", valid is 1 to " + MAX_CLUSTERS);
    }
    checkPositive("restarts", restarts);
    checkPositive("iterations", iterations);
  }

  private KMeans(
      MatrixProduct product,
      int clusters,
      int restarts,
      int iterations,
      Start start,
      EmptyClusters emptyClusters) {
    this.product = product;
    this.clusters = clusters;
    this.restarts = restarts;
    this.iterations = iterations;
    this.start = start;
    this.emptyClusters = emptyClusters;
  }

  /** Returns the same k-means from another start. */
  public KMeans withStart(Start value) {
    return new KMeans(product, clusters, restarts, iterations, value, emptyClusters);
  }

  /** Returns the same k-means with another way to treat empty clusters. */
  public KMeans withEmptyClusters(EmptyClusters value) {
    return new KMeans(product, clusters, restarts, iterations, start, value);
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
   * @throws org.kindred.models.linalg.RowException when a row is not finite, or too long
   */
  public Result fit(Similarity similarity, float[] values, int dim, long seed, int firstRestart) {
    List<Lloyd> runs = run(similarity, values, dim, seed, firstRestart);
    int best = 0;
    for (int i = 1; i < runs.size(); i++) {
      if (runs.get(i).lastInertia() < runs.get(best).lastInertia()) {
        best = i;
      }
    }
    return result(runs.get(best), firstRestart + best);
  }

  /**
   * Clusters rows as {@link #fit} does, but returns what every restart came to, in their order.
   *
   * @throws IllegalArgumentException when there are fewer rows than clusters
   * @throws org.kindred.models.linalg.RowException when a row is not finite, or too long
   */
  public List<Result> fitEach(
      Similarity similarity, float[] values, int dim, long seed, int firstRestart) {
    List<Lloyd> runs = run(similarity, values, dim, seed, firstRestart);
    return IntStream.range(0, runs.size())
        .parallel()
        .mapToObj(i -> result(runs.get(i), firstRestart + i))
        .toList();
  }

  private List<Lloyd> run(
      Similarity similarity, float[] values, int dim, long seed, int firstRestart) {
    Points points = points(similarity, values, dim);
    List<Lloyd> runs =
        IntStream.range(firstRestart, firstRestart + restarts)
            .parallel()
            .mapToObj(
                restart ->
                    lloyd(points, start.choose(points, clusters, seed, restart), seed, restart))
            .toList();
    try (Blocks blocks = new Blocks(points)) {
      blocks.run(runs);
    }
    return runs;
  }

  private Points points(Similarity similarity, float[] values, int dim) {
    Points points = new Points(similarity, values, dim);
    if (clusters > points.rows()) {
      throw new IllegalArgumentException(
          "clusters is %d, valid is 1 to %d, the number of rows"
              .formatted(clusters, points.rows()));
    }
    return points;
  }

  private Lloyd lloyd(Points points, float[] centers, long seed, int restart) {
    CounterRandom splits = new CounterRandom(Domain.CLUSTERING, seed, 0, restart, 1);
    return new Lloyd(points, centers, iterations, emptyClusters, splits);
  }

  /**
   * Clusters rows once, from given centers, as restart 0; splits are those of seed 0.
   *
   * @param similarity as in {@link #fit}
   * @param values {@code [rows, dim]}, row by row
   * @param centers {@code [clusters, dim]}, copied; scaled to unit length with {@code COSINE}
   * @throws IllegalArgumentException when there are fewer rows than clusters, or more or fewer
   *     centers
   * @throws org.kindred.models.linalg.RowException when a row or a center is not finite, or too
   *     long
   */
  public Result fitFrom(Similarity similarity, float[] values, int dim, float[] centers) {
    Points points = points(similarity, values, dim);
    if (centers.length != Math.multiplyExact(clusters, dim)) {
      throw new IllegalArgumentException(
          "the centers have %d values, valid is %d, %d centers of length %d"
              .formatted(centers.length, clusters * dim, clusters, dim));
    }
    float[] own = centers.clone();
    if (similarity == Similarity.COSINE) {
      UnitRows.normalize(own, dim, 0);
    }
    for (int center = 0; center < clusters; center++) {
      UnitRows.checkedSquaredNorm(own, center * dim, dim, center);
    }
    Lloyd run = lloyd(points, own, 0, 0);
    try (Blocks blocks = new Blocks(points)) {
      blocks.run(List.of(run));
    }
    return result(run, 0);
  }

  /**
   * Returns how many restarts are worth one task: small products of the rows with few centers are
   * taken together, large ones are work enough.
   */
  public static int restartsOfTask(int clusters) {
    return Math.max(1, TASK_CENTERS / Math.max(1, clusters));
  }

  /**
   * Returns the bytes of Java heap that {@link #fit} holds at least, the rows included.
   *
   * @param dim length of a row
   */
  public static double heapBytes(long rows, int dim, int clusters, int restarts) {
    double ofRow = (double) Float.BYTES * dim + Double.BYTES + (double) restarts * Integer.BYTES;
    double ofCenter = (double) restarts * dim * (Float.BYTES + Double.BYTES);
    return rows * ofRow + clusters * ofCenter;
  }

  /** Returns the bytes of native memory that {@link #fit} holds at least. */
  public static double nativeBytes(long rows, int dim) {
    return (double) Float.BYTES * rows * dim;
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
      try {
        for (int start = 0; start < points.rows(); start += blockRows) {
          int rows = Math.min(blockRows, points.rows() - start);
          matrices.add(product.upload(points.rows(start, rows), rows, points.dim()));
        }
      } catch (RuntimeException | Error e) {
        // Nobody else has them yet: native memory may have run out at a later block.
        close();
        throw e;
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
