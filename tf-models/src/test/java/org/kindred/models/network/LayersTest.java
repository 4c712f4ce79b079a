package org.kindred.models.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.kindred.models.Golden;
import org.kindred.models.TestGraph;
import org.kindred.models.tensorflow.ConstantWeights;
import org.kindred.proto.artifact.v1.Normalize;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

final class LayersTest {

  /** Weights with the given values by name. */
  private static ConstantWeights weights(Ops tf, Map<String, float[]> values) {
    return new ConstantWeights(tf, (target, name, initial, number) -> target.put(values.get(name)));
  }

  private static void checkConvolution(String name, int stride) {
    Golden golden = Golden.only("layers", name);
    try (TestGraph graph = new TestGraph()) {
      Layers layers =
          Layers.forTraining(
              graph.tf(),
              weights(
                  graph.tf(), Map.of("c.kernel", Golden.floats(golden.inputs().get("kernel")))));
      Operand<TFloat32> image =
          graph.constant(Golden.floats(golden.inputs().get("image")), 1, 4, 4, 1);
      golden.check(
          graph.fetch(layers.convolution("c", image, 3, stride, 1)).get(0),
          golden.expected().get("out"));
    }
  }

  @Test
  void convolutionOfStride1PadsSymmetrically() {
    checkConvolution("conv3x3_stride1_pad1", 1);
  }

  @Test
  void convolutionOfStride2PadsSymmetrically() {
    checkConvolution("conv3x3_stride2_pad1", 2);
  }

  private static Map<String, float[]> normWeights(Golden golden) {
    return Map.of(
        "n.scale", Golden.floats(golden.inputs().get("gamma")),
        "n.shift", Golden.floats(golden.inputs().get("beta")),
        "n.mean", Golden.floats(golden.inputs().get("running_mean")),
        "n.variance", Golden.floats(golden.inputs().get("running_var")));
  }

  @Test
  void batchNormNormalisesByTheBatchAndKeepsTheUnbiasedVariance() {
    Golden golden = Golden.only("layers", "batchnorm_train");
    try (TestGraph graph = new TestGraph()) {
      Layers layers = Layers.forTraining(graph.tf(), weights(graph.tf(), normWeights(golden)));
      Operand<TFloat32> y =
          layers.batchNorm(
              "n", graph.constant(Golden.floats(golden.inputs().get("x")), 4, 1, 1, 2));
      List<float[]> got =
          graph.fetch(
              y,
              layers.statisticUpdates().get("n.mean"),
              layers.statisticUpdates().get("n.variance"));
      golden.check(got.get(0), golden.expected().get("y"));
      golden.check(got.get(1), golden.expected().get("running_mean"));
      golden.check(got.get(2), golden.expected().get("running_var"));
    }
  }

  @Test
  void batchNormNormalisesByTheRunningStatisticsInEvaluation() {
    Golden golden = Golden.only("layers", "batchnorm_train");
    try (TestGraph graph = new TestGraph()) {
      Layers layers = Layers.forEvaluation(graph.tf(), weights(graph.tf(), normWeights(golden)));
      Operand<TFloat32> y =
          layers.batchNorm("n", graph.constant(new float[] {1, 2, 3, 4}, 2, 1, 1, 2));
      // Mean 0, variance 1, epsilon 1e-5; scales 1.5 and 0.5, shifts 0.1 and -0.2.
      assertThat(graph.fetch(y).get(0))
          .containsExactly(new float[] {1.6f, 0.8f, 4.6f, 1.8f}, within(5e-5f));
      assertThat(layers.statisticUpdates()).isEmpty();
    }
  }

  @Test
  void unitRowsAndTheirGradient() {
    Golden golden = Golden.only("l2norm", "forward_backward");
    try (TestGraph graph = new TestGraph()) {
      Ops tf = graph.tf();
      Operand<TFloat32> z = graph.constant(Golden.floats(golden.inputs().get("z")), 2, 3);
      Operand<TFloat32> upstream =
          graph.constant(Golden.floats(golden.inputs().get("upstream")), 2, 3);
      Operand<TFloat32> f = Layers.unitRows(tf, z);
      Operand<TFloat32> sum = tf.sum(tf.math.mul(f, upstream), tf.constant(new int[] {0, 1}));
      List<float[]> got = graph.fetch(f, graph.gradient(sum, z));
      golden.check(got.get(0), golden.expected().get("f"));
      golden.check(got.get(1), golden.expected().get("grad_z"));
    }
  }

  @Test
  void zeroRowStaysZeroAndHasAFiniteGradient() {
    Golden golden = Golden.only("l2norm", "zero_row");
    try (TestGraph graph = new TestGraph()) {
      Ops tf = graph.tf();
      Operand<TFloat32> z = graph.constant(Golden.floats(golden.inputs().get("z")), 2, 3);
      Operand<TFloat32> f = Layers.unitRows(tf, z);
      Operand<TFloat32> sum = tf.sum(f, tf.constant(new int[] {0, 1}));
      List<float[]> got = graph.fetch(f, graph.gradient(sum, z));
      golden.check(got.get(0), golden.expected().get("f"));
      for (float value : got.get(1)) {
        assertThat(Float.isFinite(value)).isTrue();
      }
    }
  }

  @Test
  void linearAddsTheBias() {
    try (TestGraph graph = new TestGraph()) {
      Layers layers =
          Layers.forTraining(
              graph.tf(),
              weights(
                  graph.tf(),
                  Map.of("l.weight", new float[] {1, 2, 3, 4}, "l.bias", new float[] {10, 20})));
      Operand<TFloat32> y = layers.linear("l", graph.constant(new float[] {1, 1}, 1, 2), 2);
      assertThat(graph.fetch(y).get(0)).containsExactly(14, 26);
    }
  }

  @Test
  void normalizesEachChannelOfThePixels() {
    try (TestGraph graph = new TestGraph()) {
      Ops tf = graph.tf();
      Operand<TUint8> pixel =
          tf.dtypes.cast(
              tf.constant(Shape.of(1, 1, 1, 3), DataBuffers.of(0, 255, 51)), TUint8.class);
      Layers layers = Layers.forEvaluation(tf, weights(tf, Map.of()));
      float[] got = graph.fetch(layers.normalize(pixel, Normalize.getDefaultInstance())).get(0);
      assertThat(got)
          .containsExactly(
              new float[] {-0.4914f / 0.2023f, (1 - 0.4822f) / 0.1994f, (0.2f - 0.4465f) / 0.2010f},
              within(1e-5f));
    }
  }
}
