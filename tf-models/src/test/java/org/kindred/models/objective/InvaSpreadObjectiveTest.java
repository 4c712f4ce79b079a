package org.kindred.models.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kindred.models.Golden;
import org.kindred.models.TestGraph;
import org.kindred.models.objective.TrainingStep.EpochPlan;
import org.kindred.proto.pipeline.v1.InvaSpread;
import org.kindred.proto.pipeline.v1.InvaSpreadForm;
import org.kindred.proto.pipeline.v1.NegativeChoice;
import org.kindred.proto.pipeline.v1.Objective;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

final class InvaSpreadObjectiveTest {

  private static TrainingObjective objective(double temperature, double negativeWeight) {
    return objective(
        InvaSpread.newBuilder().setTemperature(temperature).setNegativeWeight(negativeWeight));
  }

  private static TrainingObjective objective(InvaSpread.Builder config) {
    return Objectives.create(Objective.newBuilder().setInvaspread(config).build());
  }

  private static InvaSpread.Builder config(Golden golden) {
    return InvaSpread.newBuilder().setTemperature(golden.inputs().get("tau").asDouble());
  }

  /** Returns the loss and its gradient with respect to the embeddings. */
  private static List<float[]> lossAndGradient(
      TrainingObjective objective, float[] features, int examples) {
    try (TestGraph graph = new TestGraph()) {
      int views = objective.views().size() * examples;
      Operand<TFloat32> embeddings = graph.constant(features, views, features.length / views);
      Operand<TFloat32> loss =
          new TestStep(graph, embeddings, new int[examples], examples).loss(objective);
      return graph.fetch(loss, graph.gradient(loss, embeddings));
    }
  }

  static Stream<Golden> golden() {
    return Golden.cases("invaspread", "reference_").stream()
        .filter(golden -> golden.expected().has("grad_detached"));
  }

  @ParameterizedTest
  @MethodSource("golden")
  void agreesWithTheGoldenLossAndGradient(Golden golden) {
    float[] features = Golden.floats(golden.inputs().get("features"));
    TrainingObjective objective =
        objective(golden.inputs().get("tau").asDouble(), golden.inputs().get("negM").asDouble());
    List<float[]> got =
        lossAndGradient(objective, features, golden.inputs().get("features").size() / 2);
    golden.check(got.get(0), golden.expected().get("loss"));
    golden.check(got.get(1), golden.expected().get("grad_detached"));
  }

  @ParameterizedTest
  @MethodSource("golden")
  void agreesWithTheGoldenFullGradient(Golden golden) {
    TrainingObjective objective =
        objective(
            config(golden)
                .setNegativeWeight(golden.inputs().get("negM").asDouble())
                .setFullGradient(true));
    List<float[]> got =
        lossAndGradient(
            objective,
            Golden.floats(golden.inputs().get("features")),
            golden.inputs().get("features").size() / 2);
    golden.check(got.get(0), golden.expected().get("loss"));
    golden.check(got.get(1), golden.expected().get("grad_full"));
  }

  static List<Golden> paper() {
    return Golden.cases("invaspread", "paper_");
  }

  /** The golden gradients are of the sum over the three images, the loss is their mean. */
  @ParameterizedTest
  @MethodSource("paper")
  void agreesWithTheGoldenPaperForm(Golden golden) {
    TrainingObjective objective =
        objective(
            config(golden).setForm(InvaSpreadForm.INVA_SPREAD_FORM_PAPER).setFullGradient(true));
    float[] first = Golden.floats(golden.inputs().get("f"));
    float[] second = Golden.floats(golden.inputs().get("f_aug"));
    float[] both = Arrays.copyOf(first, 18);
    System.arraycopy(second, 0, both, 9, 9);
    List<float[]> got = lossAndGradient(objective, both, 3);
    golden.check(got.get(0), golden.expected().get("J_mean"));
    float[] ofSum = got.get(1);
    for (int i = 0; i < ofSum.length; i++) {
      ofSum[i] *= 3;
    }
    golden.check(Arrays.copyOf(ofSum, 9), golden.expected().get("grad_f"));
    golden.check(Arrays.copyOfRange(ofSum, 9, 18), golden.expected().get("grad_f_aug"));
  }

