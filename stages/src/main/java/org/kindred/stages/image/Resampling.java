package org.kindred.stages.image;

/**
 * Bilinear resampling along one axis: which input samples make an output sample, and with which
 * weights.
 *
 * <p>Centres of pixels lie at half integers. The filter is a triangle; its half width is one input
 * pixel when the axis grows and one output pixel when it shrinks, which antialiases. Where the
 * triangle leaves the image, the weights inside it are normalised to sum 1. This is Pillow's {@code
 * BILINEAR}.
 */
final class Resampling {

  private static final int CHANNELS = 3;

  private int count;
  private int taps;
  private int[] first = {};

  /** Where each output sample's first tap lies in a row of {@code [inputTo - inputFrom, 3]}. */
  private int[] samples = {};

  private float[] weights = {};

  /**
   * Prepares to make some samples of a resized axis.
   *
   * @param in samples of the input, 1 or more
   * @param out samples of the whole output, 1 or more
   * @param from first output sample to make
   * @param count output samples to make
   */
  void prepare(int in, int out, int from, int count) {
    double scale = (double) in / out;
    double support = Math.max(scale, 1);
    this.count = count;
    // An open interval of length 2 support holds at most this many centres.
    taps = Math.min(in, (int) Math.ceil(2 * support));
    if (first.length < count) {
      first = new int[count];
      samples = new int[count];
    }
    if (weights.length < count * taps) {
      weights = new float[count * taps];
    }
    for (int x = 0; x < count; x++) {
      double center = (from + x + 0.5) * scale - 0.5;
      int leftmost = (int) Math.floor(center - support) + 1;
      first[x] = Math.max(0, Math.min(leftmost, in - taps));
      samples[x] = CHANNELS * (first[x] - first[0]);
      if (scale <= 1 && taps == 2) {
        float right = (float) Math.max(0, Math.min(1, center - first[x]));
        weights[2 * x] = 1 - right;
        weights[2 * x + 1] = right;
      } else {
        weigh(x * taps, center - first[x], 1 / support);
      }
    }
  }

  /** Returns the first input sample that is needed. */
  int inputFrom() {
    return first[0];
  }

  /** Returns the end (exclusive) of the input samples that are needed. */
  int inputTo() {
    return first[count - 1] + taps;
  }

  /**
   * Fills one output sample's weights.
   *
   * @param center where it lies, counted from the centre of its first tap
   * @param slope by which the triangle falls from tap to tap
   */
  private void weigh(int at, double center, double slope) {
    double sum = 0;
    for (int k = 0; k < taps; k++) {
      double weight = Math.max(0, 1 - Math.abs(k - center) * slope);
      weights[at + k] = (float) weight;
      sum += weight;
    }
    float norm = (float) (1 / sum);
    for (int k = 0; k < taps; k++) {
      weights[at + k] *= norm;
    }
  }

  /**
   * Resamples one row.
   *
   * @param row the needed input samples, {@code [inputTo - inputFrom, 3]}
   * @param target {@code [3, count]}: the channels one after another
   */
  void horizontal(float[] row, float[] target) {
    if (taps == 2) {
      twoTaps(samples, weights, row, target, count);
    } else {
      manyTaps(samples, weights, taps, row, target, count);
    }
  }

  /** The case of every crop that is enlarged. */
  private static void twoTaps(
      int[] samples, float[] weights, float[] row, float[] target, int count) {
    for (int x = 0; x < count; x++) {
      int sample = samples[x];
      float left = weights[2 * x];
      float right = weights[2 * x + 1];
      target[x] = left * row[sample] + right * row[sample + 3];
      target[count + x] = left * row[sample + 1] + right * row[sample + 4];
      target[2 * count + x] = left * row[sample + 2] + right * row[sample + 5];
    }
  }

  private static void manyTaps(
      int[] samples, float[] weights, int taps, float[] row, float[] target, int count) {
    for (int x = 0; x < count; x++) {
      float red = 0;
      float green = 0;
      float blue = 0;
      int sample = samples[x];
      for (int k = x * taps; k < (x + 1) * taps; k++) {
        float weight = weights[k];
        red += weight * row[sample];
        green += weight * row[sample + 1];
        blue += weight * row[sample + 2];
        sample += CHANNELS;
      }
      target[x] = red;
      target[count + x] = green;
      target[2 * count + x] = blue;
    }
  }

  /**
   * Makes output row {@code y} of those that {@link #prepare} names.
   *
   * @param rows the needed input rows, the first is {@link #inputFrom}
   * @param length values of a row
   */
  void vertical(float[][] rows, int y, float[] target, int length) {
    int row = first[y] - first[0];
    int weight = y * taps;
    int k = 0;
    if (taps % 2 == 1) {
      RowMath.scale(rows[row], weights[weight], target, length);
      k = 1;
    } else {
      RowMath.blend(rows[row], weights[weight], rows[row + 1], weights[weight + 1], target, length);
      k = 2;
    }
    for (; k < taps; k++) {
      RowMath.add(rows[row + k], weights[weight + k], target, length);
    }
  }
}
