package org.kindred.stages.graph;

import org.kindred.models.neighbors.Propagation;

/**
 * How reliable the positives at one distance are, as far as labels are known. A diagnostic: labels
 * never choose a positive.
 *
 * @param positives positives counted
 * @param labelled those whose label and whose node's label are both known
 * @param correct of the labelled, those with the node's label
 */
public record HopCounts(long positives, long labelled, long correct) {

  /** Counts of nothing. */
  public static final HopCounts ZERO = new HopCounts(0, 0, 0);

  /**
   * Counts some positives of one node.
   *
   * @param node the node
   * @param ids its positives
   * @param labels label of every node, negative when unknown
   */
  public static HopCounts of(int node, int[] ids, int[] labels) {
    return count(node, ids, 0, ids.length, labels);
  }

  /**
   * Counts the positives of one node by hop.
   *
   * @param node the node
   * @param positives its positives
   * @param hops longest path followed
   * @param labels label of every node, negative when unknown
   * @return counts of hop 1 at index 0, to those of hop {@code hops}
   */
  public static HopCounts[] perHop(
      int node, Propagation.Positives positives, int hops, int[] labels) {
    HopCounts[] counts = new HopCounts[hops];
    int from = 0;
    for (int hop = 1; hop <= hops; hop++) {
      int to = from;
      while (to < positives.hops().length && positives.hops()[to] == hop) {
        to++;
      }
      counts[hop - 1] = count(node, positives.ids(), from, to, labels);
      from = to;
    }
    return counts;
  }

  private static HopCounts count(int node, int[] ids, int from, int to, int[] labels) {
    long labelled = 0;
    long correct = 0;
    if (labels[node] >= 0) {
      for (int at = from; at < to; at++) {
        // A walk may come back to where it began.
        if (ids[at] != node) {
          labelled += labels[ids[at]] >= 0 ? 1 : 0;
          correct += labels[ids[at]] == labels[node] ? 1 : 0;
        }
      }
    }
    return new HopCounts(to - from, labelled, correct);
  }

  /** Adds the counts of other positives. */
  public HopCounts plus(HopCounts other) {
    return new HopCounts(
        positives + other.positives, labelled + other.labelled, correct + other.correct);
  }
}
