package org.kindred.models.clustering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class DensityPeaksTest {

  /** Two hills, 0 to 2 and 3 to 5, whose peaks are 1 and 4; 2 and 3 are the way between them. */
  private static final int[] NEIGHBORS = {1, 2, 0, 2, 1, 3, 4, 2, 3, 5, 4, 3};

  private static final float[] SIMILARITIES = {
    0.8f, 0.6f, 1, 1, 0.7f, 0.3f, 0.6f, 0.3f, 0.9f, 0.9f, 0.7f, 0.5f
  };

  @Test
  void everyNodeLeadsUpToItsPeak() {
    assertThat(DensityPeaks.of(NEIGHBORS, SIMILARITIES, 2, 0)).containsExactly(1, 1, 1, 4, 4, 4);
  }

  /** The lower peak has 0.9; the way to the higher one goes down to 0.45. */
  @Test
  void aPeakThatIsNotProminentIsPartOfAHigherOne() {
    assertThat(DensityPeaks.of(NEIGHBORS, SIMILARITIES, 2, 0.44)).containsExactly(1, 1, 1, 4, 4, 4);
    assertThat(DensityPeaks.of(NEIGHBORS, SIMILARITIES, 2, 0.46)).containsOnly(1);
  }

  @Test
  void equalDensitiesGoToTheLowerNodeAndNodesMayBeAlone() {
    int[] neighbors = {1, 0, -1, 4, 3};
    assertThat(DensityPeaks.of(neighbors, new float[5], 1, 0)).containsExactly(0, 0, 2, 3, 3);
  }

  @Test
  void clustersAreNumberedBySize() {
    assertThat(FoundClusters.numbered(new int[] {4, 1, 1, 3, 4, 1, 0}))
        .containsExactly(1, 0, 0, 2, 1, 0, 3);
  }

  @Test
  void namesWhatIsWrong() {
    assertThatThrownBy(() -> DensityPeaks.of(NEIGHBORS, SIMILARITIES, 2, -1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("prominence is -1.0, valid is 0 or more");
  }
}
