package org.kindred.models.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kindred.models.Golden;
import org.kindred.models.TestGraph;
import org.kindred.models.network.Layers;
import org.kindred.models.tensorflow.Variables.Variable;
import org.kindred.proto.pipeline.v1.InstDisc;
import org.kindred.proto.pipeline.v1.InstDiscLoss;
import org.kindred.proto.pipeline.v1.NormalizationConstant;
import org.kindred.proto.pipeline.v1.Objective;
import org.tensorflow.Operand;
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
      Banks.declare(graph, golden.inputs().get("bank"));
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
      Banks.declare(graph, golden.inputs().get("bank"));
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
      Variable bank = Banks.declare(graph, golden.inputs().get("bank"));
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

  /** Returns the loss and its gradient by the embeddings, of unit rows. */
  private static List<float[]> lossAndGradient(float[] bank, float[] features, int... rows) {
    try (TestGraph graph = new TestGraph()) {
      Banks.declare(graph, bank, bank.length / 2);
      Operand<TFloat32> embeddings = graph.constant(features, rows.length, 2);
      Operand<TFloat32> loss =
          new TestStep(graph, embeddings, rows, bank.length / 2).loss(objective(0.2, 0.5));
      Operand<TFloat32> gradient = graph.gradient(loss, embeddings);
      graph.initialize(1);
      return graph.fetch(loss, gradient);
    }
  }

  @Test
  void anOrderOfTheBatchAndADirectionOfTheAxesChangeNothing() {
    double[] bank = {0, 40, 75, 130, 200, 290};
    double[] turned = Arrays.stream(bank).map(angle -> angle + 33).toArray();
    List<float[]> plain = lossAndGradient(Banks.circle(bank), Banks.circle(10, 80, 250), 0, 2, 4);
    assertThat(plain.get(0)[0]).isPositive();

    List<float[]> permuted =
        lossAndGradient(Banks.circle(bank), Banks.circle(250, 10, 80), 4, 0, 2);
    assertThat(permuted.get(0)[0]).isEqualTo(plain.get(0)[0], within(1e-6f));
    float[] of = plain.get(1);
    assertThat(permuted.get(1))
        .containsExactly(new float[] {of[4], of[5], of[0], of[1], of[2], of[3]}, within(1e-6f));

    List<float[]> rotated =
        lossAndGradient(Banks.circle(turned), Banks.circle(43, 113, 283), 0, 2, 4);
    assertThat(rotated.get(0)[0]).isEqualTo(plain.get(0)[0], within(1e-6f));
    float cos = (float) Math.cos(Math.toRadians(33));
    float sin = (float) Math.sin(Math.toRadians(33));
    for (int row = 0; row < 3; row++) {
      assertThat(rotated.get(1)[2 * row])
          .isEqualTo(cos * of[2 * row] - sin * of[2 * row + 1], within(1e-5f));
      assertThat(rotated.get(1)[2 * row + 1])
          .isEqualTo(sin * of[2 * row] + cos * of[2 * row + 1], within(1e-5f));
    }
  }

  @Test
  void rowsOfTheBatchKeepLengthOne() {
    // One feature nearly opposite to its row: the sum of both is short.
    float[] bank = Banks.circle(0, 90, 180);
    try (TestGraph graph = new TestGraph()) {
      Variable variable = Banks.declare(graph, bank, 3);
      TestStep step =
          new TestStep(graph, graph.constant(Banks.circle(179.9, 20), 2, 2), new int[] {0, 1}, 3);
      step.loss(objective(0.1, 0.5));
      List<Op> updates = step.updates();
      graph.initialize(1);
      graph.run(updates);
      float[] after = graph.fetch(variable.value()).get(0);
      for (int row = 0; row < 2; row++) {
        assertThat(Math.hypot(after[2 * row], after[2 * row + 1])).isCloseTo(1, within(1e-6));
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

  private static void assertUnread(InstDisc.Builder config, String message) {
    assertThatThrownBy(() -> Objectives.create(Objective.newBuilder().setInstdisc(config).build()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  @Test
  void whatTheLossDoesNotReadIsRefused() {
    assertUnread(
        InstDisc.newBuilder().setNoiseSamples(5),
        "instdisc.noise_samples is 5, valid with instdisc.loss = full_softmax, which does not read"
            + " it, is its default, 4096");
    InstDisc.Builder sampled =
        InstDisc.newBuilder().setLoss(InstDiscLoss.INST_DISC_LOSS_SAMPLED_SOFTMAX);
    assertUnread(
        sampled.clone().setZ(NormalizationConstant.NORMALIZATION_CONSTANT_FIXED),
        "instdisc.z is NORMALIZATION_CONSTANT_FIXED, valid with instdisc.loss = sampled_softmax,"
            + " which does not read it, is its default, NORMALIZATION_CONSTANT_FIRST_BATCH");
    assertUnread(
        InstDisc.newBuilder().setLoss(InstDiscLoss.INST_DISC_LOSS_NCE).setZRatio(3),
        "instdisc.z_ratio is 3.0, valid with instdisc.z taken from the first batch, which does not"
            + " read it, is its default, 2.2456");
    Objectives.create(Objective.newBuilder().setInstdisc(sampled.setNoiseSamples(5)).build());
  }
}
