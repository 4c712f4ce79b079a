package org.kindred.models.network;

import org.kindred.proto.artifact.v1.Head;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/**
 * Maps pooled features to the space of the objective: one linear layer, or a hidden one with a
 * rectifier before it.
 *
 * @param config which
 * @param dimension length of its rows
 */
record ProjectionHead(Head config, int dimension) {

  private static final String NAME = "network.head";

  /** Returns {@code [batch, dimension]}, not normalised. */
  Operand<TFloat32> build(Layers layers, Operand<TFloat32> pooled) {
    return layers.linear(NAME, config.hasMlp() ? hidden(layers, pooled) : pooled, dimension);
  }

  private Operand<TFloat32> hidden(Layers layers, Operand<TFloat32> pooled) {
    int configured = config.getMlp().getHidden();
    int width = configured > 0 ? configured : Math.toIntExact(pooled.shape().get(-1));
    Operand<TFloat32> hidden = layers.linear(NAME + ".hidden", pooled, width);
    return layers.relu(
        config.getMlp().getBatchNorm() ? layers.batchNorm(NAME + ".hidden.norm", hidden) : hidden);
  }
}
