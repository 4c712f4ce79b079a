package org.kindred.models.clustering;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.linalg.UnitRows;
import org.kindred.models.random.CounterRandom;

/**
 * Gives each empty cluster one half of another, whose rows the next iteration divides: the other's
 * center moves a little one way and the empty one's as far the other way.
 */
final class ClusterSplits {

  /** By how much of itself a coordinate moves, up and down in turn. */
  private static final double SHIFT = 1.0 / 1024;

  private final Similarity similarity;
  private final int dim;
  private final float[] centers;
  private final long[] sizes;

  private ClusterSplits(Similarity similarity, int dim, float[] centers, long[] sizes) {
    this.similarity = similarity;
    this.dim = dim;
    this.centers = centers;
    this.sizes = sizes;
  }

  /**
   * Moves centers. There must be as many rows as clusters, so that an empty one leaves others with
   * several.
   *
   * @param centers {@code [clusters, dim]}
   * @param sums rows of each cluster
   * @param random draws which cluster is split, with probability proportional to its rows less one
   */
  static void fill(
      Similarity similarity, int dim, float[] centers, ClusterSums sums, CounterRandom random) {
    long[] sizes = IntStream.range(0, sums.clusters()).mapToLong(sums::size).toArray();
    ClusterSplits splits = new ClusterSplits(similarity, dim, centers, sizes);
    for (int center = 0; center < sizes.length; center++) {
      if (sizes[center] == 0) {
        splits.split(splits.draw(random), center);
      }
    }
  }

  private int draw(CounterRandom random) {
    long total = 0;
    for (long size : sizes) {
      total += Math.max(0, size - 1);
    }
    int left = random.nextInt(Math.toIntExact(total));
    int drawn = -1;
    while (left >= 0) {
      left -= (int) Math.max(0, sizes[++drawn] - 1);
    }
    return drawn;
  }

  private void split(int whole, int empty) {
    float[] up = shifted(whole, SHIFT);
    float[] down = shifted(whole, -SHIFT);
    System.arraycopy(up, 0, centers, empty * dim, dim);
    System.arraycopy(down, 0, centers, whole * dim, dim);
    sizes[empty] = sizes[whole] / 2;
    sizes[whole] -= sizes[empty];
  }

  private float[] shifted(int center, double shift) {
    int at = center * dim;
    float[] row = Arrays.copyOfRange(centers, at, at + dim);
    for (int d = 0; d < row.length; d++) {
      row[d] *= (float) (d % 2 == 0 ? 1 + shift : 1 - shift);
    }
    if (similarity == Similarity.COSINE) {
      UnitRows.normalize(row, dim, center);
    }
    return row;
  }
}
