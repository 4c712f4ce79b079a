package org.kindred.models.network;

import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;
import org.kindred.models.tensorflow.Initializer;
import org.kindred.models.tensorflow.Weights;
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
   * Measures a network.
   *
   * @param side height and width of its images in pixels
   */
  public static NetworkSize of(Network network, int side) {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Placeholder<TUint8> images =
          tf.placeholder(TUint8.class, Placeholder.shape(Shape.of(1, side, side, 3)));
      CountedWeights weights = new CountedWeights(tf);
      Map<String, Integer> layers = new TreeMap<>();
      Networks.create(network, Normalize.getDefaultInstance())
          .build(Layers.forEvaluation(tf, weights), images)
          .forEach((name, rows) -> layers.put(name, Math.toIntExact(rows.shape().get(-1))));
      double flops = 0;
      double kept = 0;
      for (Iterator<GraphOperation> all = graph.operations(); all.hasNext(); ) {
        GraphOperation operation = all.next();
        switch (operation.type()) {
          case "Conv2D" -> {
            flops += 2 * products(operation);
            kept += output(operation);
          }
          case "MatMul" -> flops += 2 * products(operation);
          case "Relu" -> kept += output(operation);
          default -> {
            // Small beside the others.
          }
        }
      }
      return new NetworkSize(
          weights.parameters, weights.statistics, flops, Float.BYTES * kept, layers);
    }
  }

  private static double output(GraphOperation operation) {
    return operation.output(0).shape().size();
  }

  /** Each value of an output is a sum over all of the weights that belong to its channel. */
  private static double products(GraphOperation operation) {
    Shape weights = operation.input(1).shape();
    return output(operation) * weights.size() / weights.get(-1);
  }

  /** Returns the operations of one image's forward and backward pass. */
  public double trainingFlops() {
    return (1 + BACKWARD) * flops;
  }

  /** Gives out placeholders and adds up what they stand for. */
  private static final class CountedWeights implements Weights {
    private final Ops tf;
    private long parameters;
    private long statistics;

    CountedWeights(Ops tf) {
      this.tf = tf;
    }

    @Override
    public Operand<TFloat32> parameter(String name, Shape shape, Initializer initial) {
      parameters += shape.size();
      return tf.placeholder(TFloat32.class, Placeholder.shape(shape));
    }

    @Override
    public Operand<TFloat32> statistic(String name, Shape shape, Initializer initial) {
      statistics += shape.size();
      return tf.placeholder(TFloat32.class, Placeholder.shape(shape));
    }
  }
}
