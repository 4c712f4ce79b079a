package org.kindred.stages.image;

/**
 * Weighted sums of whole rows.
 *
 * <p>Every loop runs one index without offsets over separate arrays: the form that HotSpot's C2
 * compiles to vector instructions.
 */
final class RowMath {

  private RowMath() {}

  /** target = wa a. */
  static void scale(float[] a, float wa, float[] target, int length) {
    for (int i = 0; i < length; i++) {
      target[i] = wa * a[i];
    }
  }

  /** target = wa a + wb b. */
  static void blend(float[] a, float wa, float[] b, float wb, float[] target, int length) {
    for (int i = 0; i < length; i++) {
      target[i] = wa * a[i] + wb * b[i];
    }
  }

  /** target += wa a. */
  static void add(float[] a, float wa, float[] target, int length) {
    for (int i = 0; i < length; i++) {
      target[i] += wa * a[i];
    }
  }

  /** target += w (a + b). */
  static void addPair(float[] a, float[] b, float w, float[] target, int length) {
    for (int i = 0; i < length; i++) {
      target[i] += w * (a[i] + b[i]);
    }
  }
}
