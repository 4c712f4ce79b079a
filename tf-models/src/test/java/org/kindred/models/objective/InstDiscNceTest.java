package org.kindred.models.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kindred.models.Golden;
import org.kindred.models.LogOf;
import org.kindred.models.TestGraph;
import org.kindred.models.tensorflow.Variables.Variable;
import org.kindred.proto.pipeline.v1.InstDisc;
import org.kindred.proto.pipeline.v1.InstDiscLoss;
import org.kindred.proto.pipeline.v1.NormalizationConstant;
import org.kindred.proto.pipeline.v1.Objective;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.types.TFloat32;

/** InstDisc with noise samples: NCE, and the sampled softmax. */
final class InstDiscNceTest {

  private static final int EXAMPLES = 6;
  private static final int NOISE = 4;

  private static TrainingObjective objective(UnaryOperator<InstDisc.Builder> change) {
    InstDisc.Builder config =
        InstDisc.newBuilder()
            .setLoss(InstDiscLoss.INST_DISC_LOSS_NCE)
            .setTemperature(0.5)
            .setNoiseSamples(NOISE);
    return Objectives.create(Objective.newBuilder().setInstdisc(change.apply(config)).build());
  }

  private static UnaryOperator<InstDisc.Builder> fixed(double z) {
    return config ->
        config.setZ(NormalizationConstant.NORMALIZATION_CONSTANT_FIXED).setZRatio(z / EXAMPLES);
  }

  /** A loss whose noise is that of a golden case: the columns after the first. */
  private record Built(TestGraph graph, TestStep step, Operand<TFloat32> loss) {

    static Built of(
        TestGraph graph,
        Operand<TFloat32> features,
        Golden golden,
        UnaryOperator<InstDisc.Builder> change) {
      JsonNode samples = golden.inputs().get("sample_indices");
      Banks.declare(graph, golden.inputs().get("bank"));
      int[] own =
          IntStream.range(0, samples.size()).map(b -> samples.get(b).get(0).asInt()).toArray();
      TestStep step = new TestStep(graph, features, own, EXAMPLES);
      Operand<TFloat32> loss =
          step.loss(
              objective(
                  config ->
                      change.apply(config.setTemperature(golden.inputs().get("tau").asDouble()))));
      int[] noise =
          IntStream.range(0, samples.size())
              .flatMap(b -> IntStream.rangeClosed(1, NOISE).map(j -> samples.get(b).get(j).asInt()))
              .toArray();
      Built built = new Built(graph, step, loss);
      built.draw(noise);
      return built;
    }

    void draw(int... noise) {
      step.feed(step.step().lookups().get(0), noise);
    }

    Operand<TFloat32> z() {
      return step.step().measures().get(0).scalar();
    }
  }

  private static Operand<TFloat32> features(TestGraph graph, Golden golden) {
    return graph.constant(Golden.floats(golden.inputs().get("features")), 2, 3);
  }

  private static void check(Golden golden, UnaryOperator<InstDisc.Builder> change) {
    try (TestGraph graph = new TestGraph()) {
      Operand<TFloat32> features = features(graph, golden);
      Built built = Built.of(graph, features, golden, change);
      Operand<TFloat32> gradient = graph.gradient(built.loss, features);
      graph.initialize(1);
      List<float[]> got = graph.fetch(built.loss, gradient);
      golden.check(got.get(0), golden.expected().get("loss"));
      golden.check(got.get(1), golden.expected().get("grad_features"));
    }
  }

  static Stream<Golden> fixedZ() {
    return Stream.of(
        Golden.only("instdisc_nce", "fixed_Z_10"),
        Golden.only("instdisc_nce", "tau0.1_fixed_Z_5000"));
  }

  @ParameterizedTest
  @MethodSource("fixedZ")
  void agreesWithTheGoldenLossOfAFixedZ(Golden golden) {
    check(golden, fixed(golden.inputs().get("Z").asDouble()));
  }

  @Test
  void agreesWithTheGoldenLossOfTheFirstBatchesZ() {
    check(Golden.only("instdisc_nce", "first_batch_Z"), UnaryOperator.identity());
  }

  @Test
  void addsTheProximalTerm() {
    Golden golden = Golden.only("instdisc_nce", "proximal_lambda_10");
    check(golden, config -> fixed(10).apply(config).setProximalWeight(10));
  }

  @Test
  void estimatesZWithAndWithoutThePositives() {
    Golden golden = Golden.only("instdisc_nce", "z_estimation");
    try (TestGraph graph = new TestGraph()) {
      Built built = Built.of(graph, features(graph, golden), golden, UnaryOperator.identity());
      graph.initialize(1);
      golden.check(graph.fetch(built.z()).get(0), golden.expected().get("Z_all_columns"));
    }
    try (TestGraph graph = new TestGraph()) {
      Built built =
          Built.of(
              graph,
              features(graph, golden),
              golden,
              config ->
                  config.setZ(NormalizationConstant.NORMALIZATION_CONSTANT_FIRST_BATCH_NEGATIVES));
      graph.initialize(1);
      golden.check(graph.fetch(built.z()).get(0), golden.expected().get("Z_negatives_only"));
    }
  }

