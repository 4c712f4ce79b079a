package org.kindred.models.tensorflow;

import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

/**
 * The named tensors that a network is made of.
 *
 * <p>A name that was asked for before gives the same tensor again, so that a network built twice on
 * one instance shares its weights. Names are dotted, such as {@code network.stem.conv.kernel}.
 */
public interface Weights {

  /**
   * Returns the current value of a tensor that training learns.
   *
   * @param name unique name
   * @param shape known in every dimension
   * @param initial values before training
   */
  Operand<TFloat32> parameter(String name, Shape shape, Initializer initial);

  /**
   * Returns the current value of a tensor that training keeps up to date without learning it, such
   * as a running mean.
   *
   * @param name unique name
   * @param shape known in every dimension
   * @param initial values before training
   */
  Operand<TFloat32> statistic(String name, Shape shape, Initializer initial);
}
