package org.kindred.models.network;

import com.google.protobuf.CodedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import org.kindred.models.tensorflow.ConstantWeights;
import org.kindred.models.tensorflow.Sessions;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.TensorFlow;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorShapeProto;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/**
 * A network for inference, its weights in the graph as constants.
 *
 * <p>As a SavedModel: tag {@code serve}, signature {@code serving_default}, input {@code images}
 * (uint8 {@code [batch, height, width, 3]}, RGB), one float32 output {@code [batch, dimension]} per
 * layer under the layer's name.
 */
public final class FrozenNetwork implements AutoCloseable {

  /** Tag of the SavedModel's graph. */
  public static final String TAG = "serve";

  /** Name of its signature. */
  public static final String SIGNATURE = "serving_default";

  /** Name of its input. */
  public static final String INPUT = "images";

  private static final String PREDICT_METHOD = "tensorflow/serving/predict";
  private static final int SCHEMA_VERSION = 1;

  private final Graph graph;
  private final Placeholder<TUint8> images;
  private final Map<String, Operand<TFloat32>> layers;

  private FrozenNetwork(
      Graph graph, Placeholder<TUint8> images, Map<String, Operand<TFloat32>> layers) {
    this.graph = graph;
    this.images = images;
    this.layers = layers;
  }

  /**
   * Builds a network for inference.
   *
   * @param network the network
   * @param size height and width of its images in pixels
   * @param weights where its weights come from
   */
  public static FrozenNetwork build(
      EmbeddingNetwork network, int size, ConstantWeights.Source weights) {
    Graph graph = Sessions.newGraph();
    try {
      Ops tf = Ops.create(graph);
      Placeholder<TUint8> images =
          tf.withName(INPUT)
              .placeholder(TUint8.class, Placeholder.shape(Shape.of(-1, size, size, 3)));
      Layers layers = Layers.forEvaluation(tf, new ConstantWeights(tf, weights));
      Map<String, Operand<TFloat32>> outputs = new LinkedHashMap<>();
      network
          .build(layers, images)
          .forEach((name, rows) -> outputs.put(name, tf.withName(name).identity(rows)));
      return new FrozenNetwork(graph, images, outputs);
    } catch (RuntimeException | Error e) {
      graph.close();
      throw e;
    }
  }

  /** Returns the graph, which is closed with this network. */
  public Graph graph() {
    return graph;
  }

  /**
   * Writes the SavedModel.
   *
   * @param directory must not exist
   */
  public void writeSavedModel(Path directory) throws IOException {
    Files.createDirectories(directory.toAbsolutePath().getParent());
    Files.createDirectory(directory);
    try (OutputStream file =
        Files.newOutputStream(directory.resolve("saved_model.pb"), StandardOpenOption.CREATE_NEW)) {
      CodedOutputStream bytes = CodedOutputStream.newInstance(file);
      // A node's attributes are a map, which TensorFlow hands out in another order each time.
      bytes.useDeterministicSerialization();
      savedModel().writeTo(bytes);
      bytes.flush();
    }
  }

  private SavedModel savedModel() {
    MetaGraphDef.MetaInfoDef info =
        MetaGraphDef.MetaInfoDef.newBuilder()
            .addTags(TAG)
            .setTensorflowVersion(TensorFlow.version())
            .build();
    return SavedModel.newBuilder()
        .setSavedModelSchemaVersion(SCHEMA_VERSION)
        .addMetaGraphs(
            MetaGraphDef.newBuilder()
                .setMetaInfoDef(info)
                .setGraphDef(graph.toGraphDef())
                .putSignatureDef(SIGNATURE, signature()))
        .build();
  }

  /** Returns the names of the input and of the layers in the graph. */
  public SignatureDef signature() {
    SignatureDef.Builder signature = SignatureDef.newBuilder().setMethodName(PREDICT_METHOD);
    signature.putInputs(INPUT, info(images, DataType.DT_UINT8));
    layers.forEach((name, rows) -> signature.putOutputs(name, info(rows, DataType.DT_FLOAT)));
    return signature.build();
  }

  private static TensorInfo info(Operand<?> operand, DataType type) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (long length : operand.shape().asArray()) {
      shape.addDim(TensorShapeProto.Dim.newBuilder().setSize(length));
    }
    return TensorInfo.newBuilder()
        .setName(operand.op().name() + ":" + operand.asOutput().index())
        .setDtype(type)
        .setTensorShape(shape)
        .build();
  }

  @Override
  public void close() {
    graph.close();
  }
}
