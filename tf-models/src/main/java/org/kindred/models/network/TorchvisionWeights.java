package org.kindred.models.network;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import org.kindred.models.safetensors.ForeignSafetensors;
import org.kindred.models.safetensors.NamedTensor;
import org.kindred.models.safetensors.SafetensorsWriter;
import org.kindred.models.tensorflow.Sessions;
import org.kindred.proto.artifact.v1.Network;
import org.tensorflow.Graph;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;

/**
 * Weights of residual networks under the names and in the layout that torchvision has, as
 * safetensors files: how a backbone comes from other frameworks and goes to them.
 *
 * <table>
 * <caption>Names, S from 1, B from 1, C from 1</caption>
 * <tr><th>here</th><th>there</th></tr>
 * <tr><td>{@code network.stem.conv.kernel}, HWIO</td><td>{@code conv1.weight}, OIHW</td></tr>
 * <tr><td>{@code network.stem.norm.*}</td><td>{@code bn1.*}</td></tr>
 * <tr><td>{@code network.stageS.blockB.C.conv.kernel}</td>
 *     <td>{@code layerS.(B-1).convC.weight}</td></tr>
 * <tr><td>{@code network.stageS.blockB.C.norm.*}</td><td>{@code layerS.(B-1).bnC.*}</td></tr>
 * <tr><td>{@code network.stageS.blockB.shortcut.conv.kernel}</td>
 *     <td>{@code layerS.(B-1).downsample.0.weight}</td></tr>
 * <tr><td>{@code network.stageS.blockB.shortcut.norm.*}</td>
 *     <td>{@code layerS.(B-1).downsample.1.*}</td></tr>
 * <tr><td>of a batch norm {@code scale}, {@code shift}, {@code mean}, {@code variance}</td>
 *     <td>{@code weight}, {@code bias}, {@code running_mean}, {@code running_var}</td></tr>
 * </table>
 */
public final class TorchvisionWeights {

  private static final Pattern NAME =
      Pattern.compile(
          "network\\.(?:stem|stage(\\d+)\\.block(\\d+)\\.(\\d+|shortcut))\\.(conv|norm)\\.(\\w+)");

  private static final Pattern CLASSIFIER = Pattern.compile("fc\\.(weight|bias)");
  private static final String BATCHES = "num_batches_tracked";
  private static final int SHOWN_PROBLEMS = 6;

  /** Any will do: no weight of a residual network depends on the size of its images. */
  private static final int IMAGE_SIDE = 64;

  private TorchvisionWeights() {}

