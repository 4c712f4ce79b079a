package org.kindred.models.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.kindred.models.Golden;
import org.kindred.models.TestGraph;
import org.kindred.proto.pipeline.v1.DeepClusterV2;
import org.kindred.proto.pipeline.v1.Objective;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.types.TFloat32;

final class DeepClusterV2ObjectiveTest {

  private static final Golden GOLDEN = Golden.only("baselines", "deepcluster_v2_spherical_kmeans");
  private static final float[] FEATURES = Golden.floats(GOLDEN.inputs().get("features"));
  private static final int[] ALL = {0, 1, 2, 3, 4};

  private static TrainingObjective objective(UnaryOperator<DeepClusterV2.Builder> change) {
    DeepClusterV2.Builder config = DeepClusterV2.newBuilder().setHeads(1).setPrototypes(2);
    return Objectives.create(Objective.newBuilder().setDeepclusterV2(change.apply(config)).build());
  }

  private static void centers(TestGraph graph, float... values) {
    graph
        .variables()
        .variable(
            DeepClusterV2Objective.CENTERS + 0,
            Shape.of(2, 2),
            (target, seed, number) -> target.put(values));
  }

  private static float[] twice(float[] rows) {
    float[] both = Arrays.copyOf(rows, 2 * rows.length);
    System.arraycopy(rows, 0, both, rows.length, rows.length);
    return both;
  }

  private static IntTable clusters(TestStep step) {
    return step.step().tables().get(DeepClusterV2Objective.CLUSTERS);
  }

  @Test
  void agreesWithTheGoldenLossOfGoldenCenters() {
    try (TestGraph graph = new TestGraph()) {
      centers(graph, Golden.floats(GOLDEN.expected().get("centres")));
      TestStep step = new TestStep(graph, graph.constant(twice(FEATURES), 10, 2), ALL, 5);
      Operand<TFloat32> loss = step.loss(objective(UnaryOperator.identity()));
      graph.initialize(1);
      int[] assigned = Golden.ints(GOLDEN.expected().get("assign"));
      System.arraycopy(assigned, 0, clusters(step).values(), 0, 5);
      step.fillLookups(0);
      GOLDEN.check(graph.fetch(loss).get(0), GOLDEN.expected().get("loss"));
    }
  }

  /** Clusters are numbered in another order when they start from other rows. */
  @Test
  void findsTheGoldenClustersBeforeTheFirstEpoch() {
    try (TestGraph graph = new TestGraph()) {
      TestStep step =
          new TestStep(graph, graph.constant(twice(FEATURES), 10, 2), ALL, 5)
              .withEvaluation(graph.constant(new float[10], 5, 2));
      Operand<TFloat32> loss = step.loss(objective(UnaryOperator.identity()));
      graph.initialize(1);
      assertThat(clusters(step).values()).containsOnly(-1);
      step.startEpoch(0);
      int[] found = clusters(step).values();
      int[] golden = Golden.ints(GOLDEN.expected().get("assign"));
      for (int row = 0; row < 5; row++) {
        assertThat(found[row] == found[0]).isEqualTo(golden[row] == golden[0]);
      }
      step.fillLookups(0);
      GOLDEN.check(graph.fetch(loss).get(0), GOLDEN.expected().get("loss"));
    }
  }

  /** With unit vectors as centers the embeddings are the scores. */
  @Test
  void gradientIsPredictionLessClusterAndNoneWithoutACluster() {
    try (TestGraph graph = new TestGraph()) {
      centers(graph, 1, 0, 0, 1);
      float[] scores = {0.6f, 0.8f, 0.8f, 0.6f, 1, 0, 0, 1, 0.6f, -0.8f, -0.6f, 0.8f};
      Operand<TFloat32> embeddings = graph.constant(scores, 6, 2);
      TestStep step = new TestStep(graph, embeddings, new int[] {0, 1, 2}, 3);
      Operand<TFloat32> loss = step.loss(objective(config -> config.setTemperature(0.5)));
      Operand<TFloat32> gradient = graph.gradient(loss, embeddings);
      graph.initialize(1);
      int[] assigned = {1, -1, 0};
      System.arraycopy(assigned, 0, clusters(step).values(), 0, 3);
      step.fillLookups(0);
      List<float[]> got = graph.fetch(loss, gradient);
      double expected = 0;
      for (int row = 0; row < 6; row++) {
        double second = 1 / (1 + Math.exp((scores[2 * row] - scores[2 * row + 1]) / 0.5));
        double[] shares = {1 - second, second};
        int cluster = assigned[row % 3];
        for (int k = 0; k < 2; k++) {
          // Two images of three count, in two views.
          double of = cluster < 0 ? 0 : (shares[k] - (k == cluster ? 1 : 0)) / (0.5 * 2 * 2);
          assertThat((double) got.get(1)[2 * row + k]).isCloseTo(of, within(1e-6));
        }
        expected -= cluster < 0 ? 0 : Math.log(shares[cluster]) / 4;
      }
      assertThat((double) got.get(0)[0]).isCloseTo(expected, within(1e-5));
    }
  }

  @Test
  void aBatchWithoutClustersHasLossZero() {
    try (TestGraph graph = new TestGraph()) {
      TestStep step = new TestStep(graph, graph.constant(twice(FEATURES), 10, 2), ALL, 5);
      Operand<TFloat32> loss = step.loss(objective(UnaryOperator.identity()));
      graph.initialize(1);
      step.fillLookups(0);
      assertThat(graph.fetch(loss).get(0)[0]).isZero();
    }
  }

