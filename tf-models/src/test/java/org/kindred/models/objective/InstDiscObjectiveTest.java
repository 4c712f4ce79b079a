package org.kindred.models.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kindred.models.Golden;
import org.kindred.models.TestGraph;
import org.kindred.models.network.Layers;
import org.kindred.models.tensorflow.Initializer;
import org.kindred.models.tensorflow.Variables.Variable;
import org.kindred.proto.pipeline.v1.InstDisc;
import org.kindred.proto.pipeline.v1.Objective;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.types.TFloat32;

final class InstDiscObjectiveTest {

  private static TrainingObjective objective(double temperature, double bankMomentum) {
    return Objectives.create(
        Objective.newBuilder()
            .setInstdisc(
                InstDisc.newBuilder().setTemperature(temperature).setBankMomentum(bankMomentum))
            .build());
  }

  /** Declares the bank with given rows before the objective does. */
  private static Variable bank(TestGraph graph, JsonNode rows) {
    float[] values = Golden.floats(rows);
    Initializer initial = (target, seed, number) -> target.put(values);
    return graph
        .variables()
        .variable(
            TrainingObjective.MEMORY_BANK, Shape.of(rows.size(), rows.get(0).size()), initial);
  }

  private static TestStep step(TestGraph graph, Operand<TFloat32> embeddings, Golden golden) {
    return new TestStep(
        graph,
        embeddings,
        Golden.ints(golden.inputs().get("indices")),
        golden.inputs().get("bank").size());
  }

  static List<Golden> losses() {
    return Golden.cases("instdisc_softmax", "tau_");
  }

  @ParameterizedTest
  @MethodSource("losses")
  void agreesWithTheGoldenLossAndGradient(Golden golden) {
    try (TestGraph graph = new TestGraph()) {
      bank(graph, golden.inputs().get("bank"));
      Operand<TFloat32> features =
          graph.constant(Golden.floats(golden.inputs().get("features")), 2, 3);
      TrainingObjective objective = objective(golden.inputs().get("tau").asDouble(), 0.5);
      Operand<TFloat32> loss = step(graph, features, golden).loss(objective);
      Operand<TFloat32> gradient = graph.gradient(loss, features);
      graph.initialize(1);
      List<float[]> got = graph.fetch(loss, gradient);
      golden.check(got.get(0), golden.expected().get("loss"));
      golden.check(got.get(1), golden.expected().get("grad_features"));
    }
  }

  @Test
  void agreesWithTheGoldenGradientThroughTheNormalisation() {
    Golden golden = Golden.only("instdisc_softmax", "raw_gradient");
    try (TestGraph graph = new TestGraph()) {
      bank(graph, golden.inputs().get("bank"));
      Operand<TFloat32> raw = graph.constant(Golden.floats(golden.inputs().get("raw")), 2, 3);
      Operand<TFloat32> loss =
          step(graph, Layers.unitRows(graph.tf(), raw), golden)
              .loss(objective(golden.inputs().get("tau").asDouble(), 0.5));
      Operand<TFloat32> gradient = graph.gradient(loss, raw);
      graph.initialize(1);
      List<float[]> got = graph.fetch(loss, gradient);
      golden.check(got.get(0), golden.expected().get("loss"));
      golden.check(got.get(1), golden.expected().get("grad_raw"));
    }
  }

  private static float[] bankAfterUpdate(Golden golden, double momentum) {
    try (TestGraph graph = new TestGraph()) {
      Variable bank = bank(graph, golden.inputs().get("bank"));
      Operand<TFloat32> features =
          graph.constant(Golden.floats(golden.inputs().get("features")), 2, 3);
      TestStep step = step(graph, features, golden);
      step.loss(objective(0.1, momentum));
      List<Op> updates = step.updates();
      graph.initialize(1);
      graph.run(updates);
      return graph.fetch(bank.value()).get(0);
    }
  }

  @Test
  void updatesTheRowsOfTheBatchAlone() {
    Golden golden = Golden.only("instdisc_softmax", "bank_update_momentum");
    float[] half = bankAfterUpdate(golden, 0.5);
    golden.check(half, golden.expected().get("bank_m0.5"));
    golden.check(bankAfterUpdate(golden, 0), golden.expected().get("bank_m0"));
    // Rows 0, 1 and 4 are not in the batch: the same bits.
    float[] before = Golden.floats(golden.inputs().get("bank"));
    for (int row : new int[] {0, 1, 4}) {
      assertThat(Arrays.copyOfRange(half, 3 * row, 3 * row + 3))
          .isEqualTo(Arrays.copyOfRange(before, 3 * row, 3 * row + 3));
    }
  }

  @Test
  void anExampleTwiceInABatchTakesTheLaterFeature() {
    Golden golden = Golden.only("instdisc_softmax", "bank_update_duplicate");
    golden.check(bankAfterUpdate(golden, 0.5), golden.expected().get("bank"));
  }

  @Test
  void manyDuplicatesAlwaysEndTheSame() {
    // 64 features of one example: whatever the threads do, the last of them must win.
    int size = 64;
    float[] features = new float[2 * size];
    for (int i = 0; i < size; i++) {
      features[2 * i] = (float) Math.cos(i);
      features[2 * i + 1] = (float) Math.sin(i);
    }
    try (TestGraph graph = new TestGraph()) {
      TestStep step = new TestStep(graph, graph.constant(features, size, 2), new int[size], 2);
      step.loss(objective(0.1, 0));
      List<Op> updates = step.updates();
      Operand<TFloat32> bank = graph.variables().get(TrainingObjective.MEMORY_BANK).value();
      graph.initialize(1);
      for (int run = 0; run < 20; run++) {
        graph.run(updates);
        assertThat(graph.fetch(bank).get(0)[0]).isEqualTo(features[2 * size - 2], within(1e-6f));
      }
    }
  }

  @Test
  void initialRowsHaveLengthOneAndDiffer() {
    try (TestGraph graph = new TestGraph()) {
      Operand<TFloat32> features = graph.constant(new float[] {1, 0, 0, 0}, 1, 4);
      new TestStep(graph, features, new int[1], 100).loss(objective(0.1, 0.5));
      graph.initialize(3);
      float[] bank =
          graph.fetch(graph.variables().get(TrainingObjective.MEMORY_BANK).value()).get(0);
      assertThat(bank).hasSize(400);
      for (int row = 0; row < 100; row++) {
        double squaredLength = 0;
        for (int i = 0; i < 4; i++) {
          squaredLength += (double) bank[4 * row + i] * bank[4 * row + i];
        }
        assertThat(squaredLength).isBetween(1 - 1e-6, 1 + 1e-6);
        assertThat(bank[4 * row]).as("row %d", row).isNotEqualTo(bank[(4 * row + 4) % 400]);
      }
    }
  }

  @Test
  void namesWhatIsOutOfRange() {
    assertThatThrownBy(() -> objective(-1, 0.5))
        .hasMessage("instdisc.temperature is -1.0, valid is above 0");
    assertThatThrownBy(() -> objective(0.1, 1))
        .hasMessage("instdisc.bank_momentum is 1.0, valid is 0 to below 1");
  }
}
