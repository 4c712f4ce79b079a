package org.kindred.models.network;

import java.util.Map;
import java.util.Random;
import org.kindred.models.TestGraph;
import org.kindred.proto.artifact.v1.Architecture;
import org.kindred.proto.artifact.v1.Head;
import org.kindred.proto.artifact.v1.Network;
import org.kindred.proto.artifact.v1.Normalize;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/** What tests of networks share. */
final class SmallNetworks {

  private SmallNetworks() {}

  static Network network(Architecture architecture, int dimension) {
    return Network.newBuilder()
        .setArchitecture(architecture)
        .setEmbeddingDimension(dimension)
        .build();
  }

  static Map<String, Operand<TFloat32>> build(TestGraph graph, Layers layers, Network network) {
    return build(graph, layers, network, 32);
  }

  static Map<String, Operand<TFloat32>> build(
      TestGraph graph, Layers layers, Network network, int side) {
    Operand<TUint8> images =
        graph.tf().placeholder(TUint8.class, Placeholder.shape(Shape.of(2, side, side, 3)));
    return Networks.create(network, Normalize.getDefaultInstance()).build(layers, images);
  }

  static Network withHead(Architecture architecture, Head.Builder head) {
    return network(architecture, 128).toBuilder().setHead(head).build();
  }

  static long parameters(TestGraph graph, String prefix) {
    return graph.variables().parameters().stream()
        .filter(parameter -> parameter.name().startsWith(prefix))
        .mapToLong(parameter -> parameter.shape().size())
        .sum();
  }

  static float[] value(TestGraph graph, String name) {
    return graph.fetch(graph.variables().get(name).value()).get(0);
  }

  /** Three images of noise. */
  static Operand<TUint8> pixels(TestGraph graph, int side) {
    return graph
        .tf()
        .constant(
            TUint8.class, Shape.of(3, side, side, 3), DataBuffers.of(noise(3 * side * side * 3)));
  }

  private static byte[] noise(int bytes) {
    byte[] noise = new byte[bytes];
    new Random(1).nextBytes(noise);
    return noise;
  }
}
