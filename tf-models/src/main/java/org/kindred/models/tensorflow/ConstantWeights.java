package org.kindred.models.tensorflow;

import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Weights that stand in the graph as constants, for inference: TensorFlow folds a batch norm of
 * constants into the convolution before it.
 */
public final class ConstantWeights implements Weights {

  /** Where values come from. */
  @FunctionalInterface
  public interface Source {
    /** Fills {@code target} with the value of the tensor {@code name}. */
    void fill(FloatBuffer target, String name, Initializer initial, int number);

    /** The values before training. */
    static Source initial(long seed) {
      return (target, name, initial, number) -> initial.fill(target, seed, number);
    }
  }

  private final Ops tf;
  private final Source source;
  private final Map<String, Operand<TFloat32>> constants = new HashMap<>();
  private int parameters;

  /** Makes weights in the graph of {@code tf} with values of {@code source}. */
  public ConstantWeights(Ops tf, Source source) {
    this.tf = tf;
    this.source = source;
  }

  @Override
  public Operand<TFloat32> parameter(String name, Shape shape, Initializer initial) {
    Operand<TFloat32> known = constants.get(name);
    if (known != null) {
      return known;
    }
    Operand<TFloat32> value = constant(name, shape, initial);
    parameters++;
    return value;
  }

  @Override
  public Operand<TFloat32> statistic(String name, Shape shape, Initializer initial) {
    Operand<TFloat32> known = constants.get(name);
    return known != null ? known : constant(name, shape, initial);
  }

  private Operand<TFloat32> constant(String name, Shape shape, Initializer initial) {
    float[] values = new float[Math.toIntExact(shape.size())];
    source.fill(FloatBuffer.wrap(values), name, initial, parameters);
    Operand<TFloat32> constant = tf.withName(name).constant(shape, DataBuffers.of(values));
    constants.put(name, constant);
    return constant;
  }
}
