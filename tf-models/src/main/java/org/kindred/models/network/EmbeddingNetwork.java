package org.kindred.models.network;

import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/** Maps a batch of images to one matrix of features per layer. */
public interface EmbeddingNetwork {

  /** Layer: the head's output, unit rows. Every network has it; objectives read it. */
  String EMBEDDING = "embedding";

  /** Layer: the head's output before it is normalised. */
  String PROJECTION = "projection";

  /**
   * Layer: the backbone's output, which the head reads. Of a residual network the last map averaged
   * over the image, else the last hidden layer.
   */
  String POOLED = "pooled";

  /**
   * Adds the network to a graph. Built again on the same {@code layers}, as for views of another
   * size, it shares the weights, and running statistics take in one pass after the other.
   *
   * <p>Beside the layers that are named here there is one for each part of the backbone, its map
   * averaged to a grid so that a row has at most 9,600 values (see {@code Taps}): {@code stem} and
   * {@code stage1.block1} to {@code stage4.blockN} of a residual network, the stem with its
   * max-pooling; {@code conv1} to {@code convN} of the others, with the max-pooling that follows.
   * Nothing else in the graph depends on these, so that a session which does not fetch them does
   * not compute them.
   *
   * @param layers makes the layers, for training or for evaluation
   * @param images {@code [batch, height, width, 3]} in RGB
   * @return name of each layer and its rows {@code [batch, dimension]}, in a fixed order
   * @throws IllegalArgumentException when the images' size does not suit the network
   */
  Map<String, Operand<TFloat32>> build(Layers layers, Operand<TUint8> images);
}
