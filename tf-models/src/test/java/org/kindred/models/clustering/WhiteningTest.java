package org.kindred.models.clustering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.RowException;

final class WhiteningTest {

  private static final MatrixProduct PRODUCT = new MatrixProduct();

  @AfterAll
  static void close() {
    PRODUCT.close();
  }

  private static float[] whiten(float[] values, int dim, int components) {
    return Whitening.fit(values, dim, components).apply(PRODUCT, values);
  }

  @Test
  void eachComponentHasTheSameVariance() {
    float[] rows = {14, 5, 6, 5, 10, 6, 10, 4};
    Whitening whitening = Whitening.fit(rows, 2, 2);
    float half = (float) Math.sqrt(0.5);
    // 4 along the first axis is as far as 1 along the second.
    assertThat(whitening.apply(PRODUCT, new float[] {14, 6, 14, 4, 6, 5, 10, 5}))
        .containsExactly(new float[] {half, half, half, -half, -1, 0, 0, 0}, within(1e-6f));
    assertThat(Whitening.fit(rows, 2, 1).apply(PRODUCT, new float[] {11, 3, 9, 9}))
        .containsExactly(new float[] {1, -1}, within(1e-6f));
  }

  /** Cosines of whitened rows are those by the inverse covariance, in closed form for two. */
  @Test
  void cosinesAreMahalanobis() {
    Random random = new Random(6);
    int rows = 1100;
    float[] values = new float[rows * 2];
    for (int row = 0; row < rows; row++) {
      // The last rows, beyond the last whole block, are spread the most.
      double spread = row < 1024 ? 1 : 9;
      double x = spread * random.nextGaussian();
      double y = random.nextGaussian();
      values[2 * row] = (float) (100 + 3 * x + y);
      values[2 * row + 1] = (float) (-40 + 2 * x - y);
    }
    double[] mean = new double[2];
    double[] covariance = new double[3];
    for (int row = 0; row < rows; row++) {
      mean[0] += values[2 * row] / (double) rows;
      mean[1] += values[2 * row + 1] / (double) rows;
    }
    for (int row = 0; row < rows; row++) {
      double x = values[2 * row] - mean[0];
      double y = values[2 * row + 1] - mean[1];
      covariance[0] += x * x;
      covariance[1] += x * y;
      covariance[2] += y * y;
    }
    float[] whitened = whiten(values, 2, 2);
    for (int row = 1; row < 50; row++) {
      double xx = inner(values, mean, covariance, 0, 0);
      double yy = inner(values, mean, covariance, row, row);
      double expected = inner(values, mean, covariance, 0, row) / Math.sqrt(xx * yy);
      double got = whitened[0] * whitened[2 * row] + whitened[1] * whitened[2 * row + 1];
      assertThat(got).isCloseTo(expected, within(1e-4));
    }
  }

  /** Up to a factor, x^T C^-1 y of two rows less the mean. */
  private static double inner(float[] values, double[] mean, double[] c, int one, int other) {
    double x0 = values[2 * one] - mean[0];
    double x1 = values[2 * one + 1] - mean[1];
    double y0 = values[2 * other] - mean[0];
    double y1 = values[2 * other + 1] - mean[1];
    return c[2] * x0 * y0 - c[1] * (x0 * y1 + x1 * y0) + c[0] * x1 * y1;
  }

  /** Rows in a plane of three dimensions. */
  @Test
  void aComponentWithoutVarianceIsZero() {
    Random random = new Random(8);
    float[] values = new float[40 * 3];
    for (int row = 0; row < 40; row++) {
      float x = (float) random.nextGaussian();
      float y = (float) random.nextGaussian();
      values[3 * row] = x;
      values[3 * row + 1] = y;
      values[3 * row + 2] = 0.5f * x;
    }
    float[] whitened = whiten(values, 3, 3);
    for (int row = 0; row < 40; row++) {
      assertThat(whitened[3 * row + 2]).isZero();
      assertThat(Math.hypot(whitened[3 * row], whitened[3 * row + 1])).isCloseTo(1, within(1e-6));
    }
    assertThat(whiten(new float[] {2, 3, 2, 3}, 2, 2)).containsOnly(0);
  }

  @Test
  void namesWhatIsWrong() {
    assertThatThrownBy(() -> Whitening.fit(new float[6], 3, 4))
        .hasMessage("components is 4, valid is 1 to 3, the length of a row");
    assertThatThrownBy(() -> Whitening.fit(new float[6], 3, 0))
        .hasMessage("components is 0, valid is 1 to 3, the length of a row");
    assertThatThrownBy(() -> Whitening.fit(new float[5], 3, 1))
        .hasMessage("5 values are not one or more whole rows of length 3");
    assertThatThrownBy(() -> Whitening.fit(new float[] {1, 2, 3, Float.NaN}, 2, 1))
        .isInstanceOfSatisfying(RowException.class, e -> assertThat(e.row()).isEqualTo(1));
    Whitening whitening = Whitening.fit(new float[] {1, 2, 3, 5}, 2, 1);
    assertThatThrownBy(() -> whitening.apply(PRODUCT, new float[3]))
        .hasMessage("3 values are not one or more whole rows of length 2");
  }
}
