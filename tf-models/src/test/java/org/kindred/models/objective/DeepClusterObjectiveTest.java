package org.kindred.models.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.kindred.models.TestGraph;
import org.kindred.models.tensorflow.Variables.Variable;
import org.kindred.proto.pipeline.v1.DeepCluster;
import org.kindred.proto.pipeline.v1.Objective;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

final class DeepClusterObjectiveTest {

  /** Groups of images that lie together. */
  private static final int GROUPS = 3;

  private static final int[] GROUP = new int[60];
  private static final float[] FEATURES = new float[2 * 60];

  static {
    // 40 images of group 0, 15 of group 1, 5 of group 2.
    for (int image = 0; image < 60; image++) {
      GROUP[image] = image % 12 < 8 ? 0 : image % 12 < 11 ? 1 : 2;
      double angle = Math.toRadians(120 * GROUP[image] + 0.1 * image);
      FEATURES[2 * image] = (float) (5 * Math.cos(angle));
      FEATURES[2 * image + 1] = (float) (5 * Math.sin(angle));
    }
  }

  private static TrainingObjective objective(DeepCluster.Builder config) {
    return Objectives.create(Objective.newBuilder().setDeepcluster(config).build());
  }

  /** A loss of the first images, whose projections are not their embeddings. */
  private record Built(
      TestGraph graph, TestStep step, Operand<TFloat32> projections, Operand<TFloat32> loss) {

    static Built of(TestGraph graph, int clusters, int... rows) {
      float[] own = new float[2 * rows.length];
      for (int i = 0; i < rows.length; i++) {
        System.arraycopy(FEATURES, 2 * rows[i], own, 2 * i, 2);
      }
      Operand<TFloat32> projections = graph.constant(own, rows.length, 2);
      TestStep step =
          new TestStep(graph, graph.constant(new float[own.length], rows.length, 2), rows, 60)
              .withProjections(projections)
              .withEvaluation(graph.constant(FEATURES, 60, 2));
      Operand<TFloat32> loss = step.loss(objective(DeepCluster.newBuilder().setClusters(clusters)));
      graph.initialize(1);
      return new Built(graph, step, projections, loss);
    }

    int[] clusters() {
      return step.step().tables().get(DeepClusterObjective.CLUSTERS).values();
    }

    /** Each epoch's k-means starts from other images; some starts end in another minimum. */
    void findGroups() {
      for (int epoch = 0; !areGroups(); epoch++) {
        assertThat(epoch).isLessThan(20);
        step.startEpoch(epoch);
      }
    }

    private boolean areGroups() {
      Map<Integer, Integer> clusterOf = new TreeMap<>();
      for (int image = 0; image < 60; image++) {
        clusterOf.putIfAbsent(GROUP[image], clusters()[image]);
        if (clusters()[image] != clusterOf.get(GROUP[image])) {
          return false;
        }
      }
      return Set.copyOf(clusterOf.values()).size() == GROUPS;
    }

    float[] value(String name) {
      return graph.fetch(graph.variables().get(name).value()).get(0);
    }
  }

  @Test
  void findsTheGroupsBeforeAnEpoch() {
    try (TestGraph graph = new TestGraph()) {
      Built built = Built.of(graph, GROUPS, 0, 8);
      assertThat(built.clusters()).containsOnly(-1);
      built.findGroups();
      assertThat(built.clusters()).contains(0, 1, 2);
    }
  }

