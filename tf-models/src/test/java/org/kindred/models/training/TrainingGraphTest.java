package org.kindred.models.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.kindred.models.Golden;
import org.kindred.models.network.EmbeddingNetwork;
import org.kindred.models.network.Layers;
import org.kindred.models.objective.Crop;
import org.kindred.models.objective.Objectives;
import org.kindred.models.objective.TrainingObjective;
import org.kindred.models.objective.TrainingStep;
import org.kindred.models.optimizer.MomentumSgd;
import org.kindred.models.safetensors.NamedTensor;
import org.kindred.models.tensorflow.Initializer;
import org.kindred.models.tensorflow.TensorMemory;
import org.kindred.models.tensorflow.Variables.Variable;
import org.kindred.models.training.TrainingGraph.Sizes;
import org.kindred.proto.artifact.v1.Normalize;
import org.kindred.proto.pipeline.v1.InstDisc;
import org.kindred.proto.pipeline.v1.MoCo;
import org.kindred.proto.pipeline.v1.Objective;
import org.kindred.proto.pipeline.v1.Precision;
import org.kindred.proto.pipeline.v1.Sgd;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.op.train.BatchMatMul;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

final class TrainingGraphTest {

  private static final String WEIGHT = "network.weight";
  private static final String FOLLOWER = "objective.momentum_encoder." + WEIGHT;
  private static final String BUFFER = "optimizer.momentum.network.weight";
  private static final String BANK = "objective.memory_bank";

  /** A bank of this momentum stays as it is, so that micro-batches see the same one. */
  private static final double STILL = Math.nextDown(1f);

  /** Makes a pixel p of an image of one pixel to (p - 10) / 10. */
  private static final Normalize TENTHS =
      Normalize.newBuilder()
          .setMeanRed(10 / 255f)
          .setMeanGreen(10 / 255f)
          .setMeanBlue(10 / 255f)
          .setStdRed(10 / 255f)
          .setStdGreen(10 / 255f)
          .setStdBlue(10 / 255f)
          .build();

  /** The linear encoder z = W x of the golden case. */
  private static final class LinearNetwork implements EmbeddingNetwork {
    @Override
    public Map<String, Operand<TFloat32>> build(Layers layers, Operand<TUint8> images) {
      Ops tf = layers.ops();
      Operand<TFloat32> x =
          tf.reshape(layers.normalize(images, TENTHS), tf.constant(new int[] {-1, 3}));
      Operand<TFloat32> weight =
          layers.weights().parameter(WEIGHT, Shape.of(3, 3), Initializer.constant(0));
      Operand<TFloat32> z = tf.linalg.matMul(x, weight, MatMul.transposeB(true));
      return Map.of(EMBEDDING, Layers.unitRows(tf, z), PROJECTION, z, POOLED, x);
    }
  }

  private static TrainingGraph graph(JsonNode inputs) {
    return graph(
        inputs,
        new Sizes(2, 1, 3, 1, 1, 1),
        inputs.get("weight_decay").asDouble(),
        inputs.get("bank_momentum").asDouble());
  }

  private static TrainingGraph graph(
      JsonNode inputs, Sizes sizes, double weightDecay, double bankMomentum) {
    return new TrainingGraph(
        new LinearNetwork(),
        Objectives.create(
            Objective.newBuilder()
                .setInstdisc(
                    InstDisc.newBuilder()
                        .setTemperature(inputs.get("tau").asDouble())
                        .setBankMomentum(bankMomentum))
                .build()),
        new MomentumSgd(
            Sgd.newBuilder()
                .setMomentum(inputs.get("momentum").asDouble())
                .setWeightDecay(weightDecay)
                .build()),
        sizes,
        Precision.PRECISION_FLOAT32,
        0);
  }

  private static Map<String, NamedTensor> start(JsonNode inputs) {
    Map<String, NamedTensor> state = new HashMap<>();
    put(state, WEIGHT, Golden.floats(inputs.get("W")));
    put(state, BUFFER, new float[9]);
    put(state, BANK, Golden.floats(inputs.get("bank")));
    return state;
  }

  private static void put(Map<String, NamedTensor> state, String name, float[] values) {
    state.put(name, new NamedTensor(name, List.of(3, 3), FloatBuffer.wrap(values)));
  }

  private static byte[] pixels(JsonNode image) {
    byte[] pixels = new byte[3];
    for (int i = 0; i < 3; i++) {
      pixels[i] = (byte) Math.round(10 + 10 * image.get(i).asDouble());
    }
    return pixels;
  }

  private static float[] value(TrainingGraph graph, String name) {
    try (Snapshot snapshot = graph.snapshot()) {
      FloatBuffer values = snapshot.tensors().get(name).values();
      float[] copy = new float[values.remaining()];
      values.get(copy);
      return copy;
    }
  }