  @Test
  void thePaperFormCanHoldItsCandidatesConstant() {
    Golden golden = Golden.only("invaspread", "paper_tau0.5");
    float[] both = Arrays.copyOf(Golden.floats(golden.inputs().get("f")), 18);
    System.arraycopy(Golden.floats(golden.inputs().get("f_aug")), 0, both, 9, 9);
    InvaSpread.Builder config = config(golden).setForm(InvaSpreadForm.INVA_SPREAD_FORM_PAPER);
    List<float[]> got = lossAndGradient(objective(config), both, 3);
    golden.check(got.get(0), golden.expected().get("J_mean"));
    // Second views are anchors only: their gradient is whole. First ones are candidates too.
    float[] ofSecond = Arrays.copyOfRange(got.get(1), 9, 18);
    for (int i = 0; i < 9; i++) {
      ofSecond[i] *= 3;
    }
    golden.check(ofSecond, golden.expected().get("grad_f_aug"));
    double[] full = Golden.doubles(golden.expected().get("grad_f"));
    assertThat((double) got.get(1)[0] * 3).isNotCloseTo(full[0], within(1e-2));
  }

  static Stream<Golden> halves() {
    return Golden.cases("invaspread", "negatives_").stream();
  }

  @ParameterizedTest
  @MethodSource("halves")
  void agreesWithTheGoldenHalvesOfTheNegatives(Golden golden) {
    NegativeChoice half =
        golden.name().contains("hard")
            ? NegativeChoice.NEGATIVE_CHOICE_HARD_HALF
            : NegativeChoice.NEGATIVE_CHOICE_EASY_HALF;
    List<float[]> got =
        lossAndGradient(
            objective(config(golden).setNegatives(half)),
            Golden.floats(golden.inputs().get("features")),
            3);
    golden.check(got.get(0), golden.expected().get("loss"));
    golden.check(got.get(1), golden.expected().get("grad_detached"));
  }

  /** Half of an odd number is rounded down; here, of 2B - 2 = 2 negatives, one is kept. */
  @Test
  void ofEqualNegativesTheLowerRowIsKept() {
    // Anchors 0 and 2 are views of image 0; rows 1 and 3, of image 1, lie at 60 degrees on either
    // side of row 0, so that row 1 is kept and row 3 gets no gradient as an anchor of row 0.
    float[] features = Banks.circle(0, 60, 0, -60);
    for (NegativeChoice half :
        List.of(
            NegativeChoice.NEGATIVE_CHOICE_HARD_HALF, NegativeChoice.NEGATIVE_CHOICE_EASY_HALF)) {
      float[] gradient =
          lossAndGradient(
                  objective(InvaSpread.newBuilder().setTemperature(0.5).setNegatives(half)),
                  features,
                  2)
              .get(1);
      // Away from the row at 60 degrees: the gradient, which is descended, points towards it.
      assertThat(gradient[1]).as("%s", half).isPositive();
    }
  }

  @Test
  void isInitiallyAboutLnOf2BMinus1Plus1() {
    // Unit rows along different axes: all similarities but the partner's are 0.
    int examples = 8;
    float[] features = new float[2 * examples * 2 * examples];
    for (int row = 0; row < 2 * examples; row++) {
      features[row * 2 * examples + row] = 1;
    }
    float loss = lossAndGradient(objective(0.1, 1), features, examples).get(0)[0];
    double n = 2 * examples - 1;
    assertThat((double) loss)
        .isBetween(
            Math.log(n) - (n - 1) * Math.log1p(-1 / n) - 1e-4,
            Math.log(n) - (n - 1) * Math.log1p(-1 / n) + 1e-4);
  }

