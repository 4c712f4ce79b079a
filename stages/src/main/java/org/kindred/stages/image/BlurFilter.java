package org.kindred.stages.image;

import java.util.Arrays;

/**
 * Separable Gaussian blur: radius ceil(3 sigma), weights normalised to sum 1, edges replicated.
 *
 * <p>A row is convolved by adding shifted copies of it, pair by pair, since C2 vectorises sums of
 * arrays only where all are read at the same index.
 */
final class BlurFilter {

  private int width;
  private int radius;
  private float[] weights = {};
  private float[] padded = {};
  private float[] left = {};
  private float[] right = {};
  private float[] sum = {};

  /** Returns exp(-x^2 / 2 sigma^2) for x in -r..r, normalised, where r = ceil(3 sigma). */
  static double[] kernel(double sigma) {
    int radius = (int) Math.ceil(3 * sigma);
    double[] kernel = new double[2 * radius + 1];
    double sum = 0;
    for (int k = -radius; k <= radius; k++) {
      kernel[radius + k] = StrictMath.exp(-0.5 * k * k / (sigma * sigma));
      sum += kernel[radius + k];
    }
    for (int k = 0; k < kernel.length; k++) {
      kernel[k] /= sum;
    }
    return kernel;
  }

  /** Prepares for rows of {@code width} pixels; {@code sigma} is in pixels and above 0. */
  void prepare(double sigma, int width) {
    double[] kernel = kernel(sigma);
    this.width = width;
    radius = kernel.length / 2;
    if (weights.length <= radius) {
      weights = new float[radius + 1];
    }
    for (int k = 0; k <= radius; k++) {
      weights[k] = (float) kernel[radius + k];
    }
    if (padded.length < width + 2 * radius) {
      padded = new float[width + 2 * radius];
    }
    if (sum.length < width) {
      left = new float[width];
      right = new float[width];
      sum = new float[width];
    }
  }

  /** Blurs the row that begins at {@code from} along x. */
  void horizontal(float[] source, int from, float[] target, int to) {
    Arrays.fill(padded, 0, radius, source[from]);
    System.arraycopy(source, from, padded, radius, width);
    Arrays.fill(padded, radius + width, 2 * radius + width, source[from + width - 1]);
    System.arraycopy(padded, radius, left, 0, width);
    RowMath.scale(left, weights[0], sum, width);
    for (int k = 1; k <= radius; k++) {
      System.arraycopy(padded, radius - k, left, 0, width);
      System.arraycopy(padded, radius + k, right, 0, width);
      RowMath.addPair(left, right, weights[k], sum, width);
    }
    System.arraycopy(sum, 0, target, to, width);
  }

  /** Makes row {@code y} of the first {@code height} rows, each of {@code length} values. */
  void vertical(float[][] rows, int height, int y, float[] target, int length) {
    RowMath.scale(rows[y], weights[0], target, length);
    for (int k = 1; k <= radius; k++) {
      float[] above = rows[Math.max(0, y - k)];
      float[] below = rows[Math.min(height - 1, y + k)];
      RowMath.addPair(above, below, weights[k], target, length);
    }
  }
}
