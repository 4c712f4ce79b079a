package org.kindred.stages.graph;

import java.util.Arrays;
import org.kindred.models.neighbors.Propagation;
import org.kindred.proto.artifact.v1.HopStatistics;
import org.kindred.proto.artifact.v1.PositiveSet;

/** Statistics of the positives of some nodes. */
final class Tally {
  private final int[] labels;
  private final HopCounts[] perHop;
  private HopCounts hard = HopCounts.ZERO;
  private HopCounts negatives = HopCounts.ZERO;
  private int largest;
  private long truncated;

  /**
   * @param labels label of every node, negative when unknown
   * @param hops longest path followed
   */
  Tally(int[] labels, int hops) {
    this.labels = labels;
    this.perHop = new HopCounts[hops];
    Arrays.fill(perHop, HopCounts.ZERO);
  }

  /** Counts what is stored of the positives of a node, and how many are not. */
  void add(int node, Propagation.Positives stored, int leftOut) {
    HopCounts[] counts = HopCounts.perHop(node, stored, perHop.length, labels);
    Arrays.setAll(perHop, hop -> perHop[hop].plus(counts[hop]));
    largest = Math.max(largest, stored.ids().length);
    truncated += leftOut;
  }

  /** Counts the hard positives of a node. */
  void addHard(int node, int[] ids) {
    hard = hard.plus(HopCounts.of(node, ids, labels));
  }

  /** Counts the hard negatives of a node. */
  void addNegatives(int node, int[] ids) {
    negatives = negatives.plus(HopCounts.of(node, ids, labels));
  }

  PositiveSet toPositiveSet() {
    PositiveSet.Builder set =
        PositiveSet.newBuilder()
            .setLargestSet(largest)
            .setTruncated(truncated)
            .setHard(statistics(hard, 0))
            .setNegatives(statistics(negatives, 0));
    for (int hop = 1; hop <= perHop.length; hop++) {
      set.setPositives(set.getPositives() + perHop[hop - 1].positives())
          .addPerHop(statistics(perHop[hop - 1], hop));
    }
    return set.build();
  }

  private static HopStatistics statistics(HopCounts counts, int hop) {
    return HopStatistics.newBuilder()
        .setHop(hop)
        .setPositives(counts.positives())
        .setLabelled(counts.labelled())
        .setCorrect(counts.correct())
        .build();
  }
}
