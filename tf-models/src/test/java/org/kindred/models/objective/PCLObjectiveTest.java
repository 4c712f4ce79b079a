package org.kindred.models.objective;

import static java.util.Collections.nCopies;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.kindred.models.Golden;
import org.kindred.models.TestGraph;
import org.kindred.models.tensorflow.Variables.Variable;
import org.kindred.proto.pipeline.v1.Objective;
import org.kindred.proto.pipeline.v1.PCL;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

final class PCLObjectiveTest {

  private static final Golden GOLDEN = Golden.only("baselines", "pcl_protonce");

  private static TrainingObjective objective(UnaryOperator<PCL.Builder> change) {
    PCL.Builder config = PCL.newBuilder().setQueueLength(4).setOtherPrototypes(1);
    return Objectives.create(Objective.newBuilder().setPcl(change.apply(config)).build());
  }

  private static void given(TestGraph graph, String name, Shape shape, float[] values) {
    graph.variables().variable(name, shape, (target, seed, number) -> target.put(values));
  }

  private static float[] goldenViews() {
    return Arrays.copyOf(Golden.floats(GOLDEN.inputs().get("features")), 8);
  }

  /** A step on the golden features, centers and concentrations. */
  private static TestStep goldenStep(TestGraph graph) {
    given(
        graph,
        ClusterPrototypes.CENTERS + 0,
        Shape.of(3, 2),
        Golden.floats(GOLDEN.inputs().get("prototypes")));
    given(
        graph,
        ClusterPrototypes.CONCENTRATIONS + 0,
        Shape.of(3),
        Golden.floats(GOLDEN.inputs().get("phi")));
    return new TestStep(graph, graph.constant(goldenViews(), 4, 2), new int[] {0, 1}, 3);
  }

  private static void feed(TestStep step, int[] own, int[] others) {
    step.feed(step.step().lookups().get(0), own);
    step.feed(step.step().lookups().get(1), others);
  }

  @Test
  void agreesWithTheGoldenProtoNceAndItsGradient() {
    int[] targets = Golden.ints(GOLDEN.inputs().get("targets"));
    try (TestGraph graph = new TestGraph()) {
      TestStep step = goldenStep(graph);
      Operand<TFloat32> loss = step.loss(objective(config -> config.addClusters(3)));
      Operand<TFloat32> protoNce = step.measure("proto_nce");
      Operand<TFloat32> gradient = graph.gradient(protoNce, step.features());
      graph.initialize(1);
      feed(step, targets, new int[] {2, -1});
      List<float[]> got = graph.fetch(loss, step.measure("info_nce"), protoNce, gradient);
      GOLDEN.check(got.get(2), GOLDEN.expected().get("loss"));
      GOLDEN.check(Arrays.copyOf(got.get(3), 4), GOLDEN.expected().get("grad_features"));
      assertThat(got.get(0)[0]).isCloseTo(got.get(1)[0] + got.get(2)[0], within(1e-5f));
      assertThat(got.get(1)[0]).isPositive();
    }
  }

  /**
   * Of the golden centers the third is in nobody's comparison, and one that two images share stands
   * in it twice: each brings the center of its cluster.
   */
  @Test
  void comparesWithACenterForEachImageAndWithThoseThatWereDrawn() {
    float[] features = goldenViews();
    float[] centers = Golden.floats(GOLDEN.inputs().get("prototypes"));
    float[] phi = Golden.floats(GOLDEN.inputs().get("phi"));
    try (TestGraph graph = new TestGraph()) {
      TestStep step = goldenStep(graph);
      step.loss(objective(config -> config.addClusters(3)));
      graph.initialize(1);
      feed(step, new int[] {0, 0}, new int[] {1, -1});
      double expected = 0;
      for (int row = 0; row < 2; row++) {
        double[] weights = new double[2];
        for (int c = 0; c < 2; c++) {
          weights[c] =
              Math.exp(
                  (features[2 * row] * centers[2 * c] + features[2 * row + 1] * centers[2 * c + 1])
                      / phi[c]);
        }
        expected -= Math.log(weights[0] / (2 * weights[0] + weights[1])) / 2;
      }
      assertThat((double) graph.fetch(step.measure("proto_nce")).get(0)[0])
          .isCloseTo(expected, within(1e-4));
    }
  }

  /** Six images around two, and around three, directions. */
  private static final double[] DEGREES = {0, 4, 60, 66, 180, 190};

  private static float[] directions() {
    float[] rows = new float[12];
    for (int i = 0; i < 6; i++) {
      rows[2 * i] = (float) Math.cos(Math.toRadians(DEGREES[i]));
      rows[2 * i + 1] = (float) Math.sin(Math.toRadians(DEGREES[i]));
    }
    return rows;
  }

  private static TestStep clusteringStep(TestGraph graph) {
    return new TestStep(graph, graph.constant(goldenViews(), 4, 2), new int[] {0, 3}, 6)
        .withEvaluation(graph.constant(directions(), 6, 2));
  }