  @Test
  void twoStepsOfInstDiscAgreeWithTheGoldenOnes() {
    Golden golden = Golden.only("train_step", "instdisc_two_steps");
    JsonNode inputs = golden.inputs();
    try (TrainingGraph graph = graph(inputs)) {
      graph.restore(start(inputs));
      for (int step = 0; step < 2; step++) {
        JsonNode expected = golden.expected().get("steps").get(step);
        int[] rows = Golden.ints(inputs.get("batches").get(step));
        TUint8 views = TUint8.tensorOf(Shape.of(2, 1, 1, 3));
        try (BatchLoader.Batch batch = new BatchLoader.Batch(0, step, rows)) {
          batch.views().add(views);
          ByteBuffer memory = TensorMemory.bytes(views);
          for (int row : rows) {
            memory.put(pixels(inputs.get("x").get(row)));
          }
          memory.flip();
          golden.check(graph.embed(memory, 2), expected.get("features"));
          float loss = graph.step(batch, step, inputs.get("lr").asDouble(), true).loss();
          golden.check(new float[] {loss}, expected.get("loss"));
        }
        golden.check(value(graph, WEIGHT), expected.get("W_after"));
        golden.check(value(graph, BANK), expected.get("bank_after"));
      }
    }
  }

  /**
   * Two micro-batches of one example each, at learning rate and momentum such that the update is
   * the gradient: it is the mean of the gradients that the examples have alone.
   */
  @Test
  void microBatchesAddUpTheirGradients() {
    JsonNode inputs = Golden.only("train_step", "instdisc_two_steps").inputs();
    float[][] alone = new float[2][];
    for (int example = 0; example < 2; example++) {
      try (TrainingGraph graph = graph(inputs, new Sizes(1, 1, 3, 1, 1, 1), 0, STILL)) {
        graph.restore(start(inputs));
        step(graph, inputs, example, true);
        alone[example] = value(graph, WEIGHT);
      }
    }
    try (TrainingGraph graph = graph(inputs, new Sizes(1, 2, 3, 1, 1, 1), 0, STILL)) {
      graph.restore(start(inputs));
      float[] before = value(graph, WEIGHT);
      for (int times = 0; times < 2; times++) {
        graph.restore(start(inputs));
        step(graph, inputs, 0, false);
        assertThat(value(graph, WEIGHT)).isEqualTo(before);
        step(graph, inputs, 1, true);
        float[] after = value(graph, WEIGHT);
        for (int i = 0; i < after.length; i++) {
          assertThat(after[i]).isCloseTo((alone[0][i] + alone[1][i]) / 2, within(1e-6f));
        }
      }
    }
  }

  private static void step(TrainingGraph graph, JsonNode inputs, int example, boolean isLast) {
    TUint8 views = TUint8.tensorOf(Shape.of(1, 1, 1, 3));
    TensorMemory.bytes(views).put(pixels(inputs.get("x").get(example)));
    try (BatchLoader.Batch batch = new BatchLoader.Batch(0, 0, new int[] {example})) {
      batch.views().add(views);
      graph.step(batch, 0, 0.1, isLast);
    }
  }

  /** Batch norm of x W. */
  private static final class NormNetwork implements EmbeddingNetwork {
    @Override
    public Map<String, Operand<TFloat32>> build(Layers layers, Operand<TUint8> images) {
      Ops tf = layers.ops();
      Operand<TFloat32> x =
          tf.reshape(layers.normalize(images, TENTHS), tf.constant(new int[] {-1, 3}));
      Operand<TFloat32> weight =
          layers.weights().parameter(WEIGHT, Shape.of(3, 3), Initializer.uniform(1));
      Operand<TFloat32> z = layers.batchNorm("network.norm", tf.linalg.matMul(x, weight));
      return Map.of(EMBEDDING, Layers.unitRows(tf, z), PROJECTION, z, POOLED, x);
    }
  }

  private static TrainingGraph moco(MoCo.Builder config, Sizes sizes) {
    TrainingGraph graph =
        new TrainingGraph(
            new NormNetwork(),
            Objectives.create(Objective.newBuilder().setMoco(config.setQueueLength(12)).build()),
            new MomentumSgd(Sgd.getDefaultInstance()),
            sizes,
            Precision.PRECISION_FLOAT32,
            0);
    graph.initialize(1, Map.of());
    return graph;
  }

  private static void step(TrainingGraph graph, int images, byte[] pixels, boolean isLast) {
    TUint8 views = TUint8.tensorOf(Shape.of(2L * images, 1, 1, 3));
    TensorMemory.bytes(views).put(pixels);
    try (BatchLoader.Batch batch = new BatchLoader.Batch(0, 0, new int[images])) {
      batch.views().add(views);
      graph.step(batch, 0, 0.5, isLast);
    }
  }