  @Test
  void learnsTheClustersFromTheProjections() {
    try (TestGraph graph = new TestGraph()) {
      Built built = Built.of(graph, GROUPS, 0, 8);
      Operand<TFloat32> gradient = graph.gradient(built.loss, built.projections);
      built.step.startEpoch(0);
      built.step.fillLookups(0);
      List<float[]> got =
          graph.fetch(
              built.loss,
              gradient,
              built.step.measure("used_clusters"),
              built.step.measure("cluster_accuracy"));
      // Logits of small random weights: about ln 3.
      assertThat((double) got.get(0)[0]).isCloseTo(Math.log(3), within(0.2)).isNotEqualTo(0);
      assertThat(got.get(2)[0]).isEqualTo(3);
      float[] weight = built.value(DeepClusterObjective.WEIGHT);
      double loss = 0;
      int right = 0;
      for (int i = 0; i < 2; i++) {
        int image = i == 0 ? 0 : 8;
        double[] logits = new double[3];
        for (int c = 0; c < 3; c++) {
          logits[c] =
              (double) FEATURES[2 * image] * weight[c]
                  + (double) FEATURES[2 * image + 1] * weight[3 + c];
        }
        double sum = Arrays.stream(logits).map(Math::exp).sum();
        int label = built.clusters()[image];
        loss -= (logits[label] - Math.log(sum)) / 2;
        right += Arrays.stream(logits).max().orElseThrow() == logits[label] ? 1 : 0;
        for (int d = 0; d < 2; d++) {
          double expected = -weight[3 * d + label] / 2.0;
          for (int c = 0; c < 3; c++) {
            expected += Math.exp(logits[c]) / sum * weight[3 * d + c] / 2;
          }
          assertThat((double) got.get(1)[2 * i + d]).isCloseTo(expected, within(1e-7));
        }
      }
      assertThat((double) got.get(0)[0]).isCloseTo(loss, within(1e-6));
      assertThat(got.get(3)[0]).isEqualTo(right / 2f);
    }
  }

  @Test
  void drawsTheLastLayerAnewForEachEpoch() {
    try (TestGraph graph = new TestGraph()) {
      Built built = Built.of(graph, 30, 0, 8);
      built.step.startEpoch(0);
      float[] first = built.value(DeepClusterObjective.WEIGHT);
      double squares = 0;
      for (float value : first) {
        squares += (double) value * value;
      }
      assertThat(Math.sqrt(squares / first.length)).isCloseTo(0.01, within(0.002));
      Variable bias = graph.variables().get(DeepClusterObjective.BIAS);
      float[] moved = new float[30];
      Arrays.fill(moved, 1);
      graph.assign(bias, moved);
      built.step.startEpoch(1);
      assertThat(built.value(DeepClusterObjective.WEIGHT)).isNotEqualTo(first);
      assertThat(built.value(DeepClusterObjective.BIAS)).containsOnly(0);
      built.step.startEpoch(0);
      assertThat(built.value(DeepClusterObjective.WEIGHT)).isEqualTo(first);
      assertThat(graph.variables().parameters())
          .extracting(Variable::name)
          .containsExactly(DeepClusterObjective.WEIGHT, DeepClusterObjective.BIAS);
    }
  }

  @Test
  void takesAsManyImagesOfEachCluster() {
    try (TestGraph graph = new TestGraph()) {
      Built built = Built.of(graph, GROUPS, 0, 8);
      built.findGroups();
      TrainingStep.EpochPlan plan = built.step.step().plan().orElseThrow();
      int[] order = plan.order(0, new int[60]);
      assertThat(order).hasSize(60);
      // 21 of each are drawn, of which three are left out in the end.
      int[] counts = new int[3];
      int[] times = new int[60];
      for (int image : order) {
        counts[GROUP[image]]++;
        times[image]++;
      }
      for (int count : counts) {
        assertThat(count).isBetween(18, 21);
      }
      for (int image = 0; image < 60; image++) {
        if (GROUP[image] == 0) {
          assertThat(times[image]).isLessThan(2);
        }
      }
      assertThat(plan.order(0, new int[60])).isEqualTo(order);
      assertThat(plan.order(1, new int[60])).isNotEqualTo(order);
      // Not cluster after cluster.
      assertThat(Arrays.stream(order, 0, 20).map(image -> GROUP[image]).distinct()).hasSize(3);
      assertThat(plan.source(0, 7, 0)).isEqualTo(7);
    }
  }

  @Test
  void namesWhatIsOutOfRange() {
    assertThatThrownBy(() -> objective(DeepCluster.newBuilder().setClusters(1)))
        .hasMessage("deepcluster.clusters is 1, valid is 2 or more");
    try (TestGraph graph = new TestGraph()) {
      assertThatThrownBy(() -> Built.of(graph, 61, 0))
          .hasMessage("deepcluster.clusters is 61, valid is 2 to 60, the number of images");
    }
  }
}
