package org.kindred.models.clustering;

import java.util.List;
import java.util.stream.IntStream;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.linalg.UnitRows;

/**
 * k-means: centers that minimise the sum of squared distances of rows to their nearest center
 * (Lloyd's algorithm from several starts; the start of lowest inertia wins, the earlier of equals).
 *
 * <p>With {@link Similarity#COSINE} rows and centers have unit length (spherical k-means). A row as
 * near to two centers belongs to the lower. A restart has converged when an iteration moves no
 * center, and splits no cluster: further iterations would change nothing.
 *
 * <p>An iteration assigns the rows; between two of them the centers move. What others count as n
 * rounds of both and a final assignment are n + 1 iterations here.
 *
 * <p>The result is a function of rows and arguments alone. All restarts go through their iterations
 * together, so that one matrix product serves them all. Held in memory, besides the rows: for each
 * restart some 24 bytes of each row, and its centers a few times. Rows that don't fit are clustered
 * by {@link KMeansRun}, to the same result.
 *
 * <p>Threading: immutable and thread-safe. Restarts and rows spread over the common fork-join pool.
 */
public final class KMeans {

  private static final int MAX_CLUSTERS = 1_000_000;

  /** Centers of the restarts that share a task, beyond those of one restart. */
  private static final int TASK_CENTERS = 512;

  /** Where centers start. */
  public enum Start {
    /** Rows far from one another: k-means++. */
    PLUS_PLUS {
      @Override
      float[] choose(MatrixProduct product, Points points, int clusters, long seed, int restart) {
        return PlusPlusStart.choose(points, clusters, seed, restart);
      }
    },

    /** The same, drawn from some rows that a few rounds choose: k-means||. */
    PARALLEL {
      @Override
      float[] choose(MatrixProduct product, Points points, int clusters, long seed, int restart) {
        return ParallelStart.choose(product, points, clusters, seed, restart);
      }
    },

    /** Distinct rows, every set of them as likely. */
    RANDOM_ROWS {
      @Override
      float[] choose(MatrixProduct product, Points points, int clusters, long seed, int restart) {
        return RandomRows.choose(points, clusters, seed, restart);
      }
    };

    abstract float[] choose(
        MatrixProduct product, Points points, int clusters, long seed, int restart);
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
      if (runs.get(i).run().lastInertia() < runs.get(best).run().lastInertia()) {
        best = i;
      }
    }
    return result(runs.get(best));
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
    return runs.stream().map(KMeans::result).toList();
  }

  private List<Lloyd> run(
      Similarity similarity, float[] values, int dim, long seed, int firstRestart) {
    Points points = points(similarity, values, dim);
    Extent extent = Extent.of(points);
    List<Lloyd> runs =
        IntStream.range(firstRestart, firstRestart + restarts)
            .parallel()
            .mapToObj(
                restart -> {
                  float[] centers = start.choose(product, points, clusters, seed, restart);
                  return lloyd(points, extent, centers, seed, restart);
                })
            .toList();
    iterate(points, runs);
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

  /** Returns the centers that given ones, taken over, become. */
  float[] fitFrom(Points points, float[] centers) {
    Lloyd run = lloyd(points, Extent.of(points), centers, 0, 0);
    iterate(points, List.of(run));
    return run.run().centers();
  }

  private Lloyd lloyd(Points points, Extent extent, float[] centers, long seed, int restart) {
    KMeansRun run = KMeansRun.from(points.similarity(), points.dim(), seed, restart, centers);
    return new Lloyd(points, extent, run, iterations, emptyClusters);
  }

  private void iterate(Points points, List<Lloyd> runs) {
    List<Lloyd> active = runs;
    while (!active.isEmpty()) {
      List<Lloyd> together = active;
      int[] rows =
          IntStream.range(0, points.rows())
              .parallel()
              .filter(row -> mayMove(together, row))
              .toArray();
      List<float[]> centers = together.stream().map(lloyd -> lloyd.run().centers()).toList();
      try (NearestCenters nearest = new NearestCenters(product, points, centers)) {
        nearest.find(
            rows,
            (set, row, center, upper, lower) -> together.get(set).found(row, center, upper, lower));
      }
      together.parallelStream().forEach(lloyd -> lloyd.endIteration(rows));
      active = together.stream().filter(lloyd -> !lloyd.done()).toList();
    }
  }

  /** Rows are compared with the centers of all restarts at once. Every restart is asked. */
  private static boolean mayMove(List<Lloyd> runs, int row) {
    boolean may = false;
    for (Lloyd run : runs) {
      may |= run.mayMove(row);
    }
    return may;
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
    Lloyd run = lloyd(points, Extent.of(points), own, 0, 0);
    iterate(points, List.of(run));
    return result(run);
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
    double ofRestart = 2 * Integer.BYTES + 2 * Double.BYTES;
    double ofRow = (double) Float.BYTES * dim + Double.BYTES + restarts * ofRestart;
    double ofCenter = (double) restarts * dim * (2 * Float.BYTES + Long.BYTES);
    return rows * ofRow + clusters * ofCenter;
  }

  /**
   * Returns the bytes of native memory that {@link #fit} holds at least: the centers, and the rows
   * and products of one task.
   */
  public static double nativeBytes(int dim, int clusters, int restarts) {
    return NearestCenters.nativeBytes(dim, (double) clusters * restarts);
  }

  private static Result result(Lloyd lloyd) {
    KMeansRun run = lloyd.run();
    return new Result(
        lloyd.assignments(),
        lloyd.squaredDistances(),
        run.centers(),
        run.inertia(),
        run.converged(),
        run.restart());
  }
}