  @Test
  void keepsTheZOfTheFirstBatch() {
    Golden golden = Golden.only("instdisc_nce", "first_batch_Z");
    int[] other = {5, 5, 5, 5, 0, 0, 1, 1};
    float[] later;
    try (TestGraph graph = new TestGraph()) {
      Built built = Built.of(graph, features(graph, golden), golden, UnaryOperator.identity());
      List<Op> updates = built.step.updates();
      Operand<TFloat32> stored = graph.variables().get(InstDiscObjective.NCE_Z).value();
      graph.initialize(1);
      float z = graph.fetch(built.z()).get(0)[0];
      graph.run(updates);
      built.draw(other);
      assertThat(graph.fetch(built.z(), stored)).allSatisfy(v -> assertThat(v).containsExactly(z));
      graph.run(updates);
      assertThat(graph.fetch(stored).get(0)).containsExactly(z);
      later = graph.fetch(built.loss).get(0);
    }
    // The bank moved twice: the same two moves with a fixed Z give the same loss.
    try (TestGraph graph = new TestGraph()) {
      Built built =
          Built.of(
              graph, features(graph, golden), golden, fixed(golden.inputs().get("Z").asDouble()));
      List<Op> updates = built.step.updates();
      graph.initialize(1);
      graph.run(updates);
      graph.run(updates);
      built.draw(other);
      assertThat(graph.fetch(built.loss).get(0)[0]).isEqualTo(later[0], within(1e-5f));
    }
  }

  @Test
  void theSampledSoftmaxHasNoZ() {
    Golden golden = Golden.only("instdisc_nce", "z_estimation");
    double expected = 0;
    for (JsonNode row : golden.expected().get("exp_scores")) {
      double[] scores = Golden.doubles(row);
      expected -= Math.log(scores[0] / Arrays.stream(scores).sum()) / 2;
    }
    try (TestGraph graph = new TestGraph()) {
      Built built =
          Built.of(
              graph,
              features(graph, golden),
              golden,
              config -> config.setLoss(InstDiscLoss.INST_DISC_LOSS_SAMPLED_SOFTMAX));
      graph.initialize(1);
      assertThat((double) graph.fetch(built.loss).get(0)[0]).isEqualTo(expected, within(1e-6));
      assertThat(built.step.step().measures()).isEmpty();
    }
  }

  /** With Z exact and as many samples of each row the direction is the full softmax's. */
  @Test
  void tendsToTheFullSoftmax() {
    JsonNode bank = Golden.only("instdisc_nce", "z_estimation").inputs().get("bank");
    float[] feature = {0.8f, 0.6f, 0};
    double[] rows = Golden.doubles(bank);
    double z = 0;
    for (int row = 0; row < EXAMPLES; row++) {
      z += Math.exp((rows[3 * row] * feature[0] + rows[3 * row + 1] * feature[1]) / 0.5);
    }
    int copies = 20;
    float[] sampled =
        gradient(
            bank,
            feature,
            fixed(z).apply(InstDisc.newBuilder()).setNoiseSamples(copies * EXAMPLES),
            InstDiscLoss.INST_DISC_LOSS_NCE);
    float[] full =
        gradient(bank, feature, InstDisc.newBuilder(), InstDiscLoss.INST_DISC_LOSS_FULL_SOFTMAX);
    double product = 0;
    double ofSampled = 0;
    double ofFull = 0;
    for (int i = 0; i < 3; i++) {
      product += (double) sampled[i] * full[i];
      ofSampled += (double) sampled[i] * sampled[i];
      ofFull += (double) full[i] * full[i];
    }
    assertThat(product / Math.sqrt(ofSampled * ofFull)).isGreaterThan(0.99);
    assertThat(Math.sqrt(ofSampled / ofFull)).isCloseTo(1, within(0.1));
  }

  private static float[] gradient(
      JsonNode bank, float[] feature, InstDisc.Builder config, InstDiscLoss loss) {
    try (TestGraph graph = new TestGraph()) {
      Banks.declare(graph, bank);
      Operand<TFloat32> features = graph.constant(feature, 1, 3);
      TestStep step = new TestStep(graph, features, new int[] {2}, EXAMPLES);
      Operand<TFloat32> value =
          step.loss(objective(ignored -> config.setLoss(loss).setTemperature(0.5)));
      Operand<TFloat32> gradient = graph.gradient(value, features);
      for (TrainingStep.Lookup lookup : step.step().lookups()) {
        step.feed(lookup, IntStream.range(0, lookup.width()).map(i -> i % EXAMPLES).toArray());
      }
      graph.initialize(1);
      return graph.fetch(gradient).get(0);
    }
  }

