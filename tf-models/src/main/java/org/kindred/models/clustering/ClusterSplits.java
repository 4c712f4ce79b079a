package org.kindred.models.clustering;

import java.util.Arrays;
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

  private final Points points;
  private final float[] centers;
  private final int[] sizes;

  private ClusterSplits(Points points, float[] centers, int[] sizes) {
    this.points = points;
    this.centers = centers;
    this.sizes = sizes;
  }

  /**
   * Moves centers. There must be as many rows as clusters, so that an empty one leaves others with
   * several.
   *
   * @param centers {@code [clusters, dim]}
   * @param sizes rows of each cluster
   * @param random draws which cluster is split, with probability proportional to its rows less one
   */
  static void fill(Points points, float[] centers, int[] sizes, CounterRandom random) {
    ClusterSplits splits = new ClusterSplits(points, centers, sizes.clone());
    for (int center = 0; center < sizes.length; center++) {
      if (sizes[center] == 0) {
        splits.split(splits.draw(random), center);
      }
    }
  }

  private int draw(CounterRandom random) {
    int total = 0;
    for (int size : sizes) {
      total += Math.max(0, size - 1);
    }
    int left = random.nextInt(total);
    int drawn = -1;
    while (left >= 0) {
      left -= Math.max(0, sizes[++drawn] - 1);
    }
    return drawn;
  }

  private void split(int whole, int empty) {
    float[] up = shifted(whole, SHIFT);
    float[] down = shifted(whole, -SHIFT);
    System.arraycopy(up, 0, centers, empty * points.dim(), points.dim());
    System.arraycopy(down, 0, centers, whole * points.dim(), points.dim());
    sizes[empty] = sizes[whole] / 2;
    sizes[whole] -= sizes[empty];
  }

  private float[] shifted(int center, double shift) {
    int at = center * points.dim();
    float[] row = Arrays.copyOfRange(centers, at, at + points.dim());
    for (int d = 0; d < row.length; d++) {
      row[d] *= (float) (d % 2 == 0 ? 1 + shift : 1 - shift);
    }
    if (points.similarity() == Similarity.COSINE) {
      UnitRows.normalize(row, points.dim(), center);
    }
    return row;
  }
}
