package org.kindred.models.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.kindred.models.network.SmallNetworks.build;
import static org.kindred.models.network.SmallNetworks.network;
import static org.kindred.models.network.SmallNetworks.parameters;
import static org.kindred.models.network.SmallNetworks.pixels;
import static org.kindred.models.network.SmallNetworks.value;
import static org.kindred.models.network.SmallNetworks.withHead;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.kindred.models.TestGraph;
import org.kindred.proto.artifact.v1.Architecture;
import org.kindred.proto.artifact.v1.Head;
import org.kindred.proto.artifact.v1.LinearHead;
import org.kindred.proto.artifact.v1.MlpHead;
import org.kindred.proto.artifact.v1.Network;
import org.kindred.proto.artifact.v1.Normalize;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

final class ProjectionHeadTest {

  /** Methods.md 1.3: InstDisc's and InvaSpread's head, InvP's MLP, SwAV's. */
  @Test
  void headsHaveThePublishedNumberOfParameters() {
    Architecture cifar = Architecture.ARCHITECTURE_RESNET18_CIFAR;
    Architecture imageNet = Architecture.ARCHITECTURE_RESNET50;
    Head.Builder linear = Head.newBuilder().setLinear(LinearHead.getDefaultInstance());
    Head.Builder mlp = Head.newBuilder().setMlp(MlpHead.getDefaultInstance());
    Head.Builder swav =
        Head.newBuilder().setMlp(MlpHead.newBuilder().setHidden(2048).setBatchNorm(true));
    assertThat(headParameters(network(cifar, 128))).isEqualTo(65_664);
    assertThat(headParameters(withHead(cifar, linear))).isEqualTo(65_664);
    assertThat(headParameters(withHead(cifar, mlp))).isEqualTo(512 * 512 + 512 + 65_664);
    assertThat(headParameters(withHead(cifar, swav)))
        .isEqualTo(512 * 2048 + 2048 + 2 * 2048 + 2048 * 128 + 128);
    assertThat(headParameters(withHead(imageNet, mlp)))
        .isEqualTo(2048 * 2048 + 2048 + 2048 * 128 + 128);
  }

  private static long headParameters(Network network) {
    try (TestGraph graph = new TestGraph()) {
      build(graph, Layers.forTraining(graph.tf(), graph.variables()), network, 64);
      return parameters(graph, "network.head.");
    }
  }

  @Test
  void theMlpIsARectifiedLinearLayerBeforeTheLinearOne() {
    try (TestGraph graph = new TestGraph()) {
      Network network =
          withHead(
              Architecture.ARCHITECTURE_RESNET10_HALF,
              Head.newBuilder().setMlp(MlpHead.newBuilder().setHidden(5)));
      Map<String, Operand<TFloat32>> outputs =
          Networks.create(
                  network.toBuilder().setEmbeddingDimension(3).build(),
                  Normalize.getDefaultInstance())
              .build(Layers.forEvaluation(graph.tf(), graph.variables()), pixels(graph, 8));
      graph.initialize(3);
      List<float[]> got =
          graph.fetch(outputs.get("pooled"), outputs.get("projection"), outputs.get("embedding"));
      float[] weight = value(graph, "network.head.hidden.weight");
      float[] bias = value(graph, "network.head.hidden.bias");
      float[] top = value(graph, "network.head.weight");
      float[] topBias = value(graph, "network.head.bias");
      for (int row = 0; row < 3; row++) {
        double[] projection = new double[3];
        double squares = 0;
        for (int i = 0; i < 3; i++) {
          projection[i] = topBias[i];
          for (int h = 0; h < 5; h++) {
            double hidden = bias[h];
            for (int c = 0; c < 256; c++) {
              hidden += got.get(0)[row * 256 + c] * weight[c * 5 + h];
            }
            projection[i] += Math.max(0, hidden) * top[h * 3 + i];
          }
          squares += projection[i] * projection[i];
        }
        for (int i = 0; i < 3; i++) {
          assertThat((double) got.get(1)[row * 3 + i]).isCloseTo(projection[i], within(1e-4));
          assertThat((double) got.get(2)[row * 3 + i])
              .isCloseTo(projection[i] / Math.sqrt(squares), within(1e-4));
        }
      }
    }
  }
}
