package org.kindred.stages.graph;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.kindred.models.neighbors.Propagation.Positives;

final class HopCountsTest {

  private static final int[] LABELS = {0, 0, 1, -1, 0, 1};

  @Test
  void countsByHop() {
    Positives positives = new Positives(new int[] {1, 2, 3, 4, 5}, new int[] {1, 1, 2, 2, 2});
    HopCounts[] counts = HopCounts.perHop(0, positives, 3, LABELS);
    assertThat(counts)
        .containsExactly(new HopCounts(2, 2, 1), new HopCounts(3, 2, 1), new HopCounts(0, 0, 0));
    assertThat(counts[0].plus(counts[1]).plus(HopCounts.ZERO)).isEqualTo(new HopCounts(5, 4, 2));
  }

  @Test
  void withoutTheNodesLabelNothingIsLabelled() {
    assertThat(HopCounts.of(3, new int[] {0, 1, 2}, LABELS)).isEqualTo(new HopCounts(3, 0, 0));
  }
}
