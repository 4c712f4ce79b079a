package org.kindred.models.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.kindred.models.network.SmallNetworks.build;
import static org.kindred.models.network.SmallNetworks.network;
import static org.kindred.models.network.SmallNetworks.parameters;
import static org.kindred.models.network.SmallNetworks.pixels;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kindred.models.TestGraph;
import org.kindred.proto.artifact.v1.Architecture;
import org.kindred.proto.artifact.v1.Network;
import org.kindred.proto.artifact.v1.Normalize;
import org.kindred.proto.artifact.v1.Pooling;
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

final class NetworksTest {

  /**
   * Figures of the papers' references and of torchvision, whose counts have a linear layer of 1,000
   * classes on top: 513,000 values from 512 features, 2,049,000 from 2,048, 4,097,000 from 4,096.
   */
  @ParameterizedTest
  @CsvSource({
    "ARCHITECTURE_RESNET18_CIFAR, 11168832, 512",
    "ARCHITECTURE_RESNET10_HALF, 1226400, 256",
    // As CIFAR ResNet-18 beside ResNet-18: a kernel of 3x3x3 in place of 7x7x3.
    "ARCHITECTURE_RESNET34_CIFAR, 21276992, 512",
    "ARCHITECTURE_RESNET18, 11176512, 512",
    "ARCHITECTURE_RESNET34, 21284672, 512",
    "ARCHITECTURE_RESNET50, 23508032, 2048",
    "ARCHITECTURE_RESNET50_W2, 93907072, 4096",
    "ARCHITECTURE_ALEXNET, 58299104, 4096",
    "ARCHITECTURE_VGG16_BN, 134281152, 4096",
  })
  void hasThePublishedNumberOfParameters(Architecture architecture, long backbone, int width) {
    try (TestGraph graph = new TestGraph()) {
      Layers layers = Layers.forTraining(graph.tf(), graph.variables());
      Map<String, Operand<TFloat32>> outputs =
          build(graph, layers, network(architecture, 1000), 224);
      assertThat(parameters(graph, "network.") - parameters(graph, "network.head."))
          .isEqualTo(backbone);
      assertThat(outputs.keySet()).startsWith("embedding", "projection", "pooled");
      assertThat(outputs.get("pooled").shape()).isEqualTo(Shape.of(2, width));
      long withClasses = parameters(graph, "network.");
      switch (architecture) {
        case ARCHITECTURE_RESNET18 -> assertThat(withClasses).isEqualTo(11_689_512);
        case ARCHITECTURE_RESNET34 -> assertThat(withClasses).isEqualTo(21_797_672);
        case ARCHITECTURE_RESNET50 -> assertThat(withClasses).isEqualTo(25_557_032);
        case ARCHITECTURE_RESNET34_CIFAR ->
            assertThat(withClasses).isEqualTo(21_797_672 - (7 * 7 - 3 * 3) * 3 * 64);
        case ARCHITECTURE_VGG16_BN -> {
          // No biases in 13 convolutions; scale and shift for fc6 and fc7.
          int biases = 2 * 64 + 2 * 128 + 3 * 256 + 6 * 512;
          assertThat(withClasses).isEqualTo(138_365_992 - biases + 2 * 2 * 4096);
        }
        case ARCHITECTURE_ALEXNET -> {
          // Kernels, fc6 and fc7 with biases, scale and shift of each of the seven.
          long kernels = 121 * 3 * 96 + 25 * 96 * 256 + 9 * (256 * 384 + 384 * 384 + 384 * 256L);
          long hidden = 6 * 6 * 256 * 4096 + 4096 + 4096 * 4096 + 4096;
          long norms = 2 * (96 + 256 + 384 + 384 + 256 + 4096 + 4096);
          assertThat(backbone).isEqualTo(kernels + hidden + norms);
        }
        case ARCHITECTURE_RESNET50_W2 -> assertThat(backbone).isEqualTo(bottlenecks(128));
        default -> assertThat(withClasses).isEqualTo(backbone + 1000L * (width + 1));
      }
      assertThat(bottlenecks(64)).isEqualTo(25_557_032 - 2_049_000);
    }
  }

  /** Values of a ResNet-50 whose stem has so many channels: kernels, and two for each channel. */
  private static long bottlenecks(long stem) {
    long values = 7 * 7 * 3 * stem + 2 * stem;
    long inputs = stem;
    int[] blocks = {3, 4, 6, 3};
    for (int stage = 0; stage < 4; stage++) {
      long width = stem << stage;
      long outputs = 4 * width;
      for (int block = 0; block < blocks[stage]; block++) {
        values += inputs * width + 9 * width * width + width * outputs + 2 * (2 * width + outputs);
        values += block == 0 ? inputs * outputs + 2 * outputs : 0;
        inputs = outputs;
      }
    }
    return values;
  }

