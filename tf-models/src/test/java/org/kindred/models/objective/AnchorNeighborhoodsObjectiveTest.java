package org.kindred.models.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.kindred.models.Golden;
import org.kindred.models.TestGraph;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.proto.pipeline.v1.AnchorNeighborhoods;
import org.kindred.proto.pipeline.v1.Objective;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

final class AnchorNeighborhoodsObjectiveTest {

  private static final Golden GOLDEN = Golden.only("baselines", "neighbourhood_discovery");

  private static TrainingObjective objective(UnaryOperator<AnchorNeighborhoods.Builder> change) {
    return Objectives.create(
        Objective.newBuilder()
            .setAnchorNeighborhoods(
                change.apply(AnchorNeighborhoods.newBuilder().setRoundEpochs(10)))
            .build());
  }

  @Test
  void agreesWithTheGoldenEntropies() {
    double[] expected = Golden.doubles(GOLDEN.expected().get("entropy"));
    try (MatrixProduct product = new MatrixProduct()) {
      double[] got = BankEntropy.of(product, Golden.floats(GOLDEN.inputs().get("bank")), 3, 0.1);
      assertThat(got).containsExactly(expected, within(1e-6));
    }
  }

  @Test
  void agreesWithTheGoldenAnchorsLossAndGradient() {
    try (TestGraph graph = new TestGraph()) {
      Banks.declare(graph, GOLDEN.inputs().get("bank"));
      Operand<TFloat32> features =
          graph.constant(Golden.floats(GOLDEN.inputs().get("features")), 2, 3);
      TestStep step = new TestStep(graph, features, Golden.ints(GOLDEN.inputs().get("indices")), 5);
      // 3.1 of 5 in the first round with anchors, rounded down.
      Operand<TFloat32> loss = step.loss(objective(config -> config.setAnchorGrowth(0.62)));
      Operand<TFloat32> gradient = graph.gradient(loss, features);
      graph.initialize(1);
      step.startEpoch(10);
      int[] expected = new int[5];
      Arrays.fill(expected, -1);
      JsonNode neighbors = GOLDEN.expected().get("neighbours");
      neighbors
          .fieldNames()
          .forEachRemaining(row -> expected[Integer.parseInt(row)] = neighbors.get(row).asInt());
      assertThat(anchors(step)).isEqualTo(expected);
      step.fillLookups(10);
      List<float[]> got = graph.fetch(loss, gradient, step.measure("anchors"));
      GOLDEN.check(got.get(0), GOLDEN.expected().get("loss"));
      GOLDEN.check(got.get(1), GOLDEN.expected().get("grad_features"));
      // Of images 2 and 3 one is an anchor.
      assertThat(got.get(2)[0]).isEqualTo(0.5f);
    }
  }

  private static int[] anchors(TestStep step) {
    return step.step().tables().get(AnchorNeighborhoodsObjective.ANCHORS).values();
  }

  @Test
  void anchorsGrowFromRoundToRoundAndStandStillBetween() {
    try (TestGraph graph = new TestGraph()) {
      double[] angles = IntStream.range(0, 20).mapToDouble(i -> 0.8 * i * i).toArray();
      Banks.declare(graph, Banks.circle(angles), 20);
      TestStep step = new TestStep(graph, graph.constant(Banks.circle(0), 1, 2), new int[] {0}, 20);
      step.loss(objective(config -> config.setNeighbors(2).setRounds(4)));
      graph.initialize(1);
      int[] counts = new int[6];
      for (int round = 0; round < 6; round++) {
        step.startEpoch(10 * round);
        int[] chosen = anchors(step).clone();
        counts[round] = (int) Arrays.stream(chosen).filter(id -> id >= 0).count();
        step.startEpoch(10 * round + 5);
        assertThat(anchors(step)).isEqualTo(chosen);
      }
      // 5, 10, 15 anchors of 20, with two neighbours each; there is no fifth round.
      assertThat(counts).containsExactly(0, 10, 20, 30, 30, 30);
      // Row 19 stands alone: 30 degrees from row 18, 58 from row 17, 71 from row 0.
      assertThat(Arrays.copyOfRange(anchors(step), 38, 40)).containsExactly(18, 17);
      // The anchors are those of least entropy.
      try (MatrixProduct product = new MatrixProduct()) {
        double[] entropies = BankEntropy.of(product, Banks.circle(angles), 2, 0.1);
        double limit = Arrays.stream(entropies).sorted().skip(14).findFirst().orElseThrow();
        for (int row = 0; row < 20; row++) {
          assertThat(anchors(step)[2 * row] >= 0).isEqualTo(entropies[row] <= limit);
        }
      }
    }
  }

  @Test
  void withoutAnchorsItIsInstDisc() {
    try (TestGraph graph = new TestGraph()) {
      Banks.declare(graph, GOLDEN.inputs().get("bank"));
      Operand<TFloat32> features =
          graph.constant(Golden.floats(GOLDEN.inputs().get("features")), 2, 3);
      TestStep step = new TestStep(graph, features, new int[] {2, 3}, 5);
      Operand<TFloat32> loss = step.loss(objective(UnaryOperator.identity()));
      graph.initialize(1);
      step.startEpoch(0);
      step.fillLookups(0);
      // The same features, bank and temperature.
      Golden instDisc = Golden.only("instdisc_softmax", "tau_0.1");
      assertThat(Golden.doubles(instDisc.inputs().get("bank")))
          .isEqualTo(Golden.doubles(GOLDEN.inputs().get("bank")));
      instDisc.check(graph.fetch(loss).get(0), instDisc.expected().get("loss"));
    }
  }

  @Test
  void namesWhatIsOutOfRange() {
    assertThatThrownBy(() -> objective(config -> config.setAnchorGrowth(1.5)))
        .hasMessage("anchor_neighborhoods.anchor_growth is 1.5, valid is 0 to 1");
    try (TestGraph graph = new TestGraph()) {
      TestStep step = new TestStep(graph, graph.constant(new float[2], 1, 2), new int[1], 3);
      assertThatThrownBy(() -> step.loss(objective(config -> config.setNeighbors(3))))
          .hasMessage(
              "anchor_neighborhoods.neighbors is 3, valid is 1 to 2, less than there are images");
    }
  }
}
