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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kindred.models.Golden;
import org.kindred.models.TestGraph;
import org.kindred.models.tensorflow.Initializer;
import org.kindred.models.tensorflow.Variables.Variable;
import org.kindred.proto.pipeline.v1.CodeQueue;
import org.kindred.proto.pipeline.v1.CropGroup;
import org.kindred.proto.pipeline.v1.Objective;
import org.kindred.proto.pipeline.v1.SwAV;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.types.TFloat32;

final class SwAVObjectiveTest {

  private static final Golden QUEUE = Golden.only("swav_loss", "queue");
  private static final JsonNode QUEUED = QUEUE.inputs();

  private static TrainingObjective objective(UnaryOperator<SwAV.Builder> change) {
    return Objectives.create(
        Objective.newBuilder().setSwav(change.apply(SwAV.newBuilder().setPrototypes(3))).build());
  }

  private static CropGroup crops(int count) {
    return CropGroup.newBuilder().setCount(count).build();
  }

  private static UnaryOperator<SwAV.Builder> queue(int length, int startEpoch) {
    return swav ->
        swav.setQueue(CodeQueue.newBuilder().setLength(length).setStartEpoch(startEpoch));
  }

  /** Declares a variable of the objective's with given values before the objective does. */
  private static Variable learned(TestGraph graph, JsonNode rows) {
    return graph
        .variables()
        .learned(
            SwAVObjective.PROTOTYPES,
            Shape.of(rows.size(), rows.get(0).size()),
            given(Golden.floats(rows)));
  }

  private static Initializer given(float[] values) {
    return (target, seed, number) -> target.put(values);
  }

  private static void agrees(Golden golden, TrainingObjective objective) {
    try (TestGraph graph = new TestGraph()) {
      Variable prototypes = learned(graph, golden.inputs().get("prototypes"));
      int batch = golden.inputs().get("batch").asInt();
      int views = golden.inputs().get("views").asInt();
      Operand<TFloat32> embeddings =
          graph.constant(Golden.floats(golden.inputs().get("embeddings")), (long) views * batch, 3);
      Operand<TFloat32> loss = new TestStep(graph, embeddings, new int[batch], 10).loss(objective);
      Operand<TFloat32> ofEmbeddings = graph.gradient(loss, embeddings);
      Operand<TFloat32> ofPrototypes = graph.gradient(loss, prototypes.value());
      graph.initialize(1);
      List<float[]> got = graph.fetch(loss, ofEmbeddings, ofPrototypes);
      golden.check(got.get(0), golden.expected().get("loss"));
      golden.check(got.get(1), golden.expected().get("grad_embeddings"));
      golden.check(got.get(2), golden.expected().get("grad_prototypes"));
    }
  }

  @Test
  void agreesWithTheGoldenLossAndGradientsOfTwoViews() {
    agrees(Golden.only("swav_loss", "two_views"), objective(UnaryOperator.identity()));
  }

  @Test
  void twoCropsAreTwoViews() {
    agrees(Golden.only("swav_loss", "two_views"), objective(swav -> swav.addCrops(crops(2))));
  }

  @Test
  void agreesWithTheGoldenLossAndGradientsOfFourViews() {
    Golden golden = Golden.only("swav_loss", "multi_crop");
    agrees(golden, objective(swav -> swav.addCrops(crops(2)).addCrops(crops(2))));
    agrees(golden, objective(swav -> swav.addCrops(crops(4))));
  }

  /** Runs what follows a step with prototypes of other lengths. */
  @Test
  void prototypesHaveLengthOneAfterTheStep() {
    Golden golden = Golden.only("swav_loss", "prototype_normalisation");
    try (TestGraph graph = new TestGraph()) {
      Variable prototypes = learned(graph, golden.inputs().get("prototypes"));
      Operand<TFloat32> embeddings = graph.constant(new float[12], 4, 3);
      TestStep step = new TestStep(graph, embeddings, new int[2], 10);
      step.loss(objective(swav -> swav.setPrototypes(2)));
      List<Op> updates = step.updates();
      graph.initialize(1);
      graph.run(updates);
      golden.check(graph.fetch(prototypes.value()).get(0), golden.expected().get("prototypes"));
    }
  }

  @Test
  void prototypesHaveLengthOneBeforeTheFirstStep() {
    try (TestGraph graph = new TestGraph()) {
      new TestStep(graph, graph.constant(new float[12], 4, 3), new int[2], 10)
          .loss(objective(UnaryOperator.identity()));
      graph.initialize(1);
      float[] rows = graph.fetch(graph.variables().get(SwAVObjective.PROTOTYPES).value()).get(0);
      assertThat(rows).hasSize(9).doesNotHaveDuplicates();
      for (int row = 0; row < 3; row++) {
        assertThat(product(rows, row, rows, row)).isCloseTo(1, within(1e-6));
      }
    }
  }

