package org.kindred.pipelines.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ContingencyTest {

  @Test
  void clustersOfOneClassStandTogether() {
    int[] labels = {1, 1, 0, 0, 0, 1, -1};
    int[] assigned = {0, 0, 1, 1, 1, 2, 2};
    Contingency contingency = new Contingency(labels, assigned, 4);
    assertThat(contingency.labels()).containsExactly(0, 1, -1);
    // Cluster 3 is empty: its main class is the first.
    assertThat(contingency.clusters(4)).containsExactly(1, 3, 0, 2);
    assertThat(contingency.clusters(2)).containsExactly(1, 0);
    assertThat(contingency.count(2, -1)).isEqualTo(1);
    assertThat(contingency.labelled(2)).isEqualTo(1);
    assertThat(contingency.largestCount(1)).isEqualTo(3);
  }

  @Test
  void contingencyWithoutLabelsCountsRows() {
    Contingency contingency = new Contingency(new int[] {-1, -1}, new int[] {0, 0}, 1);
    assertThat(contingency.labels()).containsExactly(-1);
    assertThat(contingency.size(0)).isEqualTo(2);
    assertThat(contingency.largestCount(0)).isZero();
  }
}
