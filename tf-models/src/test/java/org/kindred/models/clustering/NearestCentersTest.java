package org.kindred.models.clustering;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.Similarity;

final class NearestCentersTest {

  private static final int DIM = 24;
  private static final int ROWS = 700;
  private static final int CLUSTERS = 40;

  /**
   * Values around an offset: far from the origin float32 products can't tell the nearest center.
   */
  private static float[] around(float offset, int rows, long seed) {
    Random random = new Random(seed);
    float[] values = new float[rows * DIM];
    for (int i = 0; i < values.length; i++) {
      values[i] = offset + (float) random.nextGaussian();
    }
    return values;
  }

  @ParameterizedTest
  @CsvSource({"EUCLIDEAN, 0", "EUCLIDEAN, 3000", "COSINE, 0", "COSINE, 300"})
  void theNearestIsTheExactOneAndItsBoundsHold(Similarity similarity, float offset) {
    Points points = new Points(similarity, around(offset, ROWS, 1), DIM);
    List<float[]> sets =
        List.of(
            new Points(similarity, around(offset, CLUSTERS, 2), DIM)
                .rows(IntStream.range(0, CLUSTERS).toArray()),
            points.rows(IntStream.range(0, CLUSTERS).toArray()));
    int[][] nearest = new int[sets.size()][ROWS];
    double[][] uppers = new double[sets.size()][ROWS];
    double[][] lowers = new double[sets.size()][ROWS];
    try (MatrixProduct product = new MatrixProduct();
        NearestCenters centers = new NearestCenters(product, points, sets)) {
      centers.find(
          IntStream.range(0, ROWS).toArray(),
          (set, row, center, upper, lower) -> {
            nearest[set][row] = center;
            uppers[set][row] = upper;
            lowers[set][row] = lower;
          });
    }

    for (int set = 0; set < sets.size(); set++) {
      float[] centers = sets.get(set);
      for (int row = 0; row < ROWS; row++) {
        int expected = 0;
        for (int center = 1; center < CLUSTERS; center++) {
          if (points.similarity(row, centers, center) > points.similarity(row, centers, expected)) {
            expected = center;
          }
        }
        assertThat(nearest[set][row]).as("set %d, row %d", set, row).isEqualTo(expected);
        assertThat(uppers[set][row])
            .isGreaterThan(points.squaredDistance(row, centers, expected) - 1e-6);
        for (int center = 0; center < CLUSTERS; center++) {
          if (center != expected) {
            assertThat(lowers[set][row])
                .isLessThan(points.squaredDistance(row, centers, center) + 1e-6);
          }
        }
      }
    }
  }
}
