package org.kindred.models.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kindred.models.Golden;
import org.kindred.models.TestGraph;
import org.kindred.models.safetensors.ForeignSafetensors;
import org.kindred.models.safetensors.NamedTensor;
import org.kindred.models.safetensors.SafetensorsFile;
import org.kindred.models.safetensors.SafetensorsWriter;
import org.kindred.models.tensorflow.ConstantWeights;
import org.kindred.proto.artifact.v1.Architecture;
import org.kindred.proto.artifact.v1.Network;
import org.kindred.proto.artifact.v1.Normalize;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/** {@code testdata/torchvision_features.py} made the expected features with torchvision. */
final class TorchvisionWeightsTest {

  private static final Network SMALL =
      Network.newBuilder().setArchitecture(Architecture.ARCHITECTURE_RESNET10_HALF).build();
  private static final Normalize IMAGENET =
      Normalize.newBuilder()
          .setMeanRed(0.485f)
          .setMeanGreen(0.456f)
          .setMeanBlue(0.406f)
          .setStdRed(0.229f)
          .setStdGreen(0.224f)
          .setStdBlue(0.225f)
          .build();

  @TempDir private Path directory;

  /** The script's {@code noise}: multiples of 2^-24 in [-0.5, 0.5). */
  private static double noise(int number, int element) {
    int bits = (element + 1) * 0x9E3779B1 + number * 40503;
    bits ^= bits >>> 16;
    bits *= 0x85EBCA6B;
    bits ^= bits >>> 13;
    return (bits >>> 8) / 0x1p24 - 0.5;
  }

  /** The script's {@code values}. */
  private static FloatBuffer values(int number, String name, List<Integer> shape) {
    int count = shape.stream().reduce(1, (a, b) -> a * b);
    FloatBuffer values = FloatBuffer.allocate(count);
    for (int i = 0; i < count; i++) {
      double noise = noise(number, i);
      if (shape.size() > 1) {
        values.put((float) (noise * Math.sqrt(12.0 / (count / shape.get(0)))));
      } else if (name.endsWith("running_var") || name.endsWith("weight")) {
        values.put((float) (1 + noise / 2));
      } else {
        values.put((float) (noise / 4));
      }
    }
    return values.flip();
  }