  /** The golden case has loss 0: nothing would be learned. */
  @Test
  void oneImageIsToldFromNothing() {
    Golden golden = Golden.only("invaspread", "single_instance");
    assertThat(golden.expected().get("loss").asDouble()).isZero();
    assertThatThrownBy(() -> lossAndGradient(objective(0.1, 1), new float[] {1, 0, 0.6f, 0.8f}, 1))
        .hasMessage("batch_size over micro_batches is 1, valid with invaspread is 2 or more");
  }

  @Test
  void negativesThatTakeTheWholeShareStayFinite() {
    // Both views of the two examples coincide crosswise: a negative at similarity 1, the positive
    // at -1, temperature 0.01: the negative's share rounds to 1.
    float[] features = {1, 0, -1, 0, -1, 0, 1, 0};
    List<float[]> got = lossAndGradient(objective(0.01, 1), features, 2);
    assertThat(Float.isFinite(got.get(0)[0])).isTrue();
    for (float value : got.get(1)) {
      assertThat(Float.isFinite(value)).isTrue();
    }
  }

  @Test
  void someSecondViewsAreOfTheNearestOtherImage() {
    int examples = 400;
    // Pairs of neighbours on the circle: 0 and 1, 2 and 3, ...
    double[] angles =
        IntStream.range(0, examples).mapToDouble(i -> (i - i % 2) * 0.5 + 0.3 * (i % 2)).toArray();
    try (TestGraph graph = new TestGraph()) {
      TestStep step =
          new TestStep(
                  graph, graph.constant(Banks.circle(0, 30, 90, 60), 4, 2), new int[2], examples)
              .withEvaluation(graph.constant(Banks.circle(angles), examples, 2));
      step.loss(objective(InvaSpread.newBuilder().setNeighborPositives(0.5)));
      step.startEpoch(0);
      EpochPlan plan = step.step().plan().orElseThrow();
      int[] second = IntStream.range(0, examples).map(i -> plan.source(3, i, 1)).toArray();
      int swapped = 0;
      for (int i = 0; i < examples; i++) {
        assertThat(plan.source(3, i, 0)).isEqualTo(i);
        assertThat(second[i]).isIn(i, i ^ 1);
        swapped += second[i] == i ? 0 : 1;
      }
      // 200 of 400 +- 5 standard deviations.
      assertThat(swapped).isBetween(150, 250);
      assertThat(IntStream.range(0, examples).map(i -> plan.source(3, i, 1)).toArray())
          .isEqualTo(second);
      assertThat(IntStream.range(0, examples).map(i -> plan.source(4, i, 1)).toArray())
          .isNotEqualTo(second);
      int[] shuffled = {2, 0, 1};
      assertThat(plan.order(3, shuffled)).isSameAs(shuffled);
    }
  }

  @Test
  void namesWhatIsOutOfRange() {
    assertThatThrownBy(() -> objective(0, 1))
        .hasMessage("invaspread.temperature is 0.0, valid is above 0");
    assertThatThrownBy(() -> objective(0.1, 0.5))
        .hasMessage("invaspread.negative_weight is 0.5, valid is 1 or more");
    assertThatThrownBy(() -> Objectives.create(Objective.getDefaultInstance()))
        .hasMessageStartingWith("objective is not set, valid are invaspread, instdisc");
    InvaSpread.Builder paper =
        InvaSpread.newBuilder().setForm(InvaSpreadForm.INVA_SPREAD_FORM_PAPER);
    assertThatThrownBy(() -> objective(paper.clone().setNegativeWeight(2)))
        .hasMessage("invaspread.negative_weight is 2.0, valid with the paper's form is 1");
    assertThatThrownBy(
            () -> objective(paper.clone().setNegatives(NegativeChoice.NEGATIVE_CHOICE_HARD_HALF)))
        .hasMessage(
            "invaspread.negatives is NEGATIVE_CHOICE_HARD_HALF, valid with the paper's form is"
                + " NEGATIVE_CHOICE_ALL");
    assertThatThrownBy(() -> objective(InvaSpread.newBuilder().setNeighborPositives(1.5)))
        .hasMessage("invaspread.neighbor_positives is 1.5, valid is 0 to 1");
  }
}
