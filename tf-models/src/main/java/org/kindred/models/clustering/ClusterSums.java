package org.kindred.models.clustering;

import java.nio.ByteBuffer;
import java.nio.LongBuffer;

/**
 * Sizes of clusters and sums of their rows, in fixed point: rows may come in any order, from any
 * worker, and go again.
 *
 * <p>Threading: not thread-safe.
 */
public final class ClusterSums {

  private final FixedPoint scale;
  private final int dim;
  private final long[] sizes;
  private final long[] sums;

  /**
   * Starts without rows.
   *
   * @param extent of all rows
   * @param clusters 1 or more
   */
  public ClusterSums(Extent extent, int clusters) {
    this(extent, new long[clusters], new long[Math.multiplyExact(clusters, extent.dim())]);
  }

  private ClusterSums(Extent extent, long[] sizes, long[] sums) {
    this.scale = extent.scale();
    this.dim = extent.dim();
    this.sizes = sizes;
    this.sums = sums;
  }

  /** Returns the number of clusters. */
  int clusters() {
    return sizes.length;
  }

  /** Returns the rows of a cluster. */
  long size(int cluster) {
    return sizes[cluster];
  }

  boolean hasEmptyCluster() {
    for (long size : sizes) {
      if (size == 0) {
        return true;
      }
    }
    return false;
  }

  /** Returns the sum of a cluster's rows in coordinate {@code d}. */
  double sum(int cluster, int d) {
    return scale.value(sums[cluster * dim + d]);
  }

  /** Puts a row into a cluster. */
  void add(Points points, int row, int cluster) {
    add(points, row, cluster, points.weight(row));
  }

  private void add(Points points, int row, int cluster, long times) {
    sizes[cluster] += times;
    int at = cluster * dim;
    for (int d = 0; d < dim; d++) {
      sums[at + d] += times * scale.of(points.value(row, d));
    }
  }

  /** Takes a row out of its cluster. */
  void remove(Points points, int row, int cluster) {
    add(points, row, cluster, -points.weight(row));
  }

  /** Serialises the sizes and the sums. */
  public byte[] toBytes() {
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.multiplyExact(sizes.length + sums.length, Long.BYTES));
    bytes.asLongBuffer().put(sizes).put(sums);
    return bytes.array();
  }

  /** Returns {@link #toBytes} of all rows of two that were made with the same extent. */
  public static byte[] plus(byte[] one, byte[] other) {
    byte[] sum = new byte[one.length];
    LongBuffer left = ByteBuffer.wrap(one).asLongBuffer();
    LongBuffer right = ByteBuffer.wrap(other).asLongBuffer();
    LongBuffer total = ByteBuffer.wrap(sum).asLongBuffer();
    while (total.hasRemaining()) {
      total.put(left.get() + right.get());
    }
    return sum;
  }

  /** Reads what {@link #toBytes} wrote. */
  public static ClusterSums fromBytes(Extent extent, int clusters, byte[] bytes) {
    ClusterSums sums = new ClusterSums(extent, clusters);
    ByteBuffer.wrap(bytes).asLongBuffer().get(sums.sizes).get(sums.sums);
    return sums;
  }
}
