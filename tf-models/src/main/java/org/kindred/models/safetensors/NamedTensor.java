package org.kindred.models.safetensors;

import java.nio.FloatBuffer;
import java.util.List;

/**
 * A float32 tensor with a name.
 *
 * @param name unique in its file
 * @param shape length of each dimension, 0 or more; empty for a scalar
 * @param values row-major, from position 0 to the limit
 */
public record NamedTensor(String name, List<Integer> shape, FloatBuffer values) {

  /**
   * Checks that the shape fits the values.
   *
   * @throws IllegalArgumentException when it does not
   */
  public NamedTensor {
    shape = List.copyOf(shape);
    values = values.slice();
    if (elements(shape) != values.limit()) {
      throw new IllegalArgumentException(
          "tensor " + name + " of shape " + shape + " has " + values.limit() + " values");
    }
  }

  /** Returns a view of the values with a position of its own. */
  @Override
  public FloatBuffer values() {
    return values.duplicate();
  }

  /** Returns the number of elements, or -1 when a dimension is negative or the number too large. */
  static long elements(List<Integer> shape) {
    long elements = 1;
    for (int length : shape) {
      if (length < 0) {
        return -1;
      }
      elements *= length;
      if (elements > Integer.MAX_VALUE) {
        return -1;
      }
    }
    return elements;
  }
}
