package org.kindred.models.clustering;

import java.util.Arrays;
import java.util.Comparator;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.kindred.models.linalg.Similarity;

/**
 * Assigns rows to clusters of equal size, by Sinkhorn's algorithm (SwAV, equations 3 to 5, of all
 * rows at once): with softness epsilon the shares q that maximise
 *
 * <pre>
 *   sum_nk q_nk similarity_nk + epsilon H(q)   with   sum_n q_nk = N/K,  sum_k q_nk = 1
 * </pre>
 *
 * <p>They are softmax over k of similarity_nk / epsilon + u_k. An iteration takes from each u_k the
 * logarithm of what the cluster has of all rows. Shares are rounded to clusters of at most N/K
 * rows, rounded up: the row that is surest of its greatest share comes first, and a cluster that is
 * full takes no more.
 *
 * <p>Similarities are exact, and sums are kept in fixed point: the result is a function of rows and
 * centers alone. Held in memory: 4 bytes of each row and cluster.
 *
 * <p>Threading: immutable; the rows spread over the common fork-join pool.
 *
 * @param epsilon softness, above 0, in units of the similarity
 * @param iterations of Sinkhorn's algorithm, 1 or more
 * @param rounds 1 or more, each an assignment and a move of the centers to the means
 */
public record BalancedAssignment(double epsilon, int iterations, int rounds) {

  /** A share below e to this power is none. */
  private static final double NO_SHARE = -50;

  /** Rows of one task. */
  private static final int TASK_ROWS = 256;

  /**
   * @throws IllegalArgumentException when a number is out of its range
   */
  public BalancedAssignment {
    if (!(epsilon > 0) || iterations < 1 || rounds < 1) {
      throw new IllegalArgumentException(
          "epsilon is %s, iterations are %d, rounds are %d; valid are above 0, 1 or more, 1 or more"
              .formatted(epsilon, iterations, rounds));
    }
  }

  /**
   * Shares rows out among clusters.
   *
   * @param values {@code [rows, dim]}, normalised in place with {@code COSINE}
   * @param start the clusters to begin with
   * @return the clusters after the last round: centers are the means of their rows, which the
   *     squared distances are of; a round's inertia comes after the start's; converged means that
   *     the last round moved no center
   * @throws org.kindred.models.linalg.RowException when a row is not finite, or too long
   */
  public KMeans.Result fit(Similarity similarity, float[] values, int dim, KMeans.Result start) {
    Points points = new Points(similarity, values, dim);
    Extent extent = Extent.of(points);
    KMeansRun run = KMeansRun.from(similarity, dim, 0, start.restart(), start.centers());
    int before = start.inertia().length;
    double[] inertia = Arrays.copyOf(start.inertia(), before + rounds);
    int[] assignments = {};
    for (int round = 0; round < rounds; round++) {
      assignments = assign(points, run.centers());
      run = run.movedToMeans(points, extent, assignments);
      inertia[before + round] = run.lastInertia();
    }
    return new KMeans.Result(
        assignments,
        points.squaredDistances(run.centers(), assignments),
        run.centers(),
        inertia,
        run.converged(),
        start.restart());
  }

  /** Returns the bytes of Java heap that {@link #fit} holds at least, but for the rows. */
  public static double heapBytes(long rows, int clusters) {
    return (double) Float.BYTES * rows * clusters;
  }

  private int[] assign(Points points, float[] centers) {
    float[][] logits = logits(points, centers);
    return rounded(logits, factors(logits));
  }

  /**
   * Gives each row to its greatest share among the clusters that have room, the surest rows first,
   * equals by position.
   */
  private static int[] rounded(float[][] logits, double[] factors) {
    double[] surest =
        Arrays.stream(logits)
            .parallel()
            .mapToDouble(row -> shares(row, factors)[greatest(row, factors, unused -> true)])
            .toArray();
    int[] room = new int[factors.length];
    Arrays.fill(room, (logits.length - 1) / factors.length + 1);
    int[] assignments = new int[logits.length];
    IntStream.range(0, logits.length)
        .boxed()
        .sorted(
            Comparator.comparingDouble((Integer row) -> -surest[row])
                .thenComparingInt(Integer::intValue))
        .forEach(
            row -> {
              assignments[row] = greatest(logits[row], factors, k -> room[k] > 0);
              room[assignments[row]]--;
            });
    return assignments;
  }