  /**
   * Reads the weights of a backbone. Values may be stored as F32, F16 or BF16.
   *
   * <p>Every tensor of the file is accounted for. Of those that the backbone does not have, these
   * are left out: {@code fc.weight} and {@code fc.bias}, the classifier, in whose place the head
   * is; and the counters {@code num_batches_tracked} of its batch norms, which must be integers.
   *
   * @param file a safetensors file
   * @param network a residual network
   * @return all weights and running statistics before the head, by their names here
   * @throws IllegalArgumentException when the network is not a residual one; when a tensor is
   *     missing, left over, of another shape or type, or holds a value that is not finite
   * @throws IOException when the file cannot be read, or is no safetensors file
   */
  public static Map<String, NamedTensor> read(Path file, Network network) throws IOException {
    Map<String, Shape> declared = backbone(network);
    Map<String, NamedTensor> left = new LinkedHashMap<>(ForeignSafetensors.read(file));
    Map<String, NamedTensor> weights = new LinkedHashMap<>();
    List<String> problems = new ArrayList<>();
    declared.forEach(
        (name, shape) -> {
          String theirs = theirName(name);
          NamedTensor tensor = left.remove(theirs);
          String problem = problem(theirs, tensor, theirShape(shape));
          if (problem == null) {
            weights.put(name, imported(name, tensor));
          } else {
            problems.add(problem);
          }
          if (theirs.endsWith(".running_mean")) {
            removeCounter(theirs, left);
          }
        });
    left.keySet().removeIf(name -> CLASSIFIER.matcher(name).matches());
    left.values().forEach(tensor -> problems.add("tensor " + tensor + " is left over"));
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(
          "%s does not hold the weights of network.architecture %s: %s%s"
              .formatted(
                  file,
                  Networks.name(network.getArchitecture()),
                  String.join("; ", problems.subList(0, Math.min(SHOWN_PROBLEMS, problems.size()))),
                  problems.size() > SHOWN_PROBLEMS
                      ? "; and %d more like these".formatted(problems.size() - SHOWN_PROBLEMS)
                      : ""));
    }
    return weights;
  }

  private static void removeCounter(String runningMean, Map<String, NamedTensor> left) {
    String name = runningMean.replaceFirst("running_mean$", BATCHES);
    NamedTensor counter = left.get(name);
    if (counter != null && counter.type() == NamedTensor.Type.INT32 && counter.size() == 1) {
      left.remove(name);
    }
  }

  /** Returns what is wrong with a tensor, or null. */
  private static String problem(String name, NamedTensor tensor, List<Integer> shape) {
    if (tensor == null) {
      return "tensor " + name + " of shape " + shape + " is missing";
    }
    if (tensor.type() != NamedTensor.Type.FLOAT32) {
      return "tensor " + name + " holds integers, valid is floating point";
    }
    if (!tensor.shape().equals(shape)) {
      return "tensor " + name + " has shape " + tensor.shape() + ", valid is " + shape;
    }
    for (FloatBuffer values = tensor.values(); values.hasRemaining(); ) {
      float value = values.get();
      if (!Float.isFinite(value)) {
        return "tensor " + name + " holds " + value + ", valid are finite numbers";
      }
    }
    return null;
  }

  private static NamedTensor imported(String name, NamedTensor tensor) {
    return tensor.shape().size() == 4
        ? permuted(name, tensor, 2, 3, 1, 0)
        : new NamedTensor(name, tensor.shape(), tensor.values());
  }

  /**
   * Writes the weights of a backbone, in F32.
   *
   * @param file must not exist
   * @param network a residual network
   * @param metadata of the file
   * @param weights its weights and running statistics by their names here, such as a checkpoint
   *     has; others are left out
   * @throws IllegalArgumentException when the network is not a residual one, or a tensor is missing
   */
  public static void write(
      Path file, Network network, Map<String, String> metadata, Map<String, NamedTensor> weights)
      throws IOException {
    List<NamedTensor> tensors = new ArrayList<>();
    for (String name : backbone(network).keySet()) {
      NamedTensor tensor = weights.get(name);
      if (tensor == null) {
        throw new IllegalArgumentException("there is no tensor " + name + " to write");
      }
      tensors.add(exported(theirName(name), tensor));
    }
    SafetensorsWriter.write(file, metadata, tensors);
  }

  private static NamedTensor exported(String name, NamedTensor tensor) {
    return tensor.shape().size() == 4
        ? permuted(name, tensor, 3, 2, 0, 1)
        : new NamedTensor(name, tensor.shape(), tensor.values());
  }

  /**
   * Returns a tensor with its four dimensions in another order.
   *
   * @param order for each dimension of the result the one of {@code tensor} that it was
   */
  private static NamedTensor permuted(String name, NamedTensor tensor, int... order) {
    List<Integer> old = tensor.shape();
    int[] strides = {old.get(1) * old.get(2) * old.get(3), old.get(2) * old.get(3), old.get(3), 1};
    List<Integer> shape = new ArrayList<>();
    for (int dimension : order) {
      shape.add(old.get(dimension));
    }
    FloatBuffer source = tensor.values();
    FloatBuffer values = FloatBuffer.allocate(tensor.size());
    for (int a = 0; a < shape.get(0); a++) {
      for (int b = 0; b < shape.get(1); b++) {
        for (int c = 0; c < shape.get(2); c++) {
          int start = a * strides[order[0]] + b * strides[order[1]] + c * strides[order[2]];
          for (int d = 0; d < shape.get(3); d++) {
            values.put(source.get(start + d * strides[order[3]]));
          }
        }
      }
    }
    return new NamedTensor(name, shape, values.flip());
  }

  /** Returns the shapes of a backbone's weights and statistics by their names here. */
  private static Map<String, Shape> backbone(Network network) {
    Backbone backbone = Networks.backbone(network.toBuilder().clearPooling().build());
    if (!(backbone instanceof ResNet)) {
      throw new IllegalArgumentException(
          "network.architecture is %s, valid for weights in torchvision's layout are residual networks"
              .formatted(Networks.name(network.getArchitecture())));
    }
    try (Graph graph = Sessions.newGraph()) {
      Ops tf = Ops.create(graph);
      DeclaredWeights weights = new DeclaredWeights(tf);
      Layers layers = Layers.forEvaluation(tf, weights);
      Shape images = Shape.of(1, IMAGE_SIDE, IMAGE_SIDE, 3);
      backbone.build(
          layers, tf.placeholder(TFloat32.class, Placeholder.shape(images)), new Taps(layers));
      Map<String, Shape> declared = new LinkedHashMap<>(weights.parameters());
      declared.putAll(weights.statistics());
      return declared;
    }
  }

  private static List<Integer> theirShape(Shape shape) {
    List<Integer> lengths = LongStream.of(shape.asArray()).mapToObj(Math::toIntExact).toList();
    return lengths.size() == 4
        ? List.of(lengths.get(3), lengths.get(2), lengths.get(0), lengths.get(1))
        : lengths;
  }

  private static String theirName(String name) {
    Matcher ours = NAME.matcher(name);
    if (!ours.matches()) {
      throw new IllegalStateException("no weight of a residual network is named " + name);
    }
    boolean convolution = ours.group(4).equals("conv");
    String layer;
    if (ours.group(1) == null) {
      layer = convolution ? "conv1" : "bn1";
    } else {
      layer = "layer" + ours.group(1) + "." + (Integer.parseInt(ours.group(2)) - 1) + ".";
      layer +=
          ours.group(3).equals("shortcut")
              ? "downsample." + (convolution ? 0 : 1)
              : (convolution ? "conv" : "bn") + ours.group(3);
    }
    return layer
        + switch (ours.group(5)) {
          case "kernel", "scale" -> ".weight";
          case "shift" -> ".bias";
          case "mean" -> ".running_mean";
          case "variance" -> ".running_var";
          default -> throw new IllegalStateException("no weight is named " + name);
        };
  }
}
