package org.kindred.models.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kindred.models.Golden;
import org.kindred.models.TestGraph;

final class SinkhornTest {

  private static float[] codes(Sinkhorn sinkhorn, float[] scores, int samples) {
    try (TestGraph graph = new TestGraph()) {
      var values = graph.constant(scores, samples, scores.length / samples);
      return graph
          .fetch(Wide.narrow(graph.tf(), sinkhorn.codes(graph.tf(), Wide.of(graph.tf(), values))))
          .get(0);
    }
  }

  static List<Golden> cases() {
    return Golden.cases("sinkhorn", "");
  }

  @ParameterizedTest
  @MethodSource("cases")
  void agreesWithTheGoldenCodes(Golden golden) {
    JsonNode inputs = golden.inputs();
    Sinkhorn sinkhorn =
        new Sinkhorn(inputs.get("epsilon").asDouble(), inputs.get("iterations").asInt());
    float[] codes =
        codes(sinkhorn, Golden.floats(inputs.get("scores")), inputs.get("scores").size());
    golden.check(codes, golden.expected().get("codes"));
    if (!golden.expected().has("hard_codes")) {
      return;
    }
    int prototypes = inputs.get("scores").get(0).size();
    int[] hard = Golden.ints(golden.expected().get("hard_codes"));
    for (int sample = 0; sample < hard.length; sample++) {
      for (int prototype = 0; prototype < prototypes; prototype++) {
        assertThat(codes[sample * prototypes + hard[sample]])
            .isGreaterThanOrEqualTo(codes[sample * prototypes + prototype]);
      }
    }
  }

  private static final float[] SCORES = {
    0.9f, 0.1f, -0.2f, 0.8f, 0.3f, 0, 0.7f, 0.6f, -0.1f, 0.2f, 0.5f, 0.4f
  };

  @Test
  void manyIterationsShareTheBatchOutEqually() {
    float[] codes = codes(new Sinkhorn(0.1, 500), SCORES, 4);
    for (int prototype = 0; prototype < 3; prototype++) {
      double sum = 0;
      for (int sample = 0; sample < 4; sample++) {
        sum += codes[3 * sample + prototype];
      }
      assertThat(sum).isCloseTo(4.0 / 3, within(1e-5));
    }
  }

  @Test
  void takesTheExponentialOfEachScoreOnce() {
    try (TestGraph graph = new TestGraph()) {
      new Sinkhorn(0.05, 3).codes(graph.tf(), Wide.of(graph.tf(), graph.constant(SCORES, 4, 3)));
      assertThat(graph.operations().filter(operation -> operation.type().equals("Exp"))).hasSize(1);
    }
  }

  /** From 0.004 on by products, below by logarithms, with the widest scores that there are. */
  @Test
  void bothWaysAgree() {
    float[] scores = {1, -1, 0, -1, 1, 0.5f, 1, -0.999f, 0.997f, -1, -0.5f, -0.502f};
    float[] products = codes(new Sinkhorn(0.004, 3), scores, 4);
    float[] logarithms = codes(new Sinkhorn(Math.nextDown(0.004), 3), scores, 4);
    assertThat(products).containsExactly(logarithms, within(1e-6f));
    assertThat(products[8]).isBetween(0.1f, 0.9f);
  }

  @Test
  void theSmallestEpsilonGivesNumbers() {
    float[] codes = codes(new Sinkhorn(1e-6, 3), SCORES, 4);
    for (int sample = 0; sample < 4; sample++) {
      float sum = codes[3 * sample] + codes[3 * sample + 1] + codes[3 * sample + 2];
      assertThat(sum).isCloseTo(1, within(1e-6f));
    }
  }

  @Test
  void whatAllScoresOfASampleOrAPrototypeHaveInCommonDoesNotCount() {
    float[] shifted = SCORES.clone();
    for (int prototype = 0; prototype < 3; prototype++) {
      shifted[3 + prototype] += 0.25f;
    }
    for (int sample = 0; sample < 4; sample++) {
      shifted[3 * sample + 2] -= 0.5f;
    }
    Sinkhorn sinkhorn = new Sinkhorn(0.1, 500);
    assertThat(codes(sinkhorn, shifted, 4))
        .containsExactly(codes(sinkhorn, SCORES, 4), within(1e-5f));
  }
}
