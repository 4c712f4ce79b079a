package org.kindred.models.clustering;

import java.io.Serializable;

/**
 * Sums in fixed point: the same whatever the order, and exact when something is taken out again.
 * Values are rounded to a multiple of a power of two so small that the greatest sum just fits into
 * a long: with 2^20 values, to 2^-41 of the greatest one.
 *
 * @param factor a power of two
 */
record FixedPoint(double factor) implements Serializable {

  private static final int BITS = Long.SIZE - 2;

  /**
   * Returns the finest that holds any sum.
   *
   * @param count most values of a sum, 1 or more
   * @param largest greatest magnitude of a value, 0 or more
   */
  static FixedPoint of(long count, double largest) {
    int bitsOfCount = Long.SIZE - Long.numberOfLeadingZeros(count);
    int exponent = largest == 0 ? 0 : Math.getExponent(largest) + 1;
    return new FixedPoint(Math.scalb(1.0, BITS - bitsOfCount - exponent));
  }

  long of(double value) {
    return (long) Math.rint(value * factor);
  }

  double value(long sum) {
    return sum / factor;
  }
}