  /** The 17 of Invariance Propagation's reference. */
  @Test
  void layersOfResNet50HaveTheSizesOfLinearEvaluation() {
    try (TestGraph graph = new TestGraph()) {
      Map<String, Operand<TFloat32>> outputs =
          build(
              graph,
              Layers.forEvaluation(graph.tf(), graph.variables()),
              network(Architecture.ARCHITECTURE_RESNET50, 128),
              224);
      int[] blocks = {3, 4, 6, 3};
      long[] sizes = {6 * 6 * 256, 4 * 4 * 512, 3 * 3 * 1024, 2048};
      Map<String, Shape> expected = new LinkedHashMap<>();
      expected.put("embedding", Shape.of(2, 128));
      expected.put("projection", Shape.of(2, 128));
      expected.put("pooled", Shape.of(2, 2048));
      expected.put("stem", Shape.of(2, 12 * 12 * 64));
      for (int stage = 1; stage <= 4; stage++) {
        for (int block = 1; block <= blocks[stage - 1]; block++) {
          expected.put("stage" + stage + ".block" + block, Shape.of(2, sizes[stage - 1]));
        }
      }
      Map<String, Shape> shapes = new LinkedHashMap<>();
      outputs.forEach((name, rows) -> shapes.put(name, rows.shape()));
      assertThat(shapes).containsExactlyEntriesOf(expected).hasSize(3 + 17);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "ARCHITECTURE_ALEXNET, 224, 9600 9216 9600 9600 9216",
    "ARCHITECTURE_ALEXNET, 63, 4704 2304 3456 3456 256",
    "ARCHITECTURE_VGG16_BN, 224, 9216 9216 8192 8192 9216 9216 9216 8192 8192 8192 8192 8192 8192",
  })
  void layersOfPlainNetworksAreNumberedConvolutions(
      Architecture architecture, int side, String sizes) {
    NetworkSize size = NetworkSize.of(network(architecture, 128), side);
    String[] expected = sizes.split(" ", -1);
    for (int i = 0; i < expected.length; i++) {
      assertThat(size.layers()).containsEntry("conv" + (i + 1), Integer.parseInt(expected[i]));
    }
    assertThat(size.layers()).hasSize(3 + expected.length);
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

  /** As multi-crop does: views of two sizes, one pass for each. */
  @Test
  void runningStatisticsTakeInEachPassOfAStep() {
    try (TestGraph graph = new TestGraph()) {
      EmbeddingNetwork network =
          Networks.create(
              network(Architecture.ARCHITECTURE_RESNET10_HALF, 4), Normalize.getDefaultInstance());
      Operand<TUint8> large = pixels(graph, 12);
      Operand<TUint8> small = pixels(graph, 8);
      Layers both = Layers.forTraining(graph.tf(), graph.variables());
      Operand<TFloat32> first = network.build(both, large).get("embedding");
      int variables = graph.variables().names().size();
      Operand<TFloat32> second = network.build(both, small).get("embedding");
      assertThat(graph.variables().names()).hasSize(variables);
      Layers onlyLarge = Layers.forTraining(graph.tf(), graph.variables());
      Operand<TFloat32> alone = network.build(onlyLarge, large).get("embedding");
      Layers onlySmall = Layers.forTraining(graph.tf(), graph.variables());
      network.build(onlySmall, small);
      graph.initialize(2);
      assertThat(graph.fetch(first).get(0))
          .containsExactly(graph.fetch(alone).get(0), within(1e-4f));
      assertThat(second.shape()).isEqualTo(first.shape());
      assertThat(both.statisticUpdates().keySet()).isEqualTo(onlyLarge.statisticUpdates().keySet());
      for (String name :
          List.of("network.stem.norm.mean", "network.stage2.block1.2.norm.variance")) {
        List<float[]> got =
            graph.fetch(
                both.statisticUpdates().get(name),
                onlyLarge.statisticUpdates().get(name),
                onlySmall.statisticUpdates().get(name));
        float start = name.endsWith("mean") ? 0 : 1;
        for (int i = 0; i < got.get(0).length; i++) {
          double batch = (got.get(2)[i] - 0.9 * start) / 0.1;
          assertThat((double) got.get(0)[i])
              .as(name)
              .isCloseTo(0.9 * got.get(1)[i] + 0.1 * batch, within(1e-4));
        }
      }
    }
  }

  /** InvaSpread's reference on STL-10. */
  @Test
  void theWindowSeesTheFirstSevenRowsAndColumns() {
    Network network =
        network(Architecture.ARCHITECTURE_RESNET10_HALF, 4).toBuilder()
            .setPooling(Pooling.POOLING_WINDOW_7X7)
            .build();
    try (TestGraph graph = new TestGraph()) {
      // A map of 7 x 7 has nothing else.
      Operand<TUint8> images = pixels(graph, 112);
      Layers layers = Layers.forEvaluation(graph.tf(), graph.variables());
      Operand<TFloat32> window =
          Networks.create(network, Normalize.getDefaultInstance())
              .build(layers, images)
              .get("pooled");
      Operand<TFloat32> global =
          Networks.create(
                  network.toBuilder().clearPooling().build(), Normalize.getDefaultInstance())
              .build(layers, images)
              .get("pooled");
      graph.initialize(1);
      assertThat(graph.fetch(window).get(0))
          .containsExactly(graph.fetch(global).get(0), within(1e-5f));
    }
    try (TestGraph graph = new TestGraph()) {
      // A map of 12 x 12 has more, and what is right of it or below the window changes nothing.
      Operand<TUint8> images = pixels(graph, 192);
      Layers layers = Layers.forEvaluation(graph.tf(), graph.variables());
      Operand<TFloat32> window =
          Networks.create(network, Normalize.getDefaultInstance())
              .build(layers, images)
              .get("pooled");
      Operand<TFloat32> global =
          Networks.create(
                  network.toBuilder().clearPooling().build(), Normalize.getDefaultInstance())
              .build(layers, images)
              .get("pooled");
      graph.initialize(1);
      float[] ofWindow = graph.fetch(window).get(0);
      assertThat(ofWindow).hasSameSizeAs(graph.fetch(global).get(0));
      assertThat(ofWindow).isNotEqualTo(graph.fetch(global).get(0));
    }
    assertThat(NetworkSize.of(network, 192).layers()).containsEntry("pooled", 256);
    for (int side : new int[] {96, 224}) {
      assertThatThrownBy(() -> NetworkSize.of(network, side))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "network.pooling is window_7x7, but the last map of the images has %1$d x %1$d values: valid are 7 to 13, or global_average",
              side / 16);
    }
    assertThatThrownBy(
            () ->
                NetworkSize.of(
                    network.toBuilder().setArchitecture(Architecture.ARCHITECTURE_ALEXNET).build(),
                    224))
        .hasMessageContaining("network.pooling is window_7x7")
        .hasMessageContaining("alexnet");
  }

