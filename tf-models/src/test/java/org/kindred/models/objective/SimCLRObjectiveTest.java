package org.kindred.models.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.kindred.models.Golden;
import org.kindred.models.TestGraph;
import org.kindred.proto.pipeline.v1.Objective;
import org.kindred.proto.pipeline.v1.SimCLR;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

final class SimCLRObjectiveTest {

  private static TrainingObjective objective(double temperature) {
    return Objectives.create(
        Objective.newBuilder().setSimclr(SimCLR.newBuilder().setTemperature(temperature)).build());
  }

  private static List<float[]> lossAndGradient(double temperature, float[] features, int images) {
    try (TestGraph graph = new TestGraph()) {
      Operand<TFloat32> embeddings =
          graph.constant(features, 2L * images, features.length / (2L * images));
      Operand<TFloat32> loss =
          new TestStep(graph, embeddings, new int[images], images).loss(objective(temperature));
      return graph.fetch(loss, graph.gradient(loss, embeddings));
    }
  }

  @Test
  void agreesWithTheGoldenLossAndGradient() {
    Golden golden = Golden.only("baselines", "simclr_ntxent");
    List<float[]> got =
        lossAndGradient(
            golden.inputs().get("tau").asDouble(),
            Golden.floats(golden.inputs().get("features")),
            golden.inputs().get("features").size() / 2);
    golden.check(got.get(0), golden.expected().get("loss"));
    golden.check(got.get(1), golden.expected().get("grad_features"));
  }

  @Test
  void isInitiallyLnOf2BMinus1() {
    // Unit rows along different axes.
    float[] features = new float[64];
    for (int row = 0; row < 8; row++) {
      features[9 * row] = 1;
    }
    assertThat((double) lossAndGradient(0.1, features, 4).get(0)[0])
        .isCloseTo(Math.log(7), within(1e-5));
  }

  @Test
  void oneImageIsToldFromNothing() {
    assertThatThrownBy(() -> lossAndGradient(0.5, new float[] {1, 0, 0.6f, 0.8f}, 1))
        .hasMessage("batch_size over micro_batches is 1, valid with simclr is 2 or more");
  }

  @Test
  void namesWhatIsOutOfRange() {
    assertThatThrownBy(() -> objective(0))
        .hasMessage("simclr.temperature is 0.0, valid is above 0");
  }
}