  private static double product(float[] left, int leftRow, float[] right, int rightRow) {
    double sum = 0;
    for (int d = 0; d < 3; d++) {
      sum += (double) left[3 * leftRow + d] * right[3 * rightRow + d];
    }
    return sum;
  }

  /** Returns exp of scores over a divisor, rows adding up to 1. */
  private static double[][] softmax(float[] embeddings, float[] prototypes, double divisor) {
    double[][] shares = exponentials(embeddings, prototypes, divisor);
    for (double[] row : shares) {
      double sum = Arrays.stream(row).sum();
      Arrays.setAll(row, k -> row[k] / sum);
    }
    return shares;
  }

  private static double[][] exponentials(float[] embeddings, float[] prototypes, double divisor) {
    double[][] values = new double[embeddings.length / 3][3];
    for (int row = 0; row < values.length; row++) {
      for (int k = 0; k < 3; k++) {
        values[row][k] = Math.exp(product(embeddings, row, prototypes, k) / divisor);
      }
    }
    return values;
  }

  /** Sinkhorn's algorithm word by word, without logarithms. */
  private static double[][] sinkhorn(double[][] shares) {
    for (int i = 0; i < 3; i++) {
      for (int k = 0; k < 3; k++) {
        double column = 0;
        for (double[] row : shares) {
          column += row[k];
        }
        for (double[] row : shares) {
          row[k] /= column;
        }
      }
      for (double[] row : shares) {
        double sum = Arrays.stream(row).sum();
        Arrays.setAll(row, k -> row[k] / sum);
      }
    }
    return shares;
  }

  private static double crossEntropy(double[][] codes, double[][] predictions) {
    double sum = 0;
    for (int row = 0; row < codes.length; row++) {
      for (int k = 0; k < 3; k++) {
        sum -= codes[row][k] * Math.log(predictions[row][k]);
      }
    }
    return sum / codes.length;
  }

  private static float[] concat(float[]... parts) {
    float[] all = new float[Arrays.stream(parts).mapToInt(part -> part.length).sum()];
    int at = 0;
    for (float[] part : parts) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return all;
  }

  @Test
  void agreesWithTheGoldenCodesAndOrderOfAQueue() {
    float[] batch = Golden.floats(QUEUED.get("batch_embeddings"));
    try (TestGraph graph = new TestGraph()) {
      graph.variables().variable("past", Shape.of(4, 3), given(Golden.floats(QUEUED.get("queue"))));
      Operand<TFloat32> embeddings = graph.constant(batch, 3, 3);
      TestStep step = new TestStep(graph, embeddings, new int[3], 10);
      PastEmbeddings past = PastEmbeddings.declare(step.step(), "past", 4);
      var prototypes =
          Wide.of(graph.tf(), graph.constant(Golden.floats(QUEUED.get("prototypes")), 3, 3));
      var scores = Wide.products(graph.tf(), Wide.of(graph.tf(), embeddings), prototypes);
      Operand<TFloat32> codes =
          Wide.narrow(graph.tf(), past.codes(new Sinkhorn(0.05, 3), scores, prototypes));
      past.push(embeddings, 15);
      List<Op> updates = step.updates();
      graph.initialize(1);
      QUEUE.check(graph.fetch(codes).get(0), QUEUE.expected().get("codes"));
      graph.at(0, 14);
      graph.run(updates);
      Variable rows = graph.variables().get("past");
      QUEUE.check(graph.fetch(rows.value()).get(0), QUEUED.get("queue"));
      graph.at(0, 15);
      graph.run(updates);
      QUEUE.check(graph.fetch(rows.value()).get(0), QUEUE.expected().get("queue_after"));
    }
  }

  /** Fills the queues from epoch 1 on, and compares each step's loss with one computed here. */
  @ParameterizedTest
  @ValueSource(ints = {3, 6})
  void aQueueCountsOnceItIsFull(int length) {
    float[] first = Golden.floats(QUEUED.get("batch_embeddings"));
    float[] second = Arrays.copyOf(Golden.floats(QUEUED.get("queue")), 9);
    float[] prototypes = Golden.floats(QUEUED.get("prototypes"));
    double[][] shares = softmax(concat(first, second), prototypes, 0.1);
    double[][] p0 = Arrays.copyOf(shares, 3);
    double[][] p1 = Arrays.copyOfRange(shares, 3, 6);
    try (TestGraph graph = new TestGraph()) {
      learned(graph, QUEUED.get("prototypes"));
      TestStep step =
          new TestStep(graph, graph.constant(concat(first, second), 6, 3), new int[3], 10);
      Operand<TFloat32> loss = step.loss(objective(queue(length, 1)));
      List<Op> updates = step.updates();
      graph.initialize(1);
      for (int number = 0; number < 6; number++) {
        graph.at(number, number / 2);
        // Two steps of epoch 0 put nothing in.
        boolean isFull = number - 2 >= length / 3;
        int copies = isFull ? length / 3 : 0;
        double expected =
            (crossEntropy(codes(first, copies, prototypes), p1)
                    + crossEntropy(codes(second, copies, prototypes), p0))
                / 2;
        assertThat((double) graph.fetch(loss).get(0)[0])
            .as("step %d", number)
            .isCloseTo(expected, within(1e-4));
        graph.run(updates);
      }
    }
  }

