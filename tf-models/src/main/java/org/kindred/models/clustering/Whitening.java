package org.kindred.models.clustering;

import java.nio.FloatBuffer;
import java.util.stream.IntStream;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.MatrixProduct.Matrix;
import org.kindred.models.linalg.MatrixProduct.Product;
import org.kindred.models.linalg.SymmetricEigen;
import org.kindred.models.linalg.UnitRows;

/**
 * Principal components of rows, whitened: the coordinates of greatest variance, each scaled to
 * variance 1. DeepCluster clusters features in this form (Caron et al., section 3.3), scaled to
 * unit length.
 *
 * <p>A component with next to no variance, which rounding alone would make up, stays 0.
 *
 * <p>Threading: immutable; {@link #fit} spreads over the common fork-join pool.
 */
public final class Whitening {

  private static final int BLOCK_ROWS = 512;

  /** Share of the greatest variance up to which there is none. */
  private static final double NO_VARIANCE = 1e-12;

  private final int dim;
  private final int components;
  private final double[] mean;
  private final float[] projection;

  private Whitening(int dim, int components, double[] mean, float[] projection) {
    this.dim = dim;
    this.components = components;
    this.mean = mean;
    this.projection = projection;
  }

  /**
   * Finds the components of rows, in double precision.
   *
   * @param values {@code [rows, dim]}, row by row, one row or more
   * @param dim length of a row, 1 or more
   * @param components components to keep, 1 to {@code dim}
   * @throws IllegalArgumentException when a number is out of its range
   * @throws org.kindred.models.linalg.RowException when a row is not finite, or too long
   */
  public static Whitening fit(float[] values, int dim, int components) {
    checkRows(values, dim);
    if (components < 1 || components > dim) {
      throw new IllegalArgumentException(
          "components is " + components + ", valid is 1 to " + dim + ", the length of a row");
    }
    for (int row = 0; row < values.length / dim; row++) {
      UnitRows.checkedSquaredNorm(values, row * dim, dim, row);
    }
    double[] mean = Points.mean(values, dim);
    SymmetricEigen eigen = SymmetricEigen.of(covariance(values, mean), dim);
    float[] projection = new float[components * dim];
    for (int c = 0; c < components; c++) {
      double variance = eigen.value(c);
      if (variance > NO_VARIANCE * eigen.value(0)) {
        double[] vector = eigen.vector(c);
        for (int d = 0; d < dim; d++) {
          projection[c * dim + d] = (float) (vector[d] / Math.sqrt(variance));
        }
      }
    }
    return new Whitening(dim, components, mean, projection);
  }

  private static void checkRows(float[] values, int dim) {
    if (dim < 1 || values.length == 0 || values.length % dim != 0) {
      throw new IllegalArgumentException(
          values.length + " values are not one or more whole rows of length " + dim);
    }
  }

  /**
   * Returns the covariance's lower triangle, {@code [dim, dim]}. Each element is one sum in order
   * of the rows.
   */
  private static double[] covariance(float[] values, double[] mean) {
    int dim = mean.length;
    int rows = values.length / dim;
    double[] covariance = new double[Math.multiplyExact(dim, dim)];
    double[] block = new double[BLOCK_ROWS * dim];
    for (int start = 0; start < rows; start += BLOCK_ROWS) {
      int count = Math.min(BLOCK_ROWS, rows - start);
      for (int i = 0; i < count * dim; i++) {
        block[i] = values[start * dim + i] - mean[i % dim];
      }
      IntStream.range(0, dim)
          .parallel()
          .forEach(
              d -> {
                for (int row = 0; row < count; row++) {
                  addMultiple(block, row * dim, block[row * dim + d], covariance, d * dim, d + 1);
                }
              });
    }
    for (int i = 0; i < covariance.length; i++) {
      covariance[i] /= rows;
    }
    return covariance;
  }

  /** Adds {@code factor} times a stretch of {@code source} to one of {@code target}. */
  private static void addMultiple(
      double[] source, int from, double factor, double[] target, int to, int count) {
    for (int i = 0; i < count; i++) {
      target[to + i] += factor * source[from + i];
    }
  }

  /**
   * Returns the components of rows, scaled to unit length; a row that is the mean becomes zeros.
   *
   * @param product multiplies in float32
   * @param values {@code [rows, dim]}, row by row, one row or more
   * @return {@code [rows, components]}
   * @throws IllegalArgumentException when {@code values} are no whole rows
   * @throws org.kindred.models.linalg.RowException when a row is not finite
   */
  public float[] apply(MatrixProduct product, float[] values) {
    checkRows(values, dim);
    int rows = values.length / dim;
    float[] whitened = new float[Math.multiplyExact(rows, components)];
    try (Matrix axes = product.upload(FloatBuffer.wrap(projection), components, dim)) {
      for (int start = 0; start < rows; start += BLOCK_ROWS) {
        int count = Math.min(BLOCK_ROWS, rows - start);
        try (Matrix block = product.upload(centered(values, start, count), count, dim);
            Product products = product.multiply(block, axes)) {
          for (int row = 0; row < count; row++) {
            products.row(row).get(0, whitened, (start + row) * components, components);
          }
        }
      }
    }
    UnitRows.normalize(whitened, components, 0);
    return whitened;
  }

  private FloatBuffer centered(float[] values, int start, int count) {
    FloatBuffer block = FloatBuffer.allocate(count * dim);
    for (int i = 0; i < count * dim; i++) {
      block.put((float) (values[start * dim + i] - mean[i % dim]));
    }
    return block.flip();
  }
}
