package org.kindred.models.clustering;

import java.io.Serializable;

/**
 * What k-means must know of all rows before it sums any: how many there are and how far they reach.
 *
 * @param rows how many, 1 or more
 * @param origin the first row
 * @param largest greatest magnitude of a coordinate
 * @param spread sum of the squared distances of all rows from the first one, in units of {@link
 *     #squares}
 */
@SuppressWarnings("ArrayRecordComponent") // numbers in bulk, never compared as a value
public record Extent(long rows, float[] origin, double largest, long spread)
    implements Serializable {

  /** Starts with the first row alone; its spread is that of no row yet. */
  public static Extent of(long rows, float[] origin, double largest) {
    return new Extent(rows, origin, largest, 0);
  }

  /** Returns the extent of all rows, in memory. */
  static Extent of(Points points) {
    float[] origin = new float[points.dim()];
    points.copy(0, origin, 0);
    Extent extent = of(points.totalWeight(), origin, points.largest());
    return extent.withSpread(extent.spreadOf(points));
  }

  /** Returns the same with another spread. */
  public Extent withSpread(long value) {
    return new Extent(rows, origin, largest, value);
  }

  /** Returns the spread of some of the rows; those of all parts add up to that of all rows. */
  public long spreadOf(Points points) {
    FixedPoint squares = squares();
    long sum = 0;
    for (int row = 0; row < points.rows(); row++) {
      sum += points.weight(row) * squares.of(points.squaredDistance(row, origin, 0));
    }
    return sum;
  }

  /** Returns the length of a row. */
  public int dim() {
    return origin.length;
  }

  /** Returns what a sum of squared distances, in units of these, amounts to. */
  public double squaresOf(long sum) {
    return squares().value(sum);
  }

  FixedPoint scale() {
    return FixedPoint.of(rows, largest);
  }

  /** For sums of squared distances between rows. */
  FixedPoint squares() {
    return FixedPoint.of(rows, 4 * largest * largest * dim());
  }
}
