package org.kindred.models.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.IntBuffer;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.kindred.models.Golden;
import org.kindred.models.TestGraph;
import org.kindred.proto.pipeline.v1.Objective;
import org.kindred.proto.pipeline.v1.Triplet;
import org.kindred.proto.pipeline.v1.TripletNegative;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

final class TripletObjectiveTest {

  private static final Golden GOLDEN = Golden.only("baselines", "triplet");
  private static final double MARGIN = GOLDEN.inputs().get("margin").asDouble();

  private static TrainingObjective objective(double margin, TripletNegative negative) {
    return Objectives.create(
        Objective.newBuilder()
            .setTriplet(Triplet.newBuilder().setMargin(margin).setNegative(negative))
            .build());
  }

  private static TestStep goldenStep(TestGraph graph) {
    float[] features = Golden.floats(GOLDEN.inputs().get("features"));
    return new TestStep(graph, graph.constant(features, 6, 3), new int[] {4, 2, 7}, 10);
  }

  @Test
  void agreesWithTheGoldenLossAndGradientOfHardNegatives() {
    try (TestGraph graph = new TestGraph()) {
      TestStep step = goldenStep(graph);
      Operand<TFloat32> loss = step.loss(objective(MARGIN, TripletNegative.TRIPLET_NEGATIVE_HARD));
      List<float[]> got = graph.fetch(loss, graph.gradient(loss, step.features()));
      GOLDEN.check(got.get(0), GOLDEN.expected().get("loss_hard"));
      GOLDEN.check(got.get(1), GOLDEN.expected().get("grad_hard"));
    }
  }

  @Test
  void agreesWithTheGoldenLossOfGivenNegatives() {
    try (TestGraph graph = new TestGraph()) {
      TestStep step = goldenStep(graph);
      Operand<TFloat32> loss =
          step.loss(objective(MARGIN, TripletNegative.TRIPLET_NEGATIVE_RANDOM));
      // The lowest row of another image, for both views of each image.
      step.feed(step.step().lookups().get(0), new int[] {1, 1, 0, 0, 0, 0});
      GOLDEN.check(graph.fetch(loss).get(0), GOLDEN.expected().get("loss_first"));
    }
  }

  @Test
  void eachViewHasADrawOfItsOwn() {
    float[] features = {1, 0, 0, 1, /* second view */ 1, 0, 0.6f, 0.8f};
    try (TestGraph graph = new TestGraph()) {
      TestStep step = new TestStep(graph, graph.constant(features, 4, 2), new int[] {0, 1}, 2);
      Operand<TFloat32> loss = step.loss(objective(2, TripletNegative.TRIPLET_NEGATIVE_RANDOM));
      // First image: row 1 for its first view, row 3 for its second.
      step.feed(step.step().lookups().get(0), new int[] {1, 3, 0, 0});
      double[] hinges = {2 - 2, 2 - 0.8, 2 + 0.4 - 2, 2 + 0.4 - 0.8};
      double mean = (hinges[0] + hinges[1] + hinges[2] + hinges[3]) / 4;
      List<float[]> got = graph.fetch(loss, step.measure("active_triplets"));
      assertThat((double) got.get(0)[0]).isBetween(mean - 1e-6, mean + 1e-6);
      assertThat(got.get(1)[0]).isIn(0.75f, 1f);
    }
  }

  @Test
  void drawsEveryViewOfOtherImages() {
    int[] rows = {4, 2, 7};
    try (TestGraph graph = new TestGraph()) {
      TestStep step = goldenStep(graph);
      step.loss(objective(MARGIN, TripletNegative.TRIPLET_NEGATIVE_RANDOM));
      TrainingStep.Lookup lookup = step.step().lookups().get(0);
      List<Set<Integer>> drawn = List.of(new TreeSet<>(), new TreeSet<>(), new TreeSet<>());
      for (int epoch = 0; epoch < 50; epoch++) {
        int[] negatives = new int[6];
        lookup.source().fill(epoch, rows, IntBuffer.wrap(negatives));
        for (int i = 0; i < 6; i++) {
          drawn.get(i / 2).add(negatives[i]);
        }
      }
      assertThat(drawn).containsExactly(Set.of(1, 2, 4, 5), Set.of(0, 2, 3, 5), Set.of(0, 1, 3, 4));
    }
  }

  @Test
  void namesWhatIsOutOfRange() {
    assertThatThrownBy(() -> objective(0, TripletNegative.TRIPLET_NEGATIVE_HARD))
        .hasMessage("triplet.margin is 0.0, valid is above 0");
    assertThatThrownBy(() -> objective(1, TripletNegative.TRIPLET_NEGATIVE_UNSPECIFIED))
        .hasMessageStartingWith("triplet.negative is not set");
    try (TestGraph graph = new TestGraph()) {
      TestStep step = new TestStep(graph, graph.constant(new float[4], 2, 2), new int[1], 10);
      assertThatThrownBy(() -> step.loss(objective(1, TripletNegative.TRIPLET_NEGATIVE_HARD)))
          .hasMessage("batch_size over micro_batches is 1, valid with triplet is 2 or more");
    }
  }
}