  private static byte[] randomPixels(int images, int seed) {
    Random random = new Random(seed);
    byte[] pixels = new byte[2 * images * 3];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) random.nextInt(60);
    }
    return pixels;
  }

  @Test
  void theMomentumEncoderFollowsTheLastMicroBatchAlone() {
    try (TrainingGraph graph =
        moco(MoCo.newBuilder().setMomentum(0.5), new Sizes(2, 2, 8, 2, 1, 1))) {
      step(graph, 2, randomPixels(2, 1), false);
      step(graph, 2, randomPixels(2, 2), true);
      float[] follower = value(graph, FOLLOWER);
      assertThat(value(graph, WEIGHT)).isNotEqualTo(follower);
      step(graph, 2, randomPixels(2, 3), false);
      assertThat(value(graph, FOLLOWER)).isEqualTo(follower);
      step(graph, 2, randomPixels(2, 4), true);
      float[] learned = value(graph, WEIGHT);
      float[] expected = new float[9];
      for (int i = 0; i < 9; i++) {
        expected[i] = (follower[i] + learned[i]) / 2;
      }
      assertThat(value(graph, FOLLOWER)).containsExactly(expected, within(1e-6f));
    }
  }

  /** One after the other, the last part would have more say than the first. */
  @Test
  void runningStatisticsFollowTheMeanOfTheSplits() {
    byte[] pixels = randomPixels(6, 5);
    try (TrainingGraph graph = moco(MoCo.newBuilder().setSplits(3), new Sizes(6, 1, 12, 2, 1, 1))) {
      float[] weight = value(graph, WEIGHT);
      step(graph, 6, pixels, true);
      for (int view = 0; view < 2; view++) {
        double[] mean = new double[3];
        for (int image = 0; image < 6; image++) {
          for (int i = 0; i < 3; i++) {
            for (int j = 0; j < 3; j++) {
              double x = (pixels[3 * (6 * view + image) + i] - 10) / 10.0;
              mean[j] += x * weight[3 * i + j] / 6;
            }
          }
        }
        String name = (view == 0 ? "" : "objective.momentum_encoder.") + "network.norm.mean";
        float[] running = value(graph, name);
        for (int j = 0; j < 3; j++) {
          assertThat((double) running[j]).as(name).isCloseTo(0.1 * mean[j], within(1e-5));
        }
      }
    }
  }

  /** Reports a count of steps that is read long after the gradients are there. */
  private static final class LateReader implements TrainingObjective {
    private int delivered = -1;

    @Override
    public List<Crop> views() {
      return List.of(Crop.OF_RECIPE);
    }

    @Override
    public Operand<TFloat32> loss(TrainingStep step) {
      Ops tf = step.tf();
      Variable count =
          step.variables().variable("objective.count", Shape.scalar(), Initializer.constant(0));
      Operand<TFloat32> late =
          tf.fill(
              tf.constant(new int[] {700, 700}),
              tf.math.mul(tf.dtypes.cast(step.number(), TFloat32.class), tf.constant(1e-3f)));
      for (int i = 0; i < 8; i++) {
        late = tf.linalg.matMul(late, late);
      }
      Operand<TFloat32> read =
          tf.withControlDependencies(List.of(late)).readVariableOp(count.handle(), TFloat32.class);
      step.measure("count", read);
      step.deliver(
          tf.fill(tf.constant(new int[] {2, 1}), tf.dtypes.cast(read, TInt32.class)),
          (rows, values) -> delivered = values.get());
      step.afterwards(
          after -> List.of(after.assignAddVariableOp(count.handle(), after.constant(1f))));
      return tf.math.mean(step.encodeViews().projection(), tf.constant(new int[] {0, 1}));
    }
  }

  @Test
  void whatIsReportedIsReadBeforeTheObjectivesStateFollows() {
    LateReader objective = new LateReader();
    try (TrainingGraph graph =
        new TrainingGraph(
            new LinearNetwork(),
            objective,
            new MomentumSgd(Sgd.getDefaultInstance()),
            new Sizes(2, 1, 3, 1, 1, 1),
            Precision.PRECISION_FLOAT32,
            0)) {
      graph.initialize(1, Map.of());
      for (int number = 0; number < 2; number++) {
        TUint8 views = TUint8.tensorOf(Shape.of(2, 1, 1, 3));
        try (BatchLoader.Batch batch = new BatchLoader.Batch(0, 0, new int[] {0, 1})) {
          batch.views().add(views);
          assertThat(graph.step(batch, number, 0, true).measures()).containsExactly((float) number);
          assertThat(objective.delivered).isEqualTo(number);
        }
      }
    }
  }

  /**
   * Measures the share of products that have 8 bits of mantissa, and that share when asked not to.
   */
  private static final class CoarseProducts implements TrainingObjective {
    @Override
    public List<Crop> views() {
      return List.of(Crop.OF_RECIPE);
    }

    @Override
    public Operand<TFloat32> loss(TrainingStep step) {
      Operand<TFloat32> rows = step.encodeViews().projection();
      step.measure("plain", coarse(step.tf(), product(step.tf(), rows)));
      step.measure("exact", coarse(step.tf(), step.inFloat32(product(step.tf(), rows))));
      step.measure("batched", coarse(step.tf(), batched(step.tf(), rows)));
      return step.tf().math.mean(rows, step.tf().constant(new int[] {0, 1}));
    }

    private static Operand<TFloat32> product(Ops tf, Operand<TFloat32> rows) {
      return tf.linalg.matMul(rows, rows, MatMul.transposeB(true));
    }

    private static Operand<TFloat32> batched(Ops tf, Operand<TFloat32> rows) {
      return tf.reshape(
          tf.train.batchMatMul(
              tf.expandDims(rows, tf.constant(0)),
              tf.expandDims(rows, tf.constant(0)),
              TFloat32.class,
              BatchMatMul.adjY(true)),
          tf.constant(new int[] {2, 2}));
    }

    private static Operand<TFloat32> coarse(Ops tf, Operand<TFloat32> product) {
      Operand<TInt32> lowBits =
          tf.bitwise.bitwiseAnd(tf.bitcast(product, TInt32.class), tf.constant(0xFFFF));
      return tf.math.mean(
          tf.dtypes.cast(tf.math.equal(lowBits, tf.constant(0)), TFloat32.class),
          tf.constant(new int[] {0, 1}));
    }
  }

  @Test
  void aProductIsIn32BitsWhereAnObjectiveAsksForIt() throws IOException {
    assumeThat(Files.readString(Path.of("/proc/cpuinfo"))).contains("avx512bw");
    try (TrainingGraph graph =
        new TrainingGraph(
            new LinearNetwork(),
            new CoarseProducts(),
            new MomentumSgd(Sgd.getDefaultInstance()),
            new Sizes(2, 1, 3, 1, 1, 1),
            Precision.PRECISION_BFLOAT16,
            0)) {
      Map<String, NamedTensor> weights = new HashMap<>();
      put(weights, WEIGHT, new float[] {0.1f, 0.7f, 0.3f, 0.9f, 0.2f, 0.6f, 0.4f, 0.8f, 0.5f});
      put(weights, BUFFER, new float[9]);
      graph.restore(weights);
      TUint8 views = TUint8.tensorOf(Shape.of(2, 1, 1, 3));
      try (BatchLoader.Batch batch = new BatchLoader.Batch(0, 0, new int[] {0, 1})) {
        batch.views().add(views);
        TensorMemory.bytes(views).put(new byte[] {1, 22, 3, 43, 5, 16});
        List<Float> shares = graph.step(batch, 0, 0, true).measures();
        assertThat(shares.get(0)).as("plain").isEqualTo(1);
        assertThat(shares.get(1)).as("exact").isZero();
        assertThat(shares.get(2)).as("batched: exact though nobody asks").isZero();
      }
    }
  }

  @Test
  void refusesAStateThatDoesNotFit() {
    JsonNode inputs = Golden.only("train_step", "instdisc_two_steps").inputs();
    try (TrainingGraph graph = graph(inputs)) {
      Map<String, NamedTensor> missing = start(inputs);
      missing.remove(BANK);
      assertThatThrownBy(() -> graph.restore(missing))
          .hasMessage("no tensor objective.memory_bank is stored");

      Map<String, NamedTensor> unknown = start(inputs);
      put(unknown, "network.other", new float[9]);
      assertThatThrownBy(() -> graph.restore(unknown))
          .hasMessage("the stored tensor network.other has no variable");

      Map<String, NamedTensor> misshapen = start(inputs);
      misshapen.put(BANK, new NamedTensor(BANK, List.of(1, 9), FloatBuffer.wrap(new float[9])));
      assertThatThrownBy(() -> graph.restore(misshapen))
          .hasMessageContaining("objective.memory_bank has shape [1, 9]");
    }
  }

  @Test
  void embedNamesABufferThatIsTooShort() {
    JsonNode inputs = Golden.only("train_step", "instdisc_two_steps").inputs();
    try (TrainingGraph graph = graph(inputs)) {
      graph.restore(start(inputs));
      assertThatThrownBy(() -> graph.embed(ByteBuffer.allocate(5), 2))
          .hasMessage("the buffer has 5 bytes, 2 images have 6");
      assertThat(graph.embed(ByteBuffer.allocate(6), 2)).hasSize(6);
    }
  }
}