  @Test
  void bothWaysToTheProductsAgree() {
    int batch = 3;
    int examples = 7;
    int count = 5;
    int dimension = 4;
    Random random = new Random(3);
    float[] values = new float[batch * dimension];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    int[] chosen = random.ints((long) batch * count, 0, examples).toArray();
    try (TestGraph graph = new TestGraph()) {
      Operand<TFloat32> features = graph.constant(values, batch, dimension);
      TestStep step = new TestStep(graph, features, new int[batch], examples);
      MemoryBank bank = MemoryBank.declare(step.step());
      var places = graph.tf().reshape(step.ints(chosen), step.ints(batch, count));
      Operand<TFloat32> ofAll = NoiseSamples.productsOfAll(step.step(), bank, features, places);
      Operand<TFloat32> ofChosen =
          NoiseSamples.productsOfChosen(step.step(), bank, features, places);
      graph.initialize(1);
      List<float[]> got =
          graph.fetch(
              ofAll,
              ofChosen,
              squaredSumGradient(graph, ofAll, features),
              squaredSumGradient(graph, ofChosen, features),
              bank.variable().value());
      assertThat(got.get(0)).containsExactly(got.get(1), within(1e-6f));
      assertThat(got.get(2)).containsExactly(got.get(3), within(1e-5f));
      // Row 1, sample 2, by hand.
      int row = chosen[count + 2];
      double product = 0;
      for (int d = 0; d < dimension; d++) {
        product += (double) values[dimension + d] * got.get(4)[row * dimension + d];
      }
      assertThat((double) got.get(0)[count + 2]).isEqualTo(product, within(1e-6));
    }
  }

  private static Operand<TFloat32> squaredSumGradient(
      TestGraph graph, Operand<TFloat32> matrix, Operand<TFloat32> of) {
    var tf = graph.tf();
    return graph.gradient(tf.sum(tf.math.square(matrix), tf.constant(new int[] {0, 1})), of);
  }

  private static int[] drawn(int epoch, int... rows) {
    try (TestGraph graph = new TestGraph()) {
      Operand<TFloat32> features = graph.constant(new float[2 * rows.length], rows.length, 2);
      TestStep step = new TestStep(graph, features, rows, EXAMPLES);
      NoiseSamples.draw(step.step(), 200);
      int[] values = new int[200 * rows.length];
      step.step().lookups().get(0).source().fill(epoch, rows, IntBuffer.wrap(values));
      return values;
    }
  }

  @Test
  void noiseBelongsToTheExampleAndTheEpoch() {
    int[] both = drawn(3, 4, 1);
    assertThat(Arrays.copyOfRange(both, 200, 400)).isEqualTo(drawn(3, 1)).isNotEqualTo(drawn(4, 1));
    assertThat(Arrays.copyOfRange(both, 0, 200)).isNotEqualTo(Arrays.copyOfRange(both, 200, 400));
    // With replacement, and the example itself is not left out.
    assertThat(both).containsOnly(0, 1, 2, 3, 4, 5).contains(0, 1, 2, 3, 4, 5);
  }

  private static List<String> warnings(double ratio, UnaryOperator<InstDisc.Builder> change) {
    try (TestGraph graph = new TestGraph();
        LogOf log = new LogOf(InstDiscObjective.class)) {
      Operand<TFloat32> features = graph.constant(new float[128], 1, 128);
      TestStep step = new TestStep(graph, features, new int[1], 1000);
      step.loss(objective(config -> change.apply(config.setTemperature(0.07))));
      for (TrainingStep.Measure measure : step.step().measures()) {
        measure.watcher().accept(1000 * ratio);
        measure.watcher().accept(1000 * ratio);
      }
      return log.warnings();
    }
  }

  @Test
  void warnsOnceOfAZThatCannotBeRight() {
    // Random unit rows: exp(1 / (2 x 128 x 0.07^2)) = 2.219 times the number of images.
    assertThat(warnings(1.2, UnaryOperator.identity())).isEmpty();
    assertThat(warnings(4.4, UnaryOperator.identity())).isEmpty();
    assertThat(warnings(1.05, UnaryOperator.identity()))
        .singleElement()
        .asString()
        .startsWith("NCE's Z is 1050.0, but random unit rows have about 22")
        .contains("instdisc.z_ratio = 2.2");
    assertThat(warnings(4.5, UnaryOperator.identity())).hasSize(1);
    assertThat(warnings(0, fixed(2.2 * EXAMPLES))).isEmpty();
    assertThat(warnings(0, fixed(9 * EXAMPLES))).hasSize(1);
  }

  @Test
  void onlyTheRowsOfTheBatchAreWritten() {
    Golden golden = Golden.only("instdisc_nce", "fixed_Z_10");
    try (TestGraph graph = new TestGraph()) {
      Built built = Built.of(graph, features(graph, golden), golden, fixed(10));
      Variable bank = graph.variables().get(TrainingObjective.MEMORY_BANK);
      List<Op> updates = built.step.updates();
      graph.initialize(1);
      float[] before = graph.fetch(bank.value()).get(0);
      graph.run(updates);
      float[] after = graph.fetch(bank.value()).get(0);
      for (int row = 0; row < EXAMPLES; row++) {
        float[] old = Arrays.copyOfRange(before, 3 * row, 3 * row + 3);
        float[] now = Arrays.copyOfRange(after, 3 * row, 3 * row + 3);
        if (row == 2 || row == 3) {
          assertThat(now).isNotEqualTo(old);
        } else {
          assertThat(now).isEqualTo(old);
        }
      }
    }
  }
}
