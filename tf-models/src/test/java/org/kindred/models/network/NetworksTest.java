package org.kindred.models.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kindred.models.TestGraph;
import org.kindred.models.tensorflow.Variables.Variable;
import org.kindred.proto.artifact.v1.Architecture;
import org.kindred.proto.artifact.v1.Network;
import org.kindred.proto.artifact.v1.Normalize;
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

final class NetworksTest {

  private static Network network(Architecture architecture, int dimension) {
    return Network.newBuilder()
        .setArchitecture(architecture)
        .setEmbeddingDimension(dimension)
        .build();
  }

  private static Map<String, Operand<TFloat32>> build(
      TestGraph graph, Layers layers, Network network) {
    Operand<TUint8> images =
        graph.tf().placeholder(TUint8.class, Placeholder.shape(Shape.of(2, 32, 32, 3)));
    return Networks.create(network, Normalize.getDefaultInstance()).build(layers, images);
  }

  @ParameterizedTest
  @CsvSource({
    "ARCHITECTURE_RESNET18_CIFAR, 128, 11168832, 65664, 512",
    "ARCHITECTURE_RESNET10_HALF, 128, 1226400, 32896, 256",
    "ARCHITECTURE_RESNET10_HALF, 16, 1226400, 4112, 256",
  })
  void hasThePublishedNumberOfParameters(
      Architecture architecture, int dimension, long backbone, long head, long width) {
    try (TestGraph graph = new TestGraph()) {
      Layers layers = Layers.forTraining(graph.tf(), graph.variables());
      Map<String, Operand<TFloat32>> outputs =
          build(graph, layers, network(architecture, dimension));
      assertThat(parameters(graph, "network.head.")).isEqualTo(head);
      assertThat(parameters(graph, "network.")).isEqualTo(backbone + head);
      assertThat(outputs.keySet()).containsExactly("embedding", "pooled");
      assertThat(outputs.get("embedding").shape()).isEqualTo(Shape.of(2, dimension));
      assertThat(outputs.get("pooled").shape()).isEqualTo(Shape.of(2, width));
    }
  }

  private static long parameters(TestGraph graph, String prefix) {
    return graph.variables().parameters().stream()
        .filter(parameter -> parameter.name().startsWith(prefix))
        .mapToLong(parameter -> parameter.shape().size())
        .sum();
  }

  @Test
  void stagesHalveTheImageThreeTimes() {
    try (TestGraph graph = new TestGraph()) {
      Layers layers = Layers.forTraining(graph.tf(), graph.variables());
      Operand<TFloat32> pooled = build(graph, layers, Network.getDefaultInstance()).get("pooled");
      Operand<?> map = ((GraphOperation) pooled.op()).inputs().iterator().next();
      assertThat(map.shape()).isEqualTo(Shape.of(2, 4, 4, 512));
      // A batch norm for each convolution: stem, 16 in blocks, 3 shortcuts; two statistics each.
      assertThat(layers.statisticUpdates()).hasSize(2 * (1 + 16 + 3));
    }
  }

  @Test
  void buildingTwiceSharesTheWeights() {
    try (TestGraph graph = new TestGraph()) {
      Network small = network(Architecture.ARCHITECTURE_RESNET10_HALF, 16);
      build(graph, Layers.forTraining(graph.tf(), graph.variables()), small);
      int variables = graph.variables().names().size();
      Layers evaluation = Layers.forEvaluation(graph.tf(), graph.variables());
      build(graph, evaluation, small);
      assertThat(graph.variables().names()).hasSize(variables);
      assertThat(evaluation.statisticUpdates()).isEmpty();
    }
  }

  @Test
  void initialWeightsAreUniformWithinTheFanInBound() {
    try (TestGraph graph = new TestGraph()) {
      Layers layers = Layers.forTraining(graph.tf(), graph.variables());
      build(graph, layers, network(Architecture.ARCHITECTURE_RESNET10_HALF, 64));
      graph.initialize(5);
      checkUniform(value(graph, "network.stage3.block1.2.conv.kernel"), 3 * 3 * 128);
      checkUniform(value(graph, "network.head.weight"), 256);
      checkUniform(value(graph, "network.head.bias"), 256);
      assertThat(value(graph, "network.stem.norm.scale")).containsOnly(1);
      assertThat(value(graph, "network.stem.norm.shift")).containsOnly(0);
      assertThat(value(graph, "network.stem.norm.mean")).containsOnly(0);
      assertThat(value(graph, "network.stem.norm.variance")).containsOnly(1);

      float[] kernel = value(graph, "network.stem.conv.kernel");
      graph.initialize(6);
      assertThat(value(graph, "network.stem.conv.kernel")).isNotEqualTo(kernel);
      graph.initialize(5);
      assertThat(value(graph, "network.stem.conv.kernel")).isEqualTo(kernel);
    }
  }

  private static float[] value(TestGraph graph, String name) {
    return graph.fetch(graph.variables().get(name).value()).get(0);
  }

  private static void checkUniform(float[] values, int fanIn) {
    double bound = 1 / Math.sqrt(fanIn);
    double squares = 0;
    for (float value : values) {
      assertThat((double) value).isBetween(-bound, bound);
      squares += (double) value * value;
    }
    // The variance of U(-b, b) is b^2 / 3.
    assertThat(squares / values.length).isBetween(0.6 * bound * bound / 3, 1.4 * bound * bound / 3);
  }

  @Test
  void noTwoParametersStartAlike() {
    try (TestGraph graph = new TestGraph()) {
      Layers layers = Layers.forTraining(graph.tf(), graph.variables());
      build(graph, layers, network(Architecture.ARCHITECTURE_RESNET10_HALF, 256));
      graph.initialize(5);
      Set<String> signs = new HashSet<>();
      for (Variable parameter : graph.variables().parameters()) {
        if (!parameter.name().contains(".norm.")) {
          StringBuilder start = new StringBuilder();
          for (float value : Arrays.copyOf(value(graph, parameter.name()), 64)) {
            start.append(value < 0 ? '-' : '+');
          }
          assertThat(signs.add(start.toString())).as(parameter.name()).isTrue();
        }
      }
      assertThat(signs).hasSizeGreaterThan(10);
    }
  }

  @Test
  void namesWhatIsNotSet() {
    assertThatThrownBy(
            () ->
                Networks.create(
                    network(Architecture.ARCHITECTURE_UNSPECIFIED, 128),
                    Normalize.getDefaultInstance()))
        .hasMessageContaining("network.architecture");
    assertThatThrownBy(
            () ->
                Networks.create(
                    network(Architecture.ARCHITECTURE_RESNET18_CIFAR, 0),
                    Normalize.getDefaultInstance()))
        .hasMessageContaining("network.embedding_dimension is 0");
  }
}
