package org.kindred.models.inference;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.kindred.models.network.FrozenNetwork;
import org.kindred.models.network.Networks;
import org.kindred.models.tensorflow.ConstantWeights;
import org.kindred.models.tensorflow.Sessions;
import org.kindred.models.tensorflow.TensorMemory;
import org.kindred.proto.artifact.v1.Network;
import org.kindred.proto.artifact.v1.Normalize;
import org.kindred.proto.pipeline.v1.Precision;
import org.tensorflow.Result;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorShapeProto;
import org.tensorflow.types.TUint8;

/**
 * Maps images to features, in 32-bit arithmetic.
 *
 * <p>Thread-safe: calls run side by side, each on its caller's thread. A result does not depend on
 * how many there are. It may depend in the last bits on how many images are in the same call and
 * which layers: pass batches of one size where results must be the same bytes.
 */
public final class Encoder implements AutoCloseable {

  /**
   * A layer of the network.
   *
   * @param name such as {@code embedding} or {@code pooled}; see {@link
   *     org.kindred.models.network.EmbeddingNetwork#build}
   * @param dimension length of its rows
   */
  public record Layer(String name, int dimension) {}

  private record Output(Layer layer, String tensor) {}

  private final Runnable release;
  private final Session session;
  private final String input;
  private final int height;
  private final int width;
  private final Map<String, Output> outputs = new TreeMap<>();

  private Encoder(Runnable release, Session session, SignatureDef signature) {
    this.release = release;
    this.session = session;
    TensorInfo images = signature.getInputsOrThrow(FrozenNetwork.INPUT);
    this.input = images.getName();
    this.height = length(FrozenNetwork.INPUT, images, 4, 1);
    this.width = length(FrozenNetwork.INPUT, images, 4, 2);
    signature
        .getOutputsMap()
        .forEach(
            (name, info) ->
                outputs.put(
                    name, new Output(new Layer(name, length(name, info, 2, 1)), info.getName())));
  }

  /** Returns the length of one of a tensor's dimensions, which must be known. */
  private static int length(String name, TensorInfo tensor, int dimensions, int dimension) {
    TensorShapeProto shape = tensor.getTensorShape();
    if (shape.getDimCount() != dimensions || shape.getDim(dimension).getSize() < 1) {
      throw new IllegalArgumentException(
          "the SavedModel's "
              + name
              + " has shape "
              + shape.getDimList().stream().map(TensorShapeProto.Dim::getSize).toList()
              + ", valid are "
              + dimensions
              + " dimensions, known but for the batch");
    }
    return Math.toIntExact(shape.getDim(dimension).getSize());
  }

  /** Makes an encoder, or releases what it would have held. */
  private static Encoder of(Runnable release, Session session, SignatureDef signature) {
    try {
      return new Encoder(release, session, signature);
    } catch (RuntimeException | Error e) {
      release.run();
      throw e;
    }
  }

  /**
   * Opens a SavedModel: tag {@code serve}, signature {@code serving_default}, input {@code images}
   * (uint8 {@code [batch, height, width, 3]}), one float32 output {@code [batch, dimension]} per
   * layer.
   *
   * @throws IllegalArgumentException when the directory holds none, or one of another signature
   */
  public static Encoder open(Path savedModel) {
    if (!Files.isRegularFile(savedModel.resolve("saved_model.pb"))) {
      throw new IllegalArgumentException(savedModel + " is not a SavedModel's directory");
    }
    // Before TensorFlow is touched.
    ConfigProto configuration = Sessions.configuration(Precision.PRECISION_FLOAT32, 0);
    SavedModelBundle bundle;
    try {
      bundle =
          SavedModelBundle.loader(savedModel.toString())
              .withTags(FrozenNetwork.TAG)
              .withConfigProto(configuration)
              .load();
    } catch (TensorFlowException | IllegalArgumentException e) {
      throw new IllegalArgumentException(savedModel + " is not a whole SavedModel", e);
    }
    SignatureDef signature =
        bundle
            .metaGraphDef()
            .getSignatureDefOrDefault(FrozenNetwork.SIGNATURE, SignatureDef.getDefaultInstance());
    if (!signature.containsInputs(FrozenNetwork.INPUT)) {
      bundle.close();
      throw new IllegalArgumentException(
          savedModel
              + " has no signature "
              + FrozenNetwork.SIGNATURE
              + " with an input "
              + FrozenNetwork.INPUT);
    }
    return of(bundle::close, bundle.session(), signature);
  }

  /**
   * Builds a network as it is before training.
   *
   * @param network architecture
   * @param normalize what its first layer does to the pixels
   * @param seed the seed that training was, or would be, given
   * @param size height and width of its images in pixels
   */
  public static Encoder untrained(Network network, Normalize normalize, long seed, int size) {
    FrozenNetwork frozen =
        FrozenNetwork.build(
            Networks.create(network, normalize), size, ConstantWeights.Source.initial(seed));
    Session session;
    try {
      session = Sessions.open(frozen.graph(), Precision.PRECISION_FLOAT32, 0);
    } catch (RuntimeException | Error e) {
      frozen.close();
      throw e;
    }
    return of(
        () -> {
          session.close();
          frozen.close();
        },
        session,
        frozen.signature());
  }

  /** Returns the layers that can be asked for, ordered by name. */
  public List<Layer> layers() {
    return outputs.values().stream().map(Output::layer).toList();
  }

  /** Returns the height of an image in pixels. */
  public int height() {
    return height;
  }

  /** Returns the width of an image in pixels. */
  public int width() {
    return width;
  }

  /**
   * Computes features of images. What only other layers need is not computed.
   *
   * @param images {@code count x height x width x 3} unsigned bytes in RGB, from the buffer's
   *     position on, which stays where it is; best direct
   * @param count images, 1 or more
   * @param layers names of the layers wanted, each once
   * @return by name of the layer, in the order of {@code layers}: {@code [count, dimension]},
   *     row-major
   * @throws IllegalArgumentException when the buffer is too small or there is no such layer
   */
  public Map<String, float[]> embed(ByteBuffer images, int count, List<String> layers) {
    int bytes = Math.multiplyExact(count, height * width * 3);
    if (count < 1 || images.remaining() < bytes) {
      throw new IllegalArgumentException(
          "the buffer has " + images.remaining() + " bytes, " + count + " images have " + bytes);
    }
    try (TUint8 batch = TUint8.tensorOf(Shape.of(count, height, width, 3))) {
      TensorMemory.bytes(batch).put(images.slice(images.position(), bytes));
      Session.Runner runner =
          session.runner().setOptions(Sessions.IN_CALLER_THREAD).feed(input, batch);
      layers.forEach(layer -> runner.fetch(output(layer).tensor));
      try (Result result = runner.run()) {
        Map<String, float[]> features = new LinkedHashMap<>();
        for (int i = 0; i < layers.size(); i++) {
          FloatBuffer values = TensorMemory.floats(result.get(i));
          float[] rows = new float[values.remaining()];
          values.get(rows);
          features.put(layers.get(i), rows);
        }
        return features;
      }
    }
  }

  private Output output(String layer) {
    Output output = outputs.get(layer);
    if (output == null) {
      throw new IllegalArgumentException(
          "there is no layer \"%s\", valid are %s"
              .formatted(layer, String.join(", ", outputs.keySet())));
    }
    return output;
  }

  @Override
  public void close() {
    release.run();
  }
}
