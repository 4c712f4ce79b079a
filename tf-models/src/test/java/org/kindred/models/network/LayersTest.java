package org.kindred.models.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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

  @Test
  void maxPoolingPadsWithLessThanAnyValue() {
    Golden golden = Golden.only("layers", "maxpool3x3_stride2_pad1");
    float[] image = Golden.floats(golden.inputs().get("image"));
    try (TestGraph graph = new TestGraph()) {
      Layers layers = Layers.forEvaluation(graph.tf(), weights(graph.tf(), Map.of()));
      golden.check(
          graph.fetch(layers.maxPool(graph.constant(image, 1, 4, 4, 1), 3, 1)).get(0),
          golden.expected().get("out"));
      for (int i = 0; i < image.length; i++) {
        image[i] -= 100;
      }
      Operand<TFloat32> negative = graph.constant(image, 1, 4, 4, 1);
      Operand<TFloat32> pooled = layers.maxPool(negative, 3, 1);
      assertThat(graph.fetch(pooled).get(0)).containsExactly(-95, -93, -87, -85);
      Operand<TFloat32> sum = graph.tf().sum(pooled, graph.tf().constant(new int[] {0, 1, 2, 3}));
      float[] gradient = new float[16];
      gradient[5] = gradient[7] = gradient[13] = gradient[15] = 1;
      assertThat(graph.fetch(graph.gradient(sum, negative)).get(0)).containsExactly(gradient);
    }
  }

  @ParameterizedTest
  @CsvSource({"7, 3", "7, 7", "12, 5", "5, 1", "8, 4", "56, 12"})
  void adaptiveAverageHasPyTorchsWindows(int side, int grid) {
    int images = 2;
    int channels = 3;
    Random random = new Random(3);
    float[] maps = new float[images * side * side * channels];
    for (int i = 0; i < maps.length; i++) {
      maps[i] = random.nextFloat();
    }
    try (TestGraph graph = new TestGraph()) {
      Layers layers = Layers.forEvaluation(graph.tf(), weights(graph.tf(), Map.of()));
      Operand<TFloat32> input = graph.constant(maps, images, side, side, channels);
      Operand<TFloat32> means = layers.adaptiveAverage(input, grid);
      assertThat(means.shape()).isEqualTo(Shape.of(images, (long) grid * grid * channels));
      float[] got = graph.fetch(means).get(0);
      int at = 0;
      for (int image = 0; image < images; image++) {
        for (int y = 0; y < grid; y++) {
          for (int x = 0; x < grid; x++) {
            for (int channel = 0; channel < channels; channel++) {
              double sum = 0;
              int count = 0;
              for (int i = y * side / grid; i < Math.ceil((y + 1.0) * side / grid); i++) {
                for (int j = x * side / grid; j < Math.ceil((x + 1.0) * side / grid); j++) {
                  sum += maps[((image * side + i) * side + j) * channels + channel];
                  count++;
                }
              }
              assertThat((double) got[at++]).isCloseTo(sum / count, within(1e-5));
            }
          }
        }
      }
    }
  }

  @Test
  void topLeftCutsTheOtherRowsAndColumnsOff() {
    try (TestGraph graph = new TestGraph()) {
      Layers layers = Layers.forEvaluation(graph.tf(), weights(graph.tf(), Map.of()));
      Operand<TFloat32> map = graph.constant(new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9}, 1, 3, 3, 1);
      Operand<TFloat32> cut = layers.topLeft(map, 2);
      assertThat(cut.shape()).isEqualTo(Shape.of(1, 2, 2, 1));
      assertThat(graph.fetch(cut).get(0)).containsExactly(1, 2, 4, 5);
      Operand<TFloat32> sum = graph.tf().sum(cut, graph.tf().constant(new int[] {0, 1, 2, 3}));
      assertThat(graph.fetch(graph.gradient(sum, map)).get(0))
          .containsExactly(1, 1, 0, 1, 1, 0, 0, 0, 0);
    }
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
  void batchNormOfRowsIsThatOfMapsOfOnePixel() {
    Golden golden = Golden.only("layers", "batchnorm_train");
    try (TestGraph graph = new TestGraph()) {
      Layers layers = Layers.forTraining(graph.tf(), weights(graph.tf(), normWeights(golden)));
      Operand<TFloat32> y =
          layers.batchNorm("n", graph.constant(Golden.floats(golden.inputs().get("x")), 4, 2));
      assertThat(y.shape()).isEqualTo(Shape.of(4, 2));
      golden.check(graph.fetch(y).get(0), golden.expected().get("y"));
      golden.check(
          graph.fetch(layers.statisticUpdates().get("n.variance")).get(0),
          golden.expected().get("running_var"));
    }
  }

  /** As PyTorch does when a network is called on one batch, then on another. */
  @Test
  void statisticsTakeInOnePassAfterTheOther() {
    try (TestGraph graph = new TestGraph()) {
      Layers layers =
          Layers.forTraining(
              graph.tf(),
              weights(
                  graph.tf(),
                  Map.of(
                      "n.scale", new float[] {1},
                      "n.shift", new float[] {0},
                      "n.mean", new float[] {10},
                      "n.variance", new float[] {4})));
      layers.batchNorm("n", graph.constant(new float[] {1, 3}, 2, 1, 1, 1));
      layers.batchNorm("n", graph.constant(new float[] {0, 6, 0}, 3, 1, 1, 1));
      List<float[]> got =
          graph.fetch(
              layers.statisticUpdates().get("n.mean"), layers.statisticUpdates().get("n.variance"));
      // Means 2 and 2, unbiased variances 2 and 12.
      assertThat(got.get(0)).containsExactly(new float[] {8.1f + 0.18f + 0.2f}, within(1e-5f));
      assertThat(got.get(1)).containsExactly(new float[] {3.24f + 0.18f + 1.2f}, within(1e-5f));
      assertThat(layers.statisticUpdates()).hasSize(2);
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

  /** Of the golden image the pixels whose values, times 255, are whole. */
  @Test
  void normalizesAsTheGoldenImageIs() {
    Golden golden = Golden.only("image_ops", "normalise_cifar");
    float[] mean = Golden.floats(golden.inputs().get("mean"));
    float[] std = Golden.floats(golden.inputs().get("std"));
    Normalize normalize =
        Normalize.newBuilder()
            .setMeanRed(mean[0])
            .setMeanGreen(mean[1])
            .setMeanBlue(mean[2])
            .setStdRed(std[0])
            .setStdGreen(std[1])
            .setStdBlue(std[2])
            .build();
    for (int[] at : new int[][] {{0, 0}, {1, 1}}) {
      float[] values = Golden.floats(golden.inputs().get("image").get(at[0]).get(at[1]));
      int[] pixel = new int[3];
      for (int channel = 0; channel < 3; channel++) {
        pixel[channel] = Math.round(255 * values[channel]);
        assertThat(pixel[channel] / 255.0).isCloseTo(values[channel], within(1e-6));
      }
      try (TestGraph graph = new TestGraph()) {
        Ops tf = graph.tf();
        Operand<TUint8> image =
            tf.dtypes.cast(tf.constant(Shape.of(1, 1, 1, 3), DataBuffers.of(pixel)), TUint8.class);
        Layers layers = Layers.forEvaluation(tf, weights(tf, Map.of()));
        assertThat(graph.fetch(layers.normalize(image, normalize)).get(0))
            .containsExactly(
                Golden.floats(golden.expected().get("image").get(at[0]).get(at[1])), within(1e-5f));
      }
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
