package org.kindred.models.network;

import java.util.LinkedHashMap;
import java.util.Map;
import org.kindred.proto.artifact.v1.Normalize;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/**
 * The composition that all networks are.
 *
 * @param normalize applied to the pixels
 * @param scheme how weights are drawn
 * @param backbone what the features come from
 * @param head what the embedding comes from
 */
record BackboneAndHead(
    Normalize normalize, WeightScheme scheme, Backbone backbone, ProjectionHead head)
    implements EmbeddingNetwork {

  @Override
  public Map<String, Operand<TFloat32>> build(Layers layers, Operand<TUint8> images) {
    Layers drawn = layers.drawnBy(scheme);
    Taps taps = new Taps(drawn);
    Operand<TFloat32> pooled = backbone.build(drawn, drawn.normalize(images, normalize), taps);
    Operand<TFloat32> projection = head.build(drawn, pooled);
    Map<String, Operand<TFloat32>> outputs = new LinkedHashMap<>();
    outputs.put(EMBEDDING, Layers.unitRows(drawn.ops(), projection));
    outputs.put(PROJECTION, projection);
    outputs.put(POOLED, pooled);
    outputs.putAll(taps.features());
    return outputs;
  }
}
