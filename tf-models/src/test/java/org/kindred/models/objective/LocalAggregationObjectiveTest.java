package org.kindred.models.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kindred.models.Golden;
import org.kindred.models.TestGraph;
import org.kindred.models.tensorflow.Variables.Variable;
import org.kindred.proto.pipeline.v1.LocalAggregation;
import org.kindred.proto.pipeline.v1.Objective;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

final class LocalAggregationObjectiveTest {

  private static final Golden GOLDEN = Golden.only("baselines", "local_aggregation");

  private static TrainingObjective objective(UnaryOperator<LocalAggregation.Builder> change) {
    LocalAggregation.Builder config =
        LocalAggregation.newBuilder()
            .setTemperature(0.2)
            .setBackground(6)
            .setClusterings(2)
            .setClusters(4);
    return Objectives.create(
        Objective.newBuilder().setLocalAggregation(change.apply(config)).build());
  }

  /** A loss on the golden case's anchor and bank. */
  private record Built(
      TestGraph graph,
      TestStep step,
      Variable clusters,
      Operand<TFloat32> features,
      Operand<TFloat32> loss) {

    static Built of(TestGraph graph, UnaryOperator<LocalAggregation.Builder> change) {
      Banks.declare(graph, Banks.circle(Golden.doubles(GOLDEN.inputs().get("bank_angles"))), 12);
      Operand<TFloat32> features =
          graph.constant(Golden.floats(GOLDEN.inputs().get("feature")), 1, 2);
      TestStep step =
          new TestStep(graph, features, new int[] {GOLDEN.inputs().get("anchor").asInt()}, 12);
      Operand<TFloat32> loss = step.loss(objective(change));
      graph.initialize(1);
      Variable clusters = graph.variables().get(LocalAggregationObjective.CLUSTERS);
      return new Built(graph, step, clusters, features, loss);
    }

    Built withGoldenClusters() {
      JsonNode clusterings = GOLDEN.inputs().get("clusterings");
      float[] values = new float[24];
      for (int i = 0; i < values.length; i++) {
        values[i] = clusterings.get(i % 2).get(i / 2).asInt();
      }
      graph.assign(clusters, values);
      return this;
    }

    float value() {
      return graph.fetch(loss).get(0)[0];
    }
  }

  @Test
  void agreesWithTheGoldenLossAndGradient() {
    try (TestGraph graph = new TestGraph()) {
      Built built = Built.of(graph, config -> config.setWarmupEpochs(0)).withGoldenClusters();
      List<float[]> got =
          graph.fetch(
              built.loss,
              graph.gradient(built.loss, built.features),
              built.step.measure("close_rows"));
      GOLDEN.check(got.get(0), GOLDEN.expected().get("loss"));
      GOLDEN.check(got.get(1), GOLDEN.expected().get("grad_feature"));
      // The own row aside.
      assertThat(got.get(2)[0]).isEqualTo(GOLDEN.expected().get("close").size() - 1);
    }
  }

  private static double e(int row) {
    double angle = GOLDEN.inputs().get("bank_angles").get(row).asDouble() - 3;
    return Math.exp(Math.cos(Math.toRadians(angle)) / 0.2);
  }

