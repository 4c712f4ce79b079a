package org.kindred.stages.pretrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class CollapseWatchTest {
  private static final int DIMENSION = 16;
  private static final int ROWS = 400;

  private static float[] unitRows(int usedDimensions) {
    Random random = new Random(3);
    float[] rows = new float[ROWS * DIMENSION];
    for (int row = 0; row < ROWS; row++) {
      double squares = 0;
      for (int d = 0; d < usedDimensions; d++) {
        double value = random.nextGaussian();
        rows[row * DIMENSION + d] = (float) value;
        squares += value * value;
      }
      for (int d = 0; d < usedDimensions; d++) {
        rows[row * DIMENSION + d] /= (float) Math.sqrt(squares);
      }
    }
    return rows;
  }

  private static float[] equalRows() {
    float[] rows = new float[ROWS * DIMENSION];
    Arrays.fill(rows, (float) (1 / Math.sqrt(DIMENSION)));
    return rows;
  }

  @Test
  void rowsSpreadOverTheSphereHaveStandardDeviationOne() {
    assertThat(CollapseWatch.standardDeviation(unitRows(DIMENSION), DIMENSION))
        .isCloseTo(1, within(0.03));
    assertThat(CollapseWatch.standardDeviation(equalRows(), DIMENSION)).isCloseTo(0, within(1e-3));
  }

  @Test
  void theRankIsTheNumberOfDimensionsInUse() {
    assertThat(CollapseWatch.effectiveRank(unitRows(DIMENSION), DIMENSION))
        .isCloseTo(DIMENSION, within(0.2));
    assertThat(CollapseWatch.effectiveRank(unitRows(4), DIMENSION)).isCloseTo(4, within(0.1));
    assertThat(CollapseWatch.effectiveRank(equalRows(), DIMENSION)).isCloseTo(1, within(1e-3));
  }

  @Test
  void uniformityAndAlignmentAreZeroWhenAllIsTheSame() {
    assertThat(CollapseWatch.uniformity(equalRows(), DIMENSION)).isCloseTo(0, within(1e-6));
    // Of independent unit rows |x - y|^2 is about 2: ln E exp(-2 |x - y|^2) is near -4 + 16/(2D).
    assertThat(CollapseWatch.uniformity(unitRows(DIMENSION), DIMENSION)).isBetween(-3.7, -3.3);
    assertThat(CollapseWatch.alignment(unitRows(DIMENSION), unitRows(DIMENSION), ROWS)).isZero();
    float[] opposite = unitRows(DIMENSION);
    for (int i = 0; i < opposite.length; i++) {
      opposite[i] = -opposite[i];
    }
    assertThat(CollapseWatch.alignment(unitRows(DIMENSION), opposite, ROWS))
        .isCloseTo(4, within(1e-5));
  }

  @Test
  void saysWhatLooksLikeCollapse() {
    Map<String, Double> sound =
        Map.of("embedding_std", 0.8, "effective_rank", 40.0, "uniformity", -3.0, "alignment", 0.1);
    assertThat(CollapseWatch.signs(sound, 128, Map.of("used_prototypes_share", 0.9))).isEmpty();
    assertThat(
            CollapseWatch.signs(
                Map.of("embedding_std", 0.01, "effective_rank", 1.2, "uniformity", -0.001),
                101,
                Map.of("used_prototypes_share", 0.002, "code_entropy_share", 0.9999)))
        .containsExactly(
            "embedding_std is 0.01000, below 0.1",
            "effective_rank is 1.200, below 2.000",
            "uniformity is -0.001000, above -0.1",
            "used_prototypes_share is 0.002000, below 0.05",
            "code_entropy_share is 0.9999, above 0.999");
  }

  @Test
  void theLeastRankGrowsWithTheOneThatIsPossible() {
    // No embeddings of two dimensions, and no two embeddings, have a rank above 2.
    assertThat(CollapseWatch.signs(Map.of("effective_rank", 1.9), 2, Map.of())).isEmpty();
    assertThat(CollapseWatch.signs(Map.of("effective_rank", 4.0), 512, Map.of()))
        .containsExactly("effective_rank is 4.000, below 6.110");
  }
}
