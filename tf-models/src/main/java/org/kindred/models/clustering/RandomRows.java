package org.kindred.models.clustering;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;

/** Chooses distinct rows as the centers that k-means starts from, every set of them as likely. */
public final class RandomRows {

  private RandomRows() {}

  /** Returns centers, {@code [clusters, dim]}, of one restart. */
  static float[] choose(Points points, int clusters, long seed, int restart) {
    int[] rows = draw(points.rows(), clusters, seed, restart);
    float[] centers = new float[Math.multiplyExact(clusters, points.dim())];
    for (int center = 0; center < clusters; center++) {
      points.copy(rows[center], centers, center * points.dim());
    }
    return centers;
  }

  /** Returns the positions of the rows. */
  public static int[] draw(int rows, int count, long seed, int restart) {
    int[] order = IntStream.range(0, rows).toArray();
    new CounterRandom(Domain.CLUSTERING, seed, 0, restart, 0).draw(order, count);
    return Arrays.copyOf(order, count);
  }
}
