package org.kindred.models.clustering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kindred.models.Golden;
import org.kindred.models.linalg.Similarity;

final class BalancedAssignmentTest {

  static List<Golden> golden() {
    return Golden.cases("sinkhorn", "eps");
  }

  @ParameterizedTest
  @MethodSource("golden")
  void sharesAreTheGoldenCodes(Golden golden) {
    JsonNode inputs = golden.inputs();
    double epsilon = inputs.required("epsilon").doubleValue();
    JsonNode scores = inputs.required("scores");
    float[][] logits = new float[scores.size()][];
    for (int row = 0; row < logits.length; row++) {
      logits[row] = Golden.floats(scores.get(row));
      for (int k = 0; k < logits[row].length; k++) {
        logits[row][k] = (float) (logits[row][k] / epsilon);
      }
    }
    double[] factors =
        new BalancedAssignment(epsilon, inputs.required("iterations").asInt(), 1).factors(logits);
    float[] codes = new float[logits.length * factors.length];
    for (int row = 0; row < logits.length; row++) {
      double[] shares = BalancedAssignment.shares(logits[row], factors);
      for (int k = 0; k < shares.length; k++) {
        codes[row * shares.length + k] = (float) shares[k];
      }
    }
    golden.check(codes, golden.expected().required("codes"));
  }

  @Test
  void rowsAreSharedOutEqually() {
    float[] rows = {0, 0.1f, 0.2f, 0.3f, 0.4f, 10};
    float[] centers = {0, 10};
    KMeans.Result start =
        new KMeans.Result(new int[6], new float[6], centers, new double[] {7}, true, 3);
    KMeans.Result balanced =
        new BalancedAssignment(1, 200, 2).fit(Similarity.EUCLIDEAN, rows, 1, start);
    assertThat(balanced.assignments()).containsExactly(0, 0, 0, 1, 1, 1);
    assertThat(balanced.centers()).containsExactly(0.1f, (float) (10.7 / 3));
    assertThat(balanced.inertia()).hasSize(3).startsWith(7);
    double sum = 0;
    for (float distance : balanced.squaredDistances()) {
      sum += distance;
    }
    assertThat(balanced.inertia()[2]).isBetween(sum - 1e-4, sum + 1e-4);
    assertThat(balanced.converged()).isTrue();
    assertThat(balanced.restart()).isEqualTo(3);
  }

  /** However far a center is, its cluster gets its share of the rows: those nearest to it. */
  @Test
  void aFarCenterGetsItsShareToo() {
    float[] rows = {1, 2, 3, 4};
    KMeans.Result start =
        new KMeans.Result(
            new int[4], new float[4], new float[] {1, 1e6f}, new double[] {0}, true, 0);
    assertThat(
            new BalancedAssignment(1e-3, 50, 1)
                .fit(Similarity.EUCLIDEAN, rows, 1, start)
                .assignments())
        .containsExactly(0, 0, 1, 1);
  }

  @Test
  void namesWhatIsWrong() {
    assertThatThrownBy(() -> new BalancedAssignment(0, 1, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("epsilon is 0.0");
  }
}
