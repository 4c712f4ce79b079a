package org.kindred.stages.image;

/**
 * Colour operations on planes of values in [0, 1].
 *
 * <p>The loops are short, branch-free and run one index over separate arrays: the form that
 * HotSpot's C2 compiles to vector instructions. Longer bodies are split, because C2 stops unrolling
 * them.
 */
final class ColorMath {

  private static final float RED_SHARE = 0.299f;
  private static final float GREEN_SHARE = 0.587f;
  private static final float BLUE_SHARE = 0.114f;

  private ColorMath() {}

  /** luma = 0.299 R + 0.587 G + 0.114 B. */
  static void luma(float[] red, float[] green, float[] blue, float[] luma, int pixels) {
    for (int i = 0; i < pixels; i++) {
      luma[i] = RED_SHARE * red[i] + GREEN_SHARE * green[i] + BLUE_SHARE * blue[i];
    }
  }

  /** x = clip(factor x). */
  static void brightness(float[] red, float[] green, float[] blue, float factor, int pixels) {
    scale(red, factor, pixels);
    scale(green, factor, pixels);
    scale(blue, factor, pixels);
  }

  /**
   * x = clip(factor x + (1 - factor) mean luma of the image).
   *
   * @param luma scratch, as long as the planes
   */
  static void contrast(
      float[] red, float[] green, float[] blue, float factor, float[] luma, int pixels) {
    luma(red, green, blue, luma, pixels);
    float shift = (float) ((1.0 - factor) * mean(luma, pixels));
    scaleAndShift(red, factor, shift, pixels);
    scaleAndShift(green, factor, shift, pixels);
    scaleAndShift(blue, factor, shift, pixels);
  }

  /**
   * x = clip(factor x + (1 - factor) luma of the pixel).
   *
   * @param luma scratch, as long as the planes
   */
  static void saturation(
      float[] red, float[] green, float[] blue, float factor, float[] luma, int pixels) {
    luma(red, green, blue, luma, pixels);
    mix(red, factor, luma, pixels);
    mix(green, factor, luma, pixels);
    mix(blue, factor, luma, pixels);
  }

  /** Returns the mean, summed in four lanes and in double, always in this order. */
  static double mean(float[] values, int count) {
    double sum0 = 0;
    double sum1 = 0;
    double sum2 = 0;
    double sum3 = 0;
    int i = 0;
    for (; i + 3 < count; i += 4) {
      sum0 += values[i];
      sum1 += values[i + 1];
      sum2 += values[i + 2];
      sum3 += values[i + 3];
    }
    for (; i < count; i++) {
      sum0 += values[i];
    }
    return (sum0 + sum1 + sum2 + sum3) / count;
  }

  /** Values and factor are 0 or more, so that only the upper end can be passed. */
  private static void scale(float[] plane, float factor, int pixels) {
    for (int i = 0; i < pixels; i++) {
      plane[i] = Math.min(1f, factor * plane[i]);
    }
  }

  private static void scaleAndShift(float[] plane, float factor, float shift, int pixels) {
    for (int i = 0; i < pixels; i++) {
      plane[i] = Math.max(0f, Math.min(1f, factor * plane[i] + shift));
    }
  }

  private static void mix(float[] plane, float factor, float[] other, int pixels) {
    float rest = 1 - factor;
    for (int i = 0; i < pixels; i++) {
      plane[i] = Math.max(0f, Math.min(1f, factor * plane[i] + rest * other[i]));
    }
  }

  /**
   * Adds {@code turns} to the hue of HSV and keeps saturation and value, without going through HSV.
   *
   * <p>Let m be the smallest channel, C the chroma (largest minus smallest) and H the hue on a
   * circle of length 6C, on which red lies at 0, green at 2C and blue at 4C. A channel whose place
   * has distance d from H on the circle has the value m + clip(2C - d, 0, C): full up to a distance
   * of C, falling to m at 2C. Scaling the circle by C saves the division, so that grey (C = 0) is
   * no special case.
   *
   * @param turns -0.5 to 0.5
   * @param low scratch, as long as the planes
   * @param chroma scratch, as long as the planes
   * @param hue scratch, as long as the planes
   */
  static void hue(
      float[] red,
      float[] green,
      float[] blue,
      float turns,
      float[] low,
      float[] chroma,
      float[] hue,
      int pixels) {
    lowAndChroma(red, green, blue, low, chroma, pixels);
    hueOnCircle(red, green, blue, chroma, hue, pixels);
    channelAt(6 * turns, hue, low, chroma, red, pixels);
    channelAt(6 * turns - 2, hue, low, chroma, green, pixels);
    channelAt(6 * turns + 2, hue, low, chroma, blue, pixels);
  }

  private static void lowAndChroma(
      float[] red, float[] green, float[] blue, float[] low, float[] chroma, int pixels) {
    for (int i = 0; i < pixels; i++) {
      float smallest = Math.min(red[i], Math.min(green[i], blue[i]));
      chroma[i] = Math.max(red[i], Math.max(green[i], blue[i])) - smallest;
      low[i] = smallest;
    }
  }

  /**
   * Finds the hue in [-3C, 3C]. Its distance from red is piecewise linear in a = 2R - G - B, with
   * slope -1/2 between -C and C and slope -1 beyond; its sign is that of G - B. The sign is applied
   * as a clip of a huge multiple of G - B to plus or minus the distance; the tiny summand makes
   * zero count as positive.
   */
  private static void hueOnCircle(
      float[] red, float[] green, float[] blue, float[] chroma, float[] hue, int pixels) {
    for (int i = 0; i < pixels; i++) {
      float a = 2f * red[i] - green[i] - blue[i];
      float c = chroma[i];
      float distance = 1.5f * c - 0.5f * (a + Math.max(0f, a - c) - Math.max(0f, -a - c));
      float signed = (green[i] - blue[i] + 1e-30f) * 1e36f;
      hue[i] = Math.max(-distance, Math.min(distance, signed));
    }
  }

  /** Evaluates the channel that lies {@code shift} C before the hue, -5 to 5. */
  private static void channelAt(
      float shift, float[] hue, float[] low, float[] chroma, float[] channel, int pixels) {
    for (int i = 0; i < pixels; i++) {
      float c = chroma[i];
      float half = 3f * c;
      float distance = Math.abs(half - Math.abs(Math.abs(hue[i] + shift * c) - half));
      channel[i] = low[i] + Math.max(0f, Math.min(c, 2f * c - distance));
    }
  }
}