  /** Each view puts the four images into other pairs. */
  @Test
  void headsClusterWhatTheEpochBeforeSawOfTheirViews() {
    float[] views = {1, 0, 1, 0, 0, 1, 0, 1, /* second view */ 1, 0, 0, 1, 1, 0, 0, 1};
    try (TestGraph graph = new TestGraph()) {
      Operand<TFloat32> everyone = graph.constant(new float[10], 5, 2);
      TestStep step =
          new TestStep(graph, graph.constant(views, 8, 2), new int[] {0, 1, 2, 3}, 5)
              .withEvaluation(everyone);
      step.loss(objective(config -> config.setHeads(3)));
      List<Op> updates = step.updates();
      graph.initialize(1);
      step.startEpoch(0);
      step.fillLookups(0);
      graph.run(updates);
      // Image 4 is not in the only batch.
      step.step()
          .deliveries()
          .get(0)
          .sink()
          .take(new int[] {0, 1, 2, 3}, IntBuffer.wrap(new int[4]));
      step.startEpoch(1);
      IntTable clusters = clusters(step);
      for (int head = 0; head < 3; head++) {
        int partner = head % 2 == 0 ? 1 : 2;
        int other = 3 - partner;
        assertThat(clusters.get(0, head)).isIn(0, 1).isEqualTo(clusters.get(partner, head));
        assertThat(clusters.get(other, head))
            .isEqualTo(1 - clusters.get(0, head))
            .isEqualTo(clusters.get(3, head));
        assertThat(clusters.get(4, head)).isEqualTo(-1);
      }
    }
  }

  /** The look before the first epoch gives each bank the view that it will follow. */
  @Test
  void eachBankStartsAsItsViewInTrainingMode() {
    float[] views = {1, 0, 1, 0, 0, 1, 0, 1, /* second view */ 1, 0, 0, 1, 1, 0, 0, 1};
    int[] rows = {3, 0, 4, 1};
    try (TestGraph graph = new TestGraph()) {
      TestStep step =
          new TestStep(graph, graph.constant(views, 8, 2), rows, 5)
              .withEvaluation(graph.constant(new float[10], 5, 2));
      step.loss(objective(config -> config.setHeads(2)));
      graph.initialize(1);
      step.startEpoch(0);
      for (int view = 0; view < 2; view++) {
        String name = TrainingObjective.MEMORY_BANK + (view == 0 ? "" : ".second_view");
        float[] bank = graph.fetch(graph.variables().get(name).value()).get(0);
        for (int i = 0; i < 4; i++) {
          int from = 2 * (4 * view + i);
          assertThat(Arrays.copyOfRange(bank, 2 * rows[i], 2 * rows[i] + 2))
              .containsExactly(views[from], views[from + 1]);
        }
      }
      // Image 2 is in no complete batch.
      assertThat(clusters(step).get(2, 0)).isEqualTo(-1);
      assertThat(clusters(step).get(3, 0)).isEqualTo(clusters(step).get(0, 0)).isNotEqualTo(-1);
      assertThat(clusters(step).get(3, 1)).isEqualTo(clusters(step).get(4, 1)).isNotEqualTo(-1);
    }
  }

  @Test
  void countsThePrototypesInUse() {
    try (TestGraph graph = new TestGraph()) {
      TestStep step = new TestStep(graph, graph.constant(twice(FEATURES), 10, 2), ALL, 5);
      step.loss(objective(config -> config.setHeads(2)));
      graph.initialize(1);
      for (int row = 0; row < 4; row++) {
        clusters(step).set(row, 0, 1);
        clusters(step).set(row, 1, row % 2);
      }
      step.fillLookups(0);
      assertThat(graph.fetch(step.measure(TrainingObjective.USED_PROTOTYPES)).get(0)[0])
          .isEqualTo(0.75f);
    }
  }

  @Test
  void theHostLearnsTheEpochOfAVisit() {
    try (TestGraph graph = new TestGraph()) {
      TestStep step = new TestStep(graph, graph.constant(twice(FEATURES), 10, 2), ALL, 5);
      step.loss(objective(UnaryOperator.identity()));
      graph.initialize(1);
      graph.at(30, 3);
      Operand<TFloat32> delivered =
          graph.tf().dtypes.cast(step.step().deliveries().get(0).values(), TFloat32.class);
      assertThat(graph.fetch(delivered).get(0)).containsExactly(3, 3, 3, 3, 3);
    }
  }

  @Test
  void namesWhatIsOutOfRange() {
    assertThatThrownBy(() -> objective(config -> config.setHeads(0)))
        .hasMessage("deepcluster_v2.heads is 0, valid is 1 or more");
    assertThatThrownBy(() -> objective(config -> config.setKmeansRounds(0)))
        .hasMessage("deepcluster_v2.kmeans_rounds is 0, valid is 1 or more");
    try (TestGraph graph = new TestGraph()) {
      TestStep step = new TestStep(graph, graph.constant(twice(FEATURES), 10, 2), ALL, 5);
      assertThatThrownBy(() -> step.loss(objective(config -> config.setPrototypes(6))))
          .hasMessage(
              "deepcluster_v2.prototypes is 6, valid is 2 to 5, the images of an epoch's complete"
                  + " batches");
    }
    // Of five images an epoch sees one batch of three.
    try (TestGraph graph = new TestGraph()) {
      TestStep step = new TestStep(graph, graph.constant(new float[12], 6, 2), new int[3], 5);
      assertThatThrownBy(() -> step.loss(objective(config -> config.setPrototypes(4))))
          .hasMessageStartingWith("deepcluster_v2.prototypes is 4, valid is 2 to 3");
    }
  }
}
