package org.kindred.models.network;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.kindred.models.tensorflow.Initializer;
import org.kindred.models.tensorflow.Weights;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;

/** Gives out placeholders and remembers what they stand for. */
final class DeclaredWeights implements Weights {

  private final Ops tf;
  private final Map<String, Operand<TFloat32>> placeholders = new LinkedHashMap<>();
  private final Map<String, Shape> parameters = new LinkedHashMap<>();
  private final Map<String, Shape> statistics = new LinkedHashMap<>();

  DeclaredWeights(Ops tf) {
    this.tf = tf;
  }

  @Override
  public Operand<TFloat32> parameter(String name, Shape shape, Initializer initial) {
    parameters.put(name, shape);
    return placeholder(name, shape);
  }

  @Override
  public Operand<TFloat32> statistic(String name, Shape shape, Initializer initial) {
    statistics.put(name, shape);
    return placeholder(name, shape);
  }

  private Operand<TFloat32> placeholder(String name, Shape shape) {
    return placeholders.computeIfAbsent(
        name, absent -> tf.placeholder(TFloat32.class, Placeholder.shape(shape)));
  }

  /** Returns the shapes of what training learns, in the order of declaration. */
  Map<String, Shape> parameters() {
    return Collections.unmodifiableMap(parameters);
  }

  /** Returns the shapes of what training keeps up to date, in the order of declaration. */
  Map<String, Shape> statistics() {
    return Collections.unmodifiableMap(statistics);
  }

  /** Returns the number of values in tensors of these shapes. */
  static long size(Map<String, Shape> shapes) {
    return shapes.values().stream().mapToLong(Shape::size).sum();
  }
}
