package org.kindred.models.clustering;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.kindred.models.linalg.Similarity;

/** Clusters that something else than k-means has found, in the terms of k-means. */
public final class FoundClusters {

  private FoundClusters() {}

  /**
   * Numbers clusters by their rows, the largest first, equals by their lowest row.
   *
   * @param representatives of each row one row of its cluster, the same for all of them
   * @return cluster of each row
   */
  public static int[] numbered(int[] representatives) {
    Map<Integer, Integer> sizes = new HashMap<>();
    Map<Integer, Integer> lowest = new HashMap<>();
    for (int row = 0; row < representatives.length; row++) {
      sizes.merge(representatives[row], 1, Integer::sum);
      lowest.putIfAbsent(representatives[row], row);
    }
    List<Integer> order =
        sizes.keySet().stream()
            .sorted(
                Comparator.comparing((Integer cluster) -> -sizes.get(cluster))
                    .thenComparing(lowest::get))
            .toList();
    Map<Integer, Integer> numbers = new HashMap<>();
    order.forEach(cluster -> numbers.put(cluster, numbers.size()));
    return IntStream.of(representatives).map(numbers::get).toArray();
  }

  /**
   * Returns clusters with the means of their rows as centers, of unit length with {@code COSINE}.
   *
   * @param values {@code [rows, dim]}, normalised in place with {@code COSINE}
   * @param assignments cluster of each row, all of them from 0 up
   * @throws org.kindred.models.linalg.RowException when a row is not finite, or too long
   */
  public static KMeans.Result of(
      Similarity similarity, float[] values, int dim, int[] assignments) {
    Points points = new Points(similarity, values, dim);
    int clusters = IntStream.of(assignments).max().orElse(0) + 1;
    KMeansRun run =
        KMeansRun.from(similarity, dim, 0, 0, new float[Math.multiplyExact(clusters, dim)])
            .movedToMeans(points, Extent.of(points), assignments);
    return new KMeans.Result(
        assignments,
        points.squaredDistances(run.centers(), assignments),
        run.centers(),
        run.inertia(),
        true,
        0);
  }
}
