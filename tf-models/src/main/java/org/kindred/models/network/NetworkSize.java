package org.kindred.models.network;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.kindred.models.tensorflow.Sessions;
import org.kindred.proto.artifact.v1.Network;
import org.kindred.proto.artifact.v1.Normalize;
import org.tensorflow.Graph;
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/**
 * What a network is in numbers, read off the graph that it builds: nothing is computed, and no
 * weight takes memory.
 *
 * @param parameters trainable values
 * @param statistics values that training keeps up to date without learning them
 * @param flops floating-point operations of one image's forward pass, a multiplication and an
 *     addition counted as two; those of convolutions and matrix products, which all others are
 *     small beside
 * @param activationBytes bytes of one image's feature maps that training holds at least until the
 *     backward pass: outputs of convolutions and of rectifiers
 * @param layers length of each output's rows by name, in order of name
 */
public record NetworkSize(
    long parameters,
    long statistics,
    double flops,
    double activationBytes,
    Map<String, Integer> layers) {

  /** Operations of the backward pass for each of the forward pass: of inputs and of weights. */
  private static final int BACKWARD = 2;

  /**
   * Measures a network that gives embeddings.
   *
   * @param side height and width of its images in pixels
   * @throws IllegalArgumentException when the network is not valid, or not for such images
   */
  public static NetworkSize of(Network network, int side) {
    return of(network, side, List.of(EmbeddingNetwork.EMBEDDING));
  }

  /**
   * Measures a network that gives some of its layers.
   *
   * @param side height and width of its images in pixels
   * @param wanted names of layers; what only others need is not counted as operations or feature
   *     maps
   * @throws IllegalArgumentException when the network is not valid, not for such images, or has no
   *     such layer
   */
  public static NetworkSize of(Network network, int side, Collection<String> wanted) {
    try (Graph graph = Sessions.newGraph()) {
      Ops tf = Ops.create(graph);
      Placeholder<TUint8> images =
          tf.placeholder(TUint8.class, Placeholder.shape(Shape.of(1, side, side, 3)));
      DeclaredWeights weights = new DeclaredWeights(tf);
      Map<String, Operand<TFloat32>> outputs =
          Networks.create(network, Normalize.getDefaultInstance())
              .build(Layers.forEvaluation(tf, weights), images);
      double flops = 0;
      double kept = 0;
      for (GraphOperation operation : graph.subgraphTo(chosen(outputs, wanted))) {
        switch (operation.type()) {
          case "Conv2D" -> {
            flops += 2 * output(operation) * perChannel(operation.input(1).shape());
            kept += output(operation);
          }
          case "MatMul" -> flops += 2 * output(operation) * perChannel(operation.input(1).shape());
          case "BatchMatMulV3" ->
              flops += 2 * output(operation) * operation.input(0).shape().get(-1);
          case "Relu" -> kept += output(operation);
          default -> {
            // Small beside the others.
          }
        }
      }
      Map<String, Integer> layers = new TreeMap<>();
      outputs.forEach((name, rows) -> layers.put(name, Math.toIntExact(rows.shape().get(-1))));
      return new NetworkSize(
          DeclaredWeights.size(weights.parameters()),
          DeclaredWeights.size(weights.statistics()),
          flops,
          Float.BYTES * kept,
          layers);
    }
  }

  private static Set<Operand<?>> chosen(
      Map<String, Operand<TFloat32>> outputs, Collection<String> wanted) {
    Set<Operand<?>> chosen = new LinkedHashSet<>();
    for (String layer : wanted) {
      if (!outputs.containsKey(layer)) {
        throw new IllegalArgumentException(
            "there is no layer \"%s\", valid are %s"
                .formatted(layer, String.join(", ", outputs.keySet())));
      }
      chosen.add(outputs.get(layer));
    }
    return chosen;
  }

  private static double output(GraphOperation operation) {
    return operation.output(0).shape().size();
  }

  /** Each value of an output is a sum over all of the weights that belong to its channel. */
  private static double perChannel(Shape weights) {
    return (double) weights.size() / weights.get(-1);
  }

  /** Returns the operations of one image's forward and backward pass. */
  public double trainingFlops() {
    return (1 + BACKWARD) * flops;
  }
}