  private static byte[] images(int count, int side) {
    byte[] pixels = new byte[count * side * side * 3];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) Math.floor((noise(0, i) + 0.5) * 256);
    }
    return pixels;
  }

  /** Makes the tensors that the script made, under torchvision's names. */
  private static List<NamedTensor> tensors(JsonNode listed) {
    TreeSet<String> names = new TreeSet<>();
    listed.forEach(entry -> names.add(entry.get(0).asText()));
    names.removeIf(name -> name.endsWith("num_batches_tracked"));
    Map<String, Integer> numbers = new HashMap<>();
    names.forEach(name -> numbers.put(name, numbers.size() + 1));
    List<NamedTensor> tensors = new ArrayList<>();
    for (JsonNode entry : listed) {
      String name = entry.get(0).asText();
      List<Integer> shape = new ArrayList<>();
      entry.get(1).forEach(length -> shape.add(length.intValue()));
      if (numbers.containsKey(name)) {
        tensors.add(new NamedTensor(name, shape, values(numbers.get(name), name, shape)));
      }
    }
    return tensors;
  }

  static Stream<Golden> networks() {
    return Golden.cases("torchvision", "resnet").stream();
  }

  @ParameterizedTest
  @MethodSource("networks")
  void aNetworkOfTorchvisionHasItsFeaturesHere(Golden golden) throws IOException {
    Path file = directory.resolve("weights.safetensors");
    SafetensorsWriter.write(file, Map.of(), tensors(golden.inputs().get("tensors")));
    Network network =
        Network.newBuilder()
            .setArchitecture(Architecture.valueOf(golden.inputs().get("architecture").asText()))
            .build();
    Map<String, NamedTensor> weights = new HashMap<>(TorchvisionWeights.read(file, network));
    int count = golden.inputs().get("images").asInt();
    int side = golden.inputs().get("side").asInt();
    int every = golden.inputs().get("every").asInt();
    try (TestGraph graph = new TestGraph()) {
      Operand<TUint8> images =
          graph
              .tf()
              .constant(
                  TUint8.class,
                  Shape.of(count, side, side, 3),
                  DataBuffers.of(images(count, side)));
      Map<String, Operand<TFloat32>> outputs =
          Networks.create(network, IMAGENET)
              .build(
                  Layers.forEvaluation(
                      graph.tf(),
                      new ConstantWeights(
                          graph.tf(),
                          (target, name, initial, number) -> {
                            if (!name.startsWith("network.head.")) {
                              target.put(weights.remove(name).values());
                            }
                          })),
                  images);
      assertThat(weights).as("what the network does not ask for").isEmpty();
      golden
          .expected()
          .fieldNames()
          .forEachRemaining(
              layer ->
                  golden.check(
                      sampled(
                          graph.fetch(outputs.get(layer)).get(0),
                          count,
                          layer.equals("pooled") ? every : 31 * every),
                      golden.expected().get(layer)));
    }
  }

  private static float[] sampled(float[] features, int rows, int every) {
    int columns = features.length / rows;
    float[] sampled = new float[rows * ((columns + every - 1) / every)];
    int at = 0;
    for (int row = 0; row < rows; row++) {
      for (int i = 0; i < columns; i += every) {
        sampled[at++] = features[row * columns + i];
      }
    }
    return sampled;
  }

  /** All weights and statistics of the small network as it starts, by their names here. */
  private static Map<String, NamedTensor> initial() {
    Map<String, NamedTensor> weights = new LinkedHashMap<>();
    try (TestGraph graph = new TestGraph()) {
      SmallNetworks.build(graph, Layers.forEvaluation(graph.tf(), graph.variables()), SMALL);
      graph.initialize(7);
      for (String name : graph.variables().names()) {
        List<Integer> shape =
            LongStream.of(graph.variables().get(name).shape().asArray())
                .mapToObj(Math::toIntExact)
                .toList();
        weights.put(
            name, new NamedTensor(name, shape, FloatBuffer.wrap(SmallNetworks.value(graph, name))));
      }
    }
    return weights;
  }

  /** Exports the small network and reads it back as others would. */
  private Map<String, NamedTensor> exported() throws IOException {
    Path file = Files.createTempDirectory(directory, "own").resolve("exported.safetensors");
    TorchvisionWeights.write(file, SMALL, Map.of(), initial());
    return new LinkedHashMap<>(ForeignSafetensors.read(file));
  }

  private static NamedTensor floats(String name, int... shape) {
    int count = IntStream.of(shape).reduce(1, (a, b) -> a * b);
    return new NamedTensor(
        name, IntStream.of(shape).boxed().toList(), FloatBuffer.wrap(new float[count]));
  }

  /** Writes a file as others do: without a digest, counters as I64, numbers as {@code dtype}. */
  private Path foreign(Map<String, NamedTensor> tensors, String dtype) throws IOException {
    ObjectNode header = new ObjectMapper().createObjectNode();
    ByteBuffer values = ByteBuffer.allocate(6_000_000).order(ByteOrder.LITTLE_ENDIAN);
    tensors.forEach(
        (name, tensor) -> {
          boolean counter = tensor.type() == NamedTensor.Type.INT32;
          ObjectNode entry = header.putObject(name).put("dtype", counter ? "I64" : dtype);
          tensor.shape().forEach(entry.putArray("shape")::add);
          int start = values.position();
          for (int i = 0; i < tensor.size(); i++) {
            if (counter) {
              values.putLong(tensor.ints().get(i));
            } else if (dtype.equals("BF16")) {
              values.putShort((short) (Float.floatToIntBits(tensor.values().get(i)) >>> 16));
            } else {
              values.putFloat(tensor.values().get(i));
            }
          }
          entry.putArray("data_offsets").add(start).add(values.position());
        });
    byte[] json = header.toString().getBytes(StandardCharsets.UTF_8);
    Path file = directory.resolve("foreign.safetensors");
    Files.write(
        file,
        ByteBuffer.allocate(8 + json.length + values.flip().remaining())
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(json.length)
            .put(json)
            .put(values)
            .array());
    return file;
  }

  @Test
  void whatIsExportedIsImportedBitByBit() throws IOException {
    Map<String, NamedTensor> weights = initial();
    Path file = directory.resolve("exported.safetensors");
    TorchvisionWeights.write(file, SMALL, Map.of("std", "0.2"), weights);
    assertThat(SafetensorsFile.open(file).metadata()).containsEntry("std", "0.2");
    Map<String, NamedTensor> imported = TorchvisionWeights.read(file, SMALL);
    weights.keySet().removeIf(name -> name.startsWith("network.head."));
    assertThat(imported.keySet()).containsExactlyInAnyOrderElementsOf(weights.keySet());
    imported.forEach(
        (name, tensor) -> {
          assertThat(tensor.shape()).as(name).isEqualTo(weights.get(name).shape());
          assertThat(tensor.values()).as(name).isEqualTo(weights.get(name).values());
        });
  }

  @Test
  void aFileOfOthersMayHaveAClassifierAndCountersAndShorterNumbers() throws IOException {
    Map<String, NamedTensor> tensors = exported();
    tensors.put("fc.weight", floats("fc.weight", 10, 256));
    tensors.put("fc.bias", floats("fc.bias", 10));
    String counter = "layer2.0.downsample.1.num_batches_tracked";
    tensors.put(counter, new NamedTensor(counter, List.of(), IntBuffer.wrap(new int[] {12})));
    Map<String, NamedTensor> read = TorchvisionWeights.read(foreign(tensors, "BF16"), SMALL);
    float[] kernel = new float[9 * 3 * 32];
    read.get("network.stem.conv.kernel").values().get(kernel);
    FloatBuffer before = initial().get("network.stem.conv.kernel").values();
    for (float value : kernel) {
      assertThat(Float.floatToIntBits(value))
          .isEqualTo(Float.floatToIntBits(before.get()) & 0xFFFF0000);
    }
  }

  private void assertRefused(Map<String, NamedTensor> tensors, String problem) throws IOException {
    Path file = foreign(tensors, "F32");
    assertThatThrownBy(() -> TorchvisionWeights.read(file, SMALL))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            file + " does not hold the weights of network.architecture resnet10_half: " + problem);
  }

  @Test
  void namesEveryTensorThatDoesNotFit() throws IOException {
    Map<String, NamedTensor> tensors = exported();
    tensors.remove("layer3.0.bn2.running_var");
    assertRefused(tensors, "tensor layer3.0.bn2.running_var of shape [128] is missing");

    tensors = exported();
    tensors.put("fc.0.weight", floats("fc.0.weight", 2, 3));
    tensors.put("bn1.weight", floats("bn1.weight", 31));
    assertRefused(
        tensors,
        "tensor bn1.weight has shape [31], valid is [32]; tensor fc.0.weight FLOAT32 [2, 3] is left over");

    tensors = exported();
    tensors.put("conv1.weight", floats("conv1.weight", 3, 3, 3, 32));
    assertRefused(tensors, "tensor conv1.weight has shape [3, 3, 3, 32], valid is [32, 3, 3, 3]");

    tensors = exported();
    tensors.put("bn1.bias", new NamedTensor("bn1.bias", List.of(32), IntBuffer.wrap(new int[32])));
    assertRefused(tensors, "tensor bn1.bias holds integers, valid is floating point");

    tensors = exported();
    tensors.put(
        "layer1.0.bn2.bias",
        new NamedTensor(
            "layer1.0.bn2.bias",
            List.of(32),
            FloatBuffer.allocate(32).put(7, Float.POSITIVE_INFINITY)));
    assertRefused(tensors, "tensor layer1.0.bn2.bias holds Infinity, valid are finite numbers");
  }

  /** A counter belongs to a batch norm, and counts. */
  @Test
  void integersAreLeftOutOnlyWhereTheyCountBatches() throws IOException {
    Map<String, NamedTensor> tensors = exported();
    String name = "layer9.0.bn1.num_batches_tracked";
    tensors.put(name, new NamedTensor(name, List.of(), IntBuffer.wrap(new int[1])));
    assertRefused(tensors, "tensor " + name + " INT32 [] is left over");

    tensors = exported();
    tensors.put("bn1.num_batches_tracked", floats("bn1.num_batches_tracked", 1));
    assertRefused(tensors, "tensor bn1.num_batches_tracked FLOAT32 [1] is left over");
  }

  @Test
  void countsTheProblemsOfAnotherNetworksFile() throws IOException {
    Path file = foreign(exported(), "F32");
    Network other =
        Network.newBuilder().setArchitecture(Architecture.ARCHITECTURE_RESNET50).build();
    assertThatThrownBy(() -> TorchvisionWeights.read(file, other))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("network.architecture resnet50: tensor conv1.weight has shape")
        .hasMessageMatching("(?s).*; and \\d+ more like these");
  }

  @Test
  void onlyResidualNetworksHaveThisLayout() {
    Network alexNet =
        Network.newBuilder().setArchitecture(Architecture.ARCHITECTURE_ALEXNET).build();
    assertThatThrownBy(() -> TorchvisionWeights.read(directory.resolve("none"), alexNet))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "network.architecture is alexnet, valid for weights in torchvision's layout are residual networks");
    assertThatThrownBy(
            () -> TorchvisionWeights.write(directory.resolve("none"), SMALL, Map.of(), Map.of()))
        .hasMessage("there is no tensor network.stem.conv.kernel to write");
  }
}
