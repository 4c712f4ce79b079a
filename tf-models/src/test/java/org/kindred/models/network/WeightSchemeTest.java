package org.kindred.models.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;
import static org.kindred.models.network.SmallNetworks.build;
import static org.kindred.models.network.SmallNetworks.network;
import static org.kindred.models.network.SmallNetworks.value;
import static org.kindred.models.network.SmallNetworks.withHead;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.kindred.models.TestGraph;
import org.kindred.models.tensorflow.Variables.Variable;
import org.kindred.proto.artifact.v1.Architecture;
import org.kindred.proto.artifact.v1.Head;
import org.kindred.proto.artifact.v1.Initialization;
import org.kindred.proto.artifact.v1.MlpHead;
import org.kindred.proto.artifact.v1.Network;

final class WeightSchemeTest {

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
  void initialWeightsAreNormalByFanOutAndXavierWhereThatIsChosen() {
    try (TestGraph graph = new TestGraph()) {
      Network network =
          withHead(
                  Architecture.ARCHITECTURE_RESNET10_HALF,
                  Head.newBuilder().setMlp(MlpHead.newBuilder().setBatchNorm(true)))
              .toBuilder()
              .setInitialization(Initialization.INITIALIZATION_HE_NORMAL)
              .build();
      build(graph, Layers.forTraining(graph.tf(), graph.variables()), network);
      graph.initialize(5);
      float[] kernel = value(graph, "network.stage4.block1.1.conv.kernel");
      double deviation = Math.sqrt(2.0 / (3 * 3 * 256));
      double squares = 0;
      int beyond = 0;
      for (float value : kernel) {
        squares += (double) value * value;
        beyond += Math.abs(value) > 2 * deviation ? 1 : 0;
      }
      assertThat(squares / kernel.length).isCloseTo(deviation * deviation, withinPercentage(2));
      assertThat((double) beyond / kernel.length).isBetween(0.043, 0.048);
      double bound = Math.sqrt(6.0 / (256 + 256));
      float[] hidden = value(graph, "network.head.hidden.weight");
      squares = 0;
      for (float value : hidden) {
        assertThat((double) value).isBetween(-bound, bound);
        squares += (double) value * value;
      }
      assertThat(squares / hidden.length).isCloseTo(bound * bound / 3, withinPercentage(2));
      assertThat(value(graph, "network.head.bias")).containsOnly(0);
      assertThat(value(graph, "network.head.hidden.bias")).containsOnly(0);
      assertThat(value(graph, "network.head.hidden.norm.scale")).containsOnly(1);
    }
  }
}