  private float[][] logits(Points points, float[] centers) {
    int clusters = centers.length / points.dim();
    int[] all = IntStream.range(0, clusters).toArray();
    float[][] logits = new float[points.rows()][clusters];
    IntStream.range(0, points.rows())
        .parallel()
        .forEach(
            row -> {
              double[] similarities = new double[clusters];
              points.similarities(row, centers, all, similarities);
              for (int k = 0; k < clusters; k++) {
                logits[row][k] = (float) (similarities[k] / epsilon);
              }
            });
    return logits;
  }

  /** Returns u of each cluster after all iterations. */
  double[] factors(float[][] logits) {
    double[] factors = firstFactors(logits);
    FixedPoint scale = FixedPoint.of(logits.length, 1);
    for (int iteration = 1; iteration < iterations; iteration++) {
      long[] mass = mass(logits, factors, scale);
      for (int k = 0; k < factors.length; k++) {
        factors[k] -= StrictMath.log(scale.value(Math.max(1, mass[k])));
      }
    }
    return factors;
  }

  /** The first iteration begins with rows of unequal mass: minus the log-sum-exp of the column. */
  private static double[] firstFactors(float[][] logits) {
    double[] greatest = new double[logits[0].length];
    Arrays.fill(greatest, Double.NEGATIVE_INFINITY);
    for (float[] row : logits) {
      for (int k = 0; k < row.length; k++) {
        greatest[k] = Math.max(greatest[k], row[k]);
      }
    }
    double[] sums = new double[greatest.length];
    for (float[] row : logits) {
      for (int k = 0; k < row.length; k++) {
        sums[k] += StrictMath.exp(row[k] - greatest[k]);
      }
    }
    double[] factors = new double[greatest.length];
    Arrays.setAll(factors, k -> -greatest[k] - StrictMath.log(sums[k]));
    return factors;
  }

  /** Returns the sum of all rows' shares in each cluster. */
  private static long[] mass(float[][] logits, double[] factors, FixedPoint scale) {
    return IntStream.rangeClosed(0, (logits.length - 1) / TASK_ROWS)
        .parallel()
        .mapToObj(
            task -> {
              long[] mass = new long[factors.length];
              int end = Math.min(logits.length, (task + 1) * TASK_ROWS);
              for (int row = task * TASK_ROWS; row < end; row++) {
                double[] shares = shares(logits[row], factors);
                for (int k = 0; k < mass.length; k++) {
                  mass[k] += scale.of(shares[k]);
                }
              }
              return mass;
            })
        .reduce(new long[factors.length], BalancedAssignment::plus);
  }

  private static long[] plus(long[] left, long[] right) {
    long[] sum = left.clone();
    for (int k = 0; k < sum.length; k++) {
      sum[k] += right[k];
    }
    return sum;
  }

  /** Returns a row's shares, which sum to 1. */
  static double[] shares(float[] row, double[] factors) {
    double[] shares = new double[row.length];
    int best = greatest(row, factors, unused -> true);
    double greatest = row[best] + factors[best];
    double sum = 0;
    for (int k = 0; k < shares.length; k++) {
      double exponent = row[k] + factors[k] - greatest;
      shares[k] = exponent < NO_SHARE ? 0 : StrictMath.exp(exponent);
      sum += shares[k];
    }
    for (int k = 0; k < shares.length; k++) {
      shares[k] /= sum;
    }
    return shares;
  }

  /** Returns the cluster of a row's greatest share among some, of equals the lowest. */
  private static int greatest(float[] row, double[] factors, IntPredicate among) {
    int greatest = -1;
    for (int k = 0; k < row.length; k++) {
      if (among.test(k)
          && (greatest < 0 || row[k] + factors[k] > row[greatest] + factors[greatest])) {
        greatest = k;
      }
    }
    return greatest;
  }
}
