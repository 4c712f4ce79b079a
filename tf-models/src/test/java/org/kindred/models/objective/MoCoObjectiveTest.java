package org.kindred.models.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.kindred.models.Golden;
import org.kindred.models.TestGraph;
import org.kindred.proto.pipeline.v1.MoCo;
import org.kindred.proto.pipeline.v1.Objective;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.types.TFloat32;

final class MoCoObjectiveTest {

  private static final Golden GOLDEN = Golden.only("baselines", "moco_infonce");
  private static final float[] QUERIES = Golden.floats(GOLDEN.inputs().get("queries"));
  private static final float[] KEYS = Golden.floats(GOLDEN.inputs().get("keys"));
  private static final float[] QUEUE = Golden.floats(GOLDEN.inputs().get("queue"));

  private static TrainingObjective objective(UnaryOperator<MoCo.Builder> change) {
    MoCo.Builder config = MoCo.newBuilder().setTemperature(0.2).setQueueLength(4);
    return Objectives.create(Objective.newBuilder().setMoco(change.apply(config)).build());
  }

  private static float[] rows(float[] matrix, int from, int to) {
    return Arrays.copyOfRange(matrix, 3 * from, 3 * to);
  }

  private static float[] concat(float[] first, float[] second) {
    float[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }

  /** A step with golden queries as first views, golden keys as second ones of the other network. */
  private static TestStep step(TestGraph graph, int from, int to) {
    queue(graph, QUEUE);
    float[] elsewhere = new float[3 * (to - from)];
    Arrays.fill(elsewhere, 7);
    int rows = 2 * (to - from);
    return new TestStep(
            graph,
            graph.constant(concat(rows(QUERIES, from, to), elsewhere), rows, 3),
            new int[to - from],
            10)
        .withOtherWeights(graph.constant(concat(elsewhere, rows(KEYS, from, to)), rows, 3));
  }

  private static void queue(TestGraph graph, float[] values) {
    graph
        .variables()
        .variable(
            KeyQueue.KEYS,
            Shape.of(values.length / 3, 3),
            (target, seed, number) -> target.put(values));
  }

  /** A queue of four takes no batch of three: the batch goes one by one, and is averaged here. */
  @Test
  void agreesWithTheGoldenLossAndGradient() {
    float[] loss = new float[1];
    float[] gradients = new float[9];
    for (int i = 0; i < 3; i++) {
      try (TestGraph graph = new TestGraph()) {
        TestStep step = step(graph, i, i + 1);
        Operand<TFloat32> value = step.loss(objective(UnaryOperator.identity()));
        Operand<TFloat32> gradient = graph.gradient(value, step.features());
        graph.initialize(1);
        List<float[]> got = graph.fetch(value, gradient);
        loss[0] += got.get(0)[0] / 3;
        for (int d = 0; d < 3; d++) {
          gradients[3 * i + d] = got.get(1)[d] / 3;
          assertThat(got.get(1)[3 + d]).isZero();
        }
      }
    }
    GOLDEN.check(loss, GOLDEN.expected().get("loss"));
    GOLDEN.check(gradients, GOLDEN.expected().get("grad_queries"));
  }

  @Test
  void keysReplaceTheOldestInARing() {
    JsonNode golden = GOLDEN.expected().get("queue_after_enqueue_2");
    try (TestGraph graph = new TestGraph()) {
      TestStep step = step(graph, 0, 2);
      step.loss(objective(UnaryOperator.identity()));
      List<Op> updates = step.updates();
      graph.initialize(1);
      Operand<TFloat32> keys = graph.variables().get(KeyQueue.KEYS).value();
      graph.run(updates);
      GOLDEN.check(graph.fetch(keys).get(0), golden);
      graph.run(updates);
      float[] newest = rows(KEYS, 0, 2);
      assertThat(graph.fetch(keys).get(0)).containsExactly(concat(newest, newest));
      // The third step is at the front again.
      graph.assign(graph.variables().get(KeyQueue.KEYS), QUEUE);
      graph.run(updates);
      GOLDEN.check(graph.fetch(keys).get(0), golden);
    }
  }

  @Test
  void theQueueStartsAsUnitRows() {
    try (TestGraph graph = new TestGraph()) {
      new TestStep(graph, graph.constant(new float[12], 4, 3), new int[2], 10)
          .loss(objective(config -> config.setQueueLength(6)));
      graph.initialize(1);
      float[] rows = graph.fetch(graph.variables().get(KeyQueue.KEYS).value()).get(0);
      assertThat(rows).hasSize(18).doesNotHaveDuplicates();
      for (int row = 0; row < 6; row++) {
        double squared = 0;
        for (float value : rows(rows, row, row + 1)) {
          squared += (double) value * value;
        }
        assertThat(squared).isCloseTo(1, within(1e-6));
      }
    }
  }

  private static float[] unitRows(int count, double turn) {
    float[] rows = new float[3 * count];
    for (int i = 0; i < count; i++) {
      rows[3 * i] = (float) Math.cos(i + turn);
      rows[3 * i + 1] = (float) Math.sin(i + turn);
    }
    return rows;
  }

  private static double dot(float[] left, int leftRow, float[] right, int rightRow) {
    double sum = 0;
    for (int d = 0; d < 3; d++) {
      sum += (double) left[3 * leftRow + d] * right[3 * rightRow + d];
    }
    return sum;
  }

  /** InfoNCE of one direction, word by word. */
  private static double infoNce(float[] learned, int query, float[] other, int key, int batch) {
    double sum = 0;
    for (int i = 0; i < batch; i++) {
      double own = Math.exp(dot(learned, query + i, other, key + i) / 0.2);
      double all = own;
      for (int j = 0; j < QUEUE.length / 3; j++) {
        all += Math.exp(dot(learned, query + i, QUEUE, j) / 0.2);
      }
      sum -= Math.log(own / all) / batch;
    }
    return sum;
  }

  @Test
  void theSymmetricFormAddsBothDirectionsAndKeepsAllKeys() {
    float[] learned = unitRows(4, 0.3);
    float[] other = unitRows(4, 1.1);
    try (TestGraph graph = new TestGraph()) {
      queue(graph, QUEUE);
      TestStep step =
          new TestStep(graph, graph.constant(learned, 4, 3), new int[2], 10)
              .withOtherWeights(graph.constant(other, 4, 3));
      Operand<TFloat32> loss = step.loss(objective(config -> config.setSymmetric(true)));
      List<Op> updates = step.updates();
      graph.initialize(1);
      double expected = infoNce(learned, 0, other, 2, 2) + infoNce(learned, 2, other, 0, 2);
      assertThat((double) graph.fetch(loss).get(0)[0]).isCloseTo(expected, within(1e-5));
      graph.run(updates);
      assertThat(graph.fetch(graph.variables().get(KeyQueue.KEYS).value()).get(0))
          .containsExactly(concat(rows(other, 2, 4), rows(other, 0, 2)));
    }
  }

  /** The network here has no batch norm: only an order that is not undone could show. */
  @Test
  void keysAreInTheirPlacesAfterTheShuffle() {
    float[] learned = unitRows(8, 0.3);
    float[] other = unitRows(8, 1.1);
    int[] batch = {5, 6, 7, 8};
    try (TestGraph graph = new TestGraph()) {
      queue(graph, QUEUE);
      TestStep step =
          new TestStep(graph, graph.constant(learned, 8, 3), batch, 10)
              .withOtherWeights(graph.constant(other, 8, 3));
      Operand<TFloat32> loss = step.loss(objective(config -> config.setSplits(2)));
      graph.initialize(1);
      int[][] orders = new int[20][4];
      for (int epoch = 0; epoch < orders.length; epoch++) {
        step.step().lookups().get(0).source().fill(epoch, batch, IntBuffer.wrap(orders[epoch]));
        assertThat(orders[epoch]).containsExactlyInAnyOrder(0, 1, 2, 3);
        step.fillLookups(epoch);
        assertThat((double) graph.fetch(loss).get(0)[0])
            .isCloseTo(infoNce(learned, 0, other, 4, 4), within(1e-5));
      }
      assertThat(Arrays.stream(orders).map(Arrays::toString).distinct().count()).isGreaterThan(8);
    }
  }

  @Test
  void namesWhatIsOutOfRange() {
    assertThatThrownBy(() -> objective(config -> config.setTemperature(0)))
        .hasMessage("moco.temperature is 0.0, valid is above 0");
    assertThatThrownBy(() -> objective(config -> config.setMomentum(1)))
        .hasMessage("moco.momentum is 1.0, valid is 0 to below 1");
    assertThatThrownBy(() -> objective(config -> config.setSplits(0)))
        .hasMessage("moco.splits is 0, valid is 1 or more");
    try (TestGraph graph = new TestGraph()) {
      TestStep step = step(graph, 0, 2);
      assertThatThrownBy(() -> step.loss(objective(config -> config.setSplits(4))))
          .hasMessageStartingWith("moco.splits is 4, valid is a divisor of 2");
    }
    try (TestGraph graph = new TestGraph()) {
      TestStep step = step(graph, 0, 2);
      assertThatThrownBy(() -> step.loss(objective(config -> config.setSplits(2))))
          .hasMessage(
              "moco.splits is 2, valid is a divisor of 2, the images that go through the network at"
                  + " a time, with two images or more in each part");
    }
    try (TestGraph graph = new TestGraph()) {
      TestStep step = step(graph, 0, 3);
      assertThatThrownBy(() -> step.loss(objective(UnaryOperator.identity())))
          .hasMessage("moco.queue_length is 4, valid is a multiple of 3, the keys of a step");
    }
    try (TestGraph graph = new TestGraph()) {
      TestStep step = step(graph, 0, 3);
      assertThatThrownBy(
              () -> step.loss(objective(config -> config.setQueueLength(9).setSymmetric(true))))
          .hasMessage("moco.queue_length is 9, valid is a multiple of 6, the keys of a step");
    }
  }
}
