package org.kindred.stages.evaluate;

import java.util.Arrays;

/**
 * How many items n_ij have the i-th label and the j-th cluster, with the sums of rows a_i, of
 * columns b_j, and of all, n.
 */
@SuppressWarnings("ArrayRecordComponent") // counts in bulk, never compared as a value
record Contingency(long[][] counts, long[] labels, long[] clusters, long n) {

  /** Counts pairs of values; those that occur are numbered in ascending order. */
  static Contingency of(int[] labels, int[] clusters) {
    if (labels.length == 0 || labels.length != clusters.length) {
      throw new IllegalArgumentException(
          "%d labels and %d clusters; valid is as many of both, 1 or more"
              .formatted(labels.length, clusters.length));
    }
    int[] labelValues = Arrays.stream(labels).sorted().distinct().toArray();
    int[] clusterValues = Arrays.stream(clusters).sorted().distinct().toArray();
    long[][] counts = new long[labelValues.length][clusterValues.length];
    long[] labelSums = new long[labelValues.length];
    long[] clusterSums = new long[clusterValues.length];
    for (int item = 0; item < labels.length; item++) {
      int i = Arrays.binarySearch(labelValues, labels[item]);
      int j = Arrays.binarySearch(clusterValues, clusters[item]);
      counts[i][j]++;
      labelSums[i]++;
      clusterSums[j]++;
    }
    return new Contingency(counts, labelSums, clusterSums, labels.length);
  }
}