  @Test
  void namesTheLayerThatImagesAreTooSmallFor() {
    assertThatThrownBy(() -> NetworkSize.of(network(Architecture.ARCHITECTURE_ALEXNET, 128), 62))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("network.architecture is alexnet")
        .hasMessageContaining("of 62 x 62 pixels 2 x 2 are left for conv5's pooling");
    assertThatThrownBy(() -> NetworkSize.of(network(Architecture.ARCHITECTURE_ALEXNET, 128), 6))
        .hasMessageContaining("of 6 x 6 pixels 6 x 6 are left for conv1,");
    assertThatThrownBy(() -> NetworkSize.of(network(Architecture.ARCHITECTURE_VGG16_BN, 128), 31))
        .hasMessageContaining("of 31 x 31 pixels 1 x 1 are left for conv13's pooling");
    assertThat(NetworkSize.of(network(Architecture.ARCHITECTURE_VGG16_BN, 128), 32).layers())
        .containsEntry("conv13", 512);
  }

  @Test
  void advisesAgainstALargeStemOnSmallImages() {
    assertThat(Networks.advice(network(Architecture.ARCHITECTURE_RESNET50, 128), 63))
        .hasValueSatisfying(advice -> assertThat(advice).contains("resnet50").contains("63 px"));
    assertThat(Networks.advice(network(Architecture.ARCHITECTURE_RESNET50, 128), 64)).isEmpty();
    assertThat(Networks.advice(network(Architecture.ARCHITECTURE_RESNET34_CIFAR, 128), 32))
        .isEmpty();
    assertThat(Networks.advice(network(Architecture.ARCHITECTURE_VGG16_BN, 128), 32)).isEmpty();
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
