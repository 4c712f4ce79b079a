package org.kindred.models.network;

import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/** What a network is before its head. */
interface Backbone {

  /**
   * Adds the backbone to a graph.
   *
   * @param pixels {@code [batch, height, width, 3]}, normalised
   * @param taps gets the map of each layer; those of the last layer included
   * @return {@code [batch, width]}, what the head reads
   * @throws IllegalArgumentException when the images are too small, or too large for its pooling
   */
  Operand<TFloat32> build(Layers layers, Operand<TFloat32> pixels, Taps taps);
}
