package org.kindred.models.network;

import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/** Maps a batch of images to one matrix of features per layer. */
public interface EmbeddingNetwork {

  /** Layer: the head's output, unit rows. Every network has it; objectives read it. */
  String EMBEDDING = "embedding";

  /** Layer: the backbone's output, averaged over the image. */
  String POOLED = "pooled";

  /**
   * Adds the network to a graph.
   *
   * @param layers makes the layers, for training or for evaluation
   * @param images {@code [batch, height, width, 3]} in RGB
   * @return name of each layer and its rows {@code [batch, dimension]}, in a fixed order
   */
  Map<String, Operand<TFloat32>> build(Layers layers, Operand<TUint8> images);
}