  /** The codes of a batch with a queue of copies of itself. */
  private static double[][] codes(float[] batch, int copies, float[] prototypes) {
    float[] stacked = batch;
    for (int copy = 0; copy < copies; copy++) {
      stacked = concat(batch, stacked);
    }
    double[][] codes = sinkhorn(exponentials(stacked, prototypes, 0.05));
    return Arrays.copyOfRange(codes, codes.length - 3, codes.length);
  }

  /** With unit vectors as prototypes the embeddings are the scores. */
  @Test
  void gradientOfAScoreIsPredictionLessCode() {
    float[] unit = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    float[] batch = Golden.floats(QUEUED.get("batch_embeddings"));
    float[] other = Arrays.copyOf(Golden.floats(QUEUED.get("queue")), 9);
    try (TestGraph graph = new TestGraph()) {
      graph.variables().learned(SwAVObjective.PROTOTYPES, Shape.of(3, 3), given(unit));
      Operand<TFloat32> embeddings = graph.constant(concat(batch, other), 6, 3);
      Operand<TFloat32> loss =
          new TestStep(graph, embeddings, new int[3], 10)
              .loss(objective(swav -> swav.setTemperature(0.5)));
      Operand<TFloat32> gradient = graph.gradient(loss, embeddings);
      graph.initialize(1);
      float[] got = graph.fetch(gradient).get(0);
      double[][] predictions = softmax(concat(batch, other), unit, 0.5);
      double[][] codesOfFirst = codes(batch, 0, unit);
      double[][] codesOfSecond = codes(other, 0, unit);
      for (int i = 0; i < got.length; i++) {
        double code = i < 9 ? codesOfSecond[i / 3][i % 3] : codesOfFirst[i / 3 - 3][i % 3];
        double expected = (predictions[i / 3][i % 3] - code) / (0.5 * 3 * 2);
        assertThat((double) got[i]).as("element %d", i).isCloseTo(expected, within(1e-6));
      }
    }
  }

  @Test
  void hardCodesAreOfOnePrototype() {
    Golden golden = Golden.only("swav_loss", "two_views");
    float[] embeddings = Golden.floats(golden.inputs().get("embeddings"));
    float[] prototypes = Golden.floats(golden.inputs().get("prototypes"));
    try (TestGraph graph = new TestGraph()) {
      learned(graph, golden.inputs().get("prototypes"));
      TestStep step = new TestStep(graph, graph.constant(embeddings, 6, 3), new int[3], 10);
      Operand<TFloat32> loss = step.loss(objective(swav -> swav.setHardCodes(true)));
      graph.initialize(1);
      List<float[]> got =
          graph.fetch(
              loss,
              step.measure(TrainingObjective.CODE_ENTROPY),
              step.measure(TrainingObjective.USED_PROTOTYPES));
      // The greatest code of each sample, in both views, is that of its own number.
      double[][] shares = softmax(embeddings, prototypes, 0.1);
      double expected = 0;
      for (int row = 0; row < 6; row++) {
        expected -= Math.log(shares[row][row % 3]) / 6;
      }
      assertThat((double) got.get(0)[0]).isCloseTo(expected, within(1e-4));
      // What is measured are the soft codes: those of one prototype never look collapsed.
      double entropy = 0;
      for (float[] view :
          List.of(Arrays.copyOf(embeddings, 9), Arrays.copyOfRange(embeddings, 9, 18))) {
        for (double[] row : codes(view, 0, prototypes)) {
          for (double code : row) {
            entropy -= code * Math.log(code) / Math.log(3) / 6;
          }
        }
      }
      assertThat(entropy).isGreaterThan(0.01);
      assertThat((double) got.get(1)[0]).isCloseTo(entropy, within(1e-4));
      assertThat(got.get(2)[0]).isEqualTo(1);
    }
  }

