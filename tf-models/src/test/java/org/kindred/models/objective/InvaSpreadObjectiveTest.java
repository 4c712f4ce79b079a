package org.kindred.models.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kindred.models.Golden;
import org.kindred.models.TestGraph;
import org.kindred.proto.pipeline.v1.InvaSpread;
import org.kindred.proto.pipeline.v1.Objective;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

final class InvaSpreadObjectiveTest {

  private static TrainingObjective objective(double temperature, double negativeWeight) {
    return Objectives.create(
        Objective.newBuilder()
            .setInvaspread(
                InvaSpread.newBuilder()
                    .setTemperature(temperature)
                    .setNegativeWeight(negativeWeight))
            .build());
  }

  /** Returns the loss and its gradient with respect to the embeddings. */
  private static List<float[]> lossAndGradient(
      TrainingObjective objective, float[] features, int examples) {
    try (TestGraph graph = new TestGraph()) {
      int views = objective.views().size() * examples;
      Operand<TFloat32> embeddings = graph.constant(features, views, features.length / views);
      Operand<TFloat32> loss =
          new TestStep(graph, embeddings, new int[examples], examples).loss(objective);
      return graph.fetch(loss, graph.gradient(loss, embeddings));
    }
  }

  static Stream<Golden> golden() {
    return Golden.cases("invaspread", "reference_").stream()
        .filter(golden -> golden.expected().has("grad_detached"));
  }

  @ParameterizedTest
  @MethodSource("golden")
  void agreesWithTheGoldenLossAndGradient(Golden golden) {
    float[] features = Golden.floats(golden.inputs().get("features"));
    TrainingObjective objective =
        objective(golden.inputs().get("tau").asDouble(), golden.inputs().get("negM").asDouble());
    List<float[]> got =
        lossAndGradient(objective, features, golden.inputs().get("features").size() / 2);
    golden.check(got.get(0), golden.expected().get("loss"));
    golden.check(got.get(1), golden.expected().get("grad_detached"));
  }

  @Test
  void isInitiallyAboutLnOf2BMinus1Plus1() {
    // Unit rows along different axes: all similarities but the partner's are 0.
    int examples = 8;
    float[] features = new float[2 * examples * 2 * examples];
    for (int row = 0; row < 2 * examples; row++) {
      features[row * 2 * examples + row] = 1;
    }
    float loss = lossAndGradient(objective(0.1, 1), features, examples).get(0)[0];
    double n = 2 * examples - 1;
    assertThat((double) loss)
        .isBetween(
            Math.log(n) - (n - 1) * Math.log1p(-1 / n) - 1e-4,
            Math.log(n) - (n - 1) * Math.log1p(-1 / n) + 1e-4);
  }

  @Test
  void oneExampleHasLossZero() {
    List<float[]> got = lossAndGradient(objective(0.1, 1), new float[] {1, 0, 0.6f, 0.8f}, 1);
    assertThat(got.get(0)[0]).isZero();
    for (float value : got.get(1)) {
      assertThat(value).isZero();
    }
  }

  @Test
  void negativesThatTakeTheWholeShareStayFinite() {
    // Both views of the two examples coincide crosswise: a negative at similarity 1, the positive
    // at -1, temperature 0.01: the negative's share rounds to 1.
    float[] features = {1, 0, -1, 0, -1, 0, 1, 0};
    List<float[]> got = lossAndGradient(objective(0.01, 1), features, 2);
    assertThat(Float.isFinite(got.get(0)[0])).isTrue();
    for (float value : got.get(1)) {
      assertThat(Float.isFinite(value)).isTrue();
    }
  }

  @Test
  void namesWhatIsOutOfRange() {
    assertThatThrownBy(() -> objective(0, 1))
        .hasMessage("invaspread.temperature is 0.0, valid is above 0");
    assertThatThrownBy(() -> objective(0.1, 0.5))
        .hasMessage("invaspread.negative_weight is 0.5, valid is 1 or more");
    assertThatThrownBy(() -> Objectives.create(Objective.getDefaultInstance()))
        .hasMessageStartingWith("objective is not set, valid are invaspread, instdisc");
  }
}