  @Test
  void clustersTheMomentumEncodersFeaturesFromTheStartEpochOn() {
    try (TestGraph graph = new TestGraph()) {
      TestStep step = clusteringStep(graph);
      step.loss(objective(config -> config.setStartEpoch(2).addAllClusters(List.of(2, 3))));
      graph.initialize(1);
      IntTable clusters = step.step().tables().get(ClusterPrototypes.CLUSTERS);
      step.startEpoch(1);
      assertThat(clusters.values()).containsOnly(-1);
      step.fillLookups(1);
      assertThat(graph.fetch(step.measure("proto_nce")).get(0)[0]).isZero();

      step.startEpoch(2);
      int[][] partners = {{0, 1}, {2, 3}, {4, 5}};
      for (int[] pair : partners) {
        assertThat(clusters.get(pair[0], 1)).isEqualTo(clusters.get(pair[1], 1));
      }
      assertThat(clusters.get(0, 0)).isEqualTo(clusters.get(2, 0));
      assertThat(Set.of(clusters.get(0, 1), clusters.get(2, 1), clusters.get(4, 1)))
          .containsExactlyInAnyOrder(0, 1, 2);
      centerOfPairIsItsMean(graph, clusters.get(4, 1));
      step.fillLookups(2);
      assertThat(graph.fetch(step.measure("proto_nce")).get(0)[0]).isPositive();
    }
  }

  private static void centerOfPairIsItsMean(TestGraph graph, int cluster) {
    Variable centers = graph.variables().get(ClusterPrototypes.CENTERS + 1);
    float[] rows = graph.fetch(centers.value()).get(0);
    assertThat(Arrays.copyOfRange(rows, 2 * cluster, 2 * cluster + 2))
        .containsExactly(
            new float[] {
              (float) Math.cos(Math.toRadians(185)), (float) Math.sin(Math.toRadians(185))
            },
            within(1e-5f));
    Variable concentrations = graph.variables().get(ClusterPrototypes.CONCENTRATIONS + 1);
    float[] phi = graph.fetch(concentrations.value()).get(0);
    assertThat((phi[0] + phi[1] + phi[2]) / 3).isCloseTo(0.2f, within(1e-5f));
    for (float other : phi) {
      // Pairs of 10 degrees, of 6 and of 4: the widest is the least concentrated.
      assertThat(phi[cluster]).isGreaterThanOrEqualTo(other);
    }
  }

  @Test
  void drawsOthersThatNoImageOfTheBatchBelongsTo() {
    try (TestGraph graph = new TestGraph()) {
      TestStep step = clusteringStep(graph);
      step.loss(objective(config -> config.setOtherPrototypes(3).addClusters(6)));
      graph.initialize(1);
      IntTable clusters = step.step().tables().get(ClusterPrototypes.CLUSTERS);
      for (int row = 0; row < 6; row++) {
        clusters.set(row, 0, row);
      }
      Set<Integer> drawn = new TreeSet<>();
      for (int epoch = 0; epoch < 20; epoch++) {
        int[] others = draw(step, epoch);
        assertThat(others).isEqualTo(draw(step, epoch)).hasSize(4).doesNotHaveDuplicates();
        assertThat(others[3]).isEqualTo(-1);
        Arrays.stream(others, 0, 3).forEach(drawn::add);
      }
      // The batch has images 0 and 3.
      assertThat(drawn).containsExactly(1, 2, 4, 5);
      clusters.set(0, 0, 3);
      clusters.set(3, 0, 3);
      assertThat(Arrays.copyOf(draw(step, 1), 3)).doesNotContain(3, -1);
    }
  }

  @Test
  void countsTheClustersInUse() {
    try (TestGraph graph = new TestGraph()) {
      TestStep step = clusteringStep(graph);
      step.loss(objective(config -> config.addAllClusters(List.of(2, 3))));
      graph.initialize(1);
      IntTable clusters = step.step().tables().get(ClusterPrototypes.CLUSTERS);
      step.fillLookups(0);
      assertThat(graph.fetch(step.measure("used_clusters_share")).get(0)[0]).isZero();
      for (int row = 0; row < 6; row++) {
        clusters.set(row, 0, 1);
        clusters.set(row, 1, row % 2 * 2);
      }
      step.fillLookups(1);
      assertThat(graph.fetch(step.measure("used_clusters_share")).get(0)[0]).isEqualTo(3 / 5f);
    }
  }

  private static int[] draw(TestStep step, int epoch) {
    int[] others = new int[4];
    step.step().lookups().get(1).source().fill(epoch, new int[] {0, 3}, IntBuffer.wrap(others));
    return others;
  }

  @Test
  void namesWhatIsOutOfRange() {
    assertThatThrownBy(() -> objective(UnaryOperator.identity()))
        .hasMessage("pcl.clusters is empty, valid is one number or more");
    assertThatThrownBy(
            () -> objective(config -> config.setOtherPrototypes(8).addClusters(9).addClusters(8)))
        .hasMessage("pcl.clusters[1] is 8, valid is more than other_prototypes, which is 8");
    assertThatThrownBy(() -> objective(config -> config.addAllClusters(nCopies(257, 3))))
        .hasMessage("pcl.clusters has 257 numbers, valid is at most 256");
    try (TestGraph graph = new TestGraph()) {
      TestStep step = clusteringStep(graph);
      assertThatThrownBy(() -> step.loss(objective(config -> config.addClusters(7))))
          .hasMessage("pcl.clusters[0] is 7, valid is at most 6, the number of images");
    }
    try (TestGraph graph = new TestGraph()) {
      TestStep step = clusteringStep(graph);
      assertThatThrownBy(
              () -> step.loss(objective(config -> config.setQueueLength(5).addClusters(3))))
          .hasMessage("pcl.queue_length is 5, valid is a multiple of 2, the keys of a step");
    }
  }
}