  @Test
  void measuresTheCodes() {
    Golden golden = Golden.only("swav_loss", "multi_crop");
    try (TestGraph graph = new TestGraph()) {
      learned(graph, golden.inputs().get("prototypes"));
      float[] embeddings = Golden.floats(golden.inputs().get("embeddings"));
      TestStep step = new TestStep(graph, graph.constant(embeddings, 8, 3), new int[2], 10);
      step.loss(objective(swav -> swav.addCrops(crops(4))));
      graph.initialize(1);
      double entropy = 0;
      for (String view : List.of("codes_view0", "codes_view1")) {
        for (float code : Golden.floats(golden.expected().get(view))) {
          entropy -= code * Math.log(code) / Math.log(3) / 4;
        }
      }
      List<float[]> got =
          graph.fetch(
              step.measure(TrainingObjective.CODE_ENTROPY),
              step.measure(TrainingObjective.USED_PROTOTYPES));
      assertThat((double) got.get(0)[0]).isCloseTo(entropy, within(1e-4));
      // Both first samples take prototype 0; the second sample's greatest is 2 in one view, 1 in
      // the other: all three.
      assertThat(got.get(1)[0]).isEqualTo(1);
    }
  }

  @Test
  void prototypesStandStillAsLongAsTheyAreToldTo() {
    assertThat(frozenSteps(swav -> swav)).isEmpty();
    assertThat(frozenSteps(swav -> swav.setFreezeEpochs(2))).containsExactly(0, 1, 2, 3);
    assertThat(frozenSteps(swav -> swav.setFreezeSteps(3))).containsExactly(0, 1, 2);
  }

  /** Returns which of six steps, two an epoch, freeze the prototypes. */
  private static List<Integer> frozenSteps(UnaryOperator<SwAV.Builder> change) {
    try (TestGraph graph = new TestGraph()) {
      TestStep step = new TestStep(graph, graph.constant(new float[12], 4, 3), new int[2], 10);
      step.loss(objective(change));
      var frozen = step.step().frozen().get(SwAVObjective.PROTOTYPES);
      if (frozen == null) {
        return List.of();
      }
      Operand<TFloat32> flag = graph.tf().dtypes.cast(frozen, TFloat32.class);
      return IntStream.range(0, 6)
          .filter(
              number -> {
                graph.at(number, number / 2);
                return graph.fetch(flag).get(0)[0] == 1;
              })
          .boxed()
          .toList();
    }
  }

  @Test
  void viewsAreThoseOfTheGroups() {
    assertThat(objective(UnaryOperator.identity()).views())
        .containsExactly(Crop.OF_RECIPE, Crop.OF_RECIPE);
    CropGroup small =
        CropGroup.newBuilder().setCount(1).setSize(20).setMinScale(0.08).setMaxScale(0.3).build();
    assertThat(objective(swav -> swav.addCrops(crops(3)).addCrops(small)).views())
        .containsExactly(Crop.OF_RECIPE, Crop.OF_RECIPE, Crop.OF_RECIPE, new Crop(20, 0.08, 0.3));
  }

  @Test
  void namesWhatIsOutOfRange() {
    assertThatThrownBy(() -> objective(swav -> swav.setTemperature(0)))
        .hasMessage("swav.temperature is 0.0, valid is above 0");
    assertThatThrownBy(() -> objective(swav -> swav.setEpsilon(-1)))
        .hasMessage("swav.epsilon is -1.0, valid is above 0");
    assertThatThrownBy(() -> objective(swav -> swav.setPrototypes(1)))
        .hasMessage("swav.prototypes is 1, valid is 2 or more");
    assertThatThrownBy(() -> objective(swav -> swav.addCrops(crops(1)).addCrops(crops(3))))
        .hasMessage("swav.crops[0].count is 1, valid is 2 or more");
    assertThatThrownBy(() -> objective(swav -> swav.addCrops(crops(200)).addCrops(crops(57))))
        .hasMessage("swav.crops has 257 views, valid is at most 256");
    CropGroup narrow = CropGroup.newBuilder().setCount(2).setMinScale(0.5).setMaxScale(0.4).build();
    assertThatThrownBy(() -> objective(swav -> swav.addCrops(narrow)))
        .hasMessage("swav.crops[0].min_scale is 0.5, valid is at most max_scale, which is 0.4");
    CropGroup tiny = CropGroup.newBuilder().setCount(2).setSize(3).build();
    assertThatThrownBy(() -> objective(swav -> swav.addCrops(tiny)))
        .hasMessage("swav.crops[0].size is 3, valid is 4 or more");
    try (TestGraph graph = new TestGraph()) {
      TestStep step = new TestStep(graph, graph.constant(new float[12], 4, 3), new int[2], 10);
      assertThatThrownBy(() -> step.loss(objective(queue(5, 0))))
          .hasMessageStartingWith("swav.queue.length is 5, valid is a multiple of 2");
    }
    try (TestGraph graph = new TestGraph()) {
      TestStep step = new TestStep(graph, graph.constant(new float[6], 2, 3), new int[1], 10);
      assertThatThrownBy(() -> step.loss(objective(UnaryOperator.identity())))
          .hasMessage(
              "batch_size over micro_batches is 1, valid with swav without a queue is 2 or more");
    }
  }
}