  @Test
  void allRowsMayBeBackground() {
    // Of clusterings 0 and 1, row 0 has cluster 0: with it are 1 and 2, and 1 and 4.
    double sum = 0;
    for (int row = 0; row < 12; row++) {
      sum += e(row);
    }
    double expected = -Math.log((e(0) + e(1) + e(2) + e(4)) / sum);
    try (TestGraph graph = new TestGraph()) {
      Built built =
          Built.of(graph, config -> config.setWarmupEpochs(0).setBackground(0))
              .withGoldenClusters();
      assertThat((double) built.value()).isCloseTo(expected, within(1e-5));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 6})
  void withoutClustersAnImageIsAloneInItsOwn(int background) {
    double sum = 0;
    int[] rows =
        background == 0
            ? new int[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
            : Golden.ints(GOLDEN.expected().get("background"));
    for (int row : rows) {
      sum += e(row);
    }
    try (TestGraph graph = new TestGraph()) {
      Built built = Built.of(graph, config -> config.setWarmupEpochs(0).setBackground(background));
      assertThat((double) built.value()).isCloseTo(-Math.log(e(0) / sum), within(1e-5));
    }
  }

  @Test
  void warmsUpAsInstDisc() {
    double sum = 0;
    for (int row = 0; row < 12; row++) {
      sum += e(row);
    }
    try (TestGraph graph = new TestGraph()) {
      Built built = Built.of(graph, config -> config.setWarmupEpochs(3)).withGoldenClusters();
      graph.at(0, 2);
      assertThat((double) built.value()).isCloseTo(-Math.log(e(0) / sum), within(1e-5));
      graph.at(0, 3);
      GOLDEN.check(new float[] {built.value()}, GOLDEN.expected().get("loss"));
    }
  }

  @Test
  void clustersTheBankBeforeEachEpochAfterTheWarmUp() {
    try (TestGraph graph = new TestGraph()) {
      // Three groups far from one another; row 3 b + g is of group g.
      double[] angles = new double[30];
      for (int row = 0; row < 30; row++) {
        angles[row] = 120 * (row % 3) + row * 0.2;
      }
      Banks.declare(graph, Banks.circle(angles), 30);
      TestStep step = new TestStep(graph, graph.constant(Banks.circle(0), 1, 2), new int[] {0}, 30);
      step.loss(objective(config -> config.setClusters(6).setClusterings(3).setWarmupEpochs(1)));
      graph.initialize(1);
      Variable clusters = graph.variables().get(LocalAggregationObjective.CLUSTERS);
      step.startEpoch(0);
      assertThat(graph.fetch(clusters.value()).get(0)).containsOnly(-1);
      step.startEpoch(1);
      float[] first = graph.fetch(clusters.value()).get(0);
      for (int clustering = 0; clustering < 3; clustering++) {
        for (int row = 0; row < 30; row++) {
          assertThat(first[3 * row + clustering]).isIn(0f, 1f, 2f, 3f, 4f, 5f);
          for (int other = 0; other < 30; other++) {
            if (other % 3 != row % 3) {
              assertThat(first[3 * row + clustering]).isNotEqualTo(first[3 * other + clustering]);
            }
          }
        }
      }
      assertThat(column(first, 0)).isNotEqualTo(column(first, 1));
      step.startEpoch(2);
      assertThat(graph.fetch(clusters.value()).get(0)).isNotEqualTo(first);
    }
  }

  /** The bank's first rows are random. */
  @Test
  void theFirstEpochHasNoClusterings() {
    try (TestGraph graph = new TestGraph()) {
      Built built = Built.of(graph, config -> config.setWarmupEpochs(0));
      built.step.startEpoch(0);
      assertThat(graph.fetch(built.clusters.value()).get(0)).containsOnly(-1);
      built.step.startEpoch(1);
      assertThat(graph.fetch(built.clusters.value()).get(0)).doesNotContain(-1);
    }
  }

  private static float[] column(float[] matrix, int column) {
    float[] values = new float[matrix.length / 3];
    for (int row = 0; row < values.length; row++) {
      values[row] = matrix[3 * row + column];
    }
    return values;
  }

  @Test
  void namesWhatIsOutOfRange() {
    try (TestGraph graph = new TestGraph()) {
      assertThatThrownBy(() -> Built.of(graph, config -> config.setClusters(13)))
          .hasMessage("local_aggregation.clusters is 13, valid is 2 to 12, the number of images");
    }
    assertThatThrownBy(() -> objective(config -> config.setBankMomentum(1)))
        .hasMessage("local_aggregation.bank_momentum is 1.0, valid is 0 to below 1");
  }
}
