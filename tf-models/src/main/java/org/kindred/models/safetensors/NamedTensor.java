package org.kindred.models.safetensors;

import java.nio.Buffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.List;

/** A tensor with a name: 32-bit floating point, or 32-bit integers such as a table of indices. */
public final class NamedTensor {

  /** What a tensor's elements are. */
  public enum Type {
    /** 32-bit floating point. */
    FLOAT32,
    /** 32-bit integers with a sign. */
    INT32
  }

  private final String name;
  private final List<Integer> shape;
  private final Buffer elements;

  private NamedTensor(String name, List<Integer> shape, Buffer elements) {
    this.name = name;
    this.shape = List.copyOf(shape);
    this.elements = elements;
    if (elements(this.shape) != elements.limit()) {
      throw new IllegalArgumentException(
          "tensor " + name + " of shape " + shape + " has " + elements.limit() + " values");
    }
  }

  /**
   * Names floating-point numbers.
   *
   * @param name unique in its file
   * @param shape length of each dimension, 0 or more; empty for a scalar
   * @param values row-major, from the buffer's position to its limit
   * @throws IllegalArgumentException when the shape does not fit the values
   */
  public NamedTensor(String name, List<Integer> shape, FloatBuffer values) {
    this(name, shape, (Buffer) values.slice());
  }

  /**
   * Names integers.
   *
   * @param name unique in its file
   * @param shape length of each dimension, 0 or more; empty for a scalar
   * @param values row-major, from the buffer's position to its limit
   * @throws IllegalArgumentException when the shape does not fit the values
   */
  public NamedTensor(String name, List<Integer> shape, IntBuffer values) {
    this(name, shape, (Buffer) values.slice());
  }

  /** Returns the name. */
  public String name() {
    return name;
  }

  /** Returns the length of each dimension; nothing for a scalar. */
  public List<Integer> shape() {
    return shape;
  }

  /** Returns what the elements are. */
  public Type type() {
    return elements instanceof FloatBuffer ? Type.FLOAT32 : Type.INT32;
  }

  /** Returns the number of elements. */
  public int size() {
    return elements.limit();
  }

  /**
   * Returns a view of the values, row-major, with a position of its own.
   *
   * @throws IllegalStateException when they are not {@link Type#FLOAT32}
   */
  public FloatBuffer values() {
    if (elements instanceof FloatBuffer floats) {
      return floats.duplicate();
    }
    throw new IllegalStateException("tensor " + name + " holds INT32, not FLOAT32");
  }

  /**
   * Returns a view of the integers, row-major, with a position of its own.
   *
   * @throws IllegalStateException when they are not {@link Type#INT32}
   */
  public IntBuffer ints() {
    if (elements instanceof IntBuffer ints) {
      return ints.duplicate();
    }
    throw new IllegalStateException("tensor " + name + " holds FLOAT32, not INT32");
  }

  @Override
  public String toString() {
    return name + " " + type() + " " + shape;
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
