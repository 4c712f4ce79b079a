package org.kindred.models.network;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.kindred.proto.artifact.v1.Normalize;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/**
 * Residual network of basic blocks for small images: a 3x3 stem without pooling; stages of which
 * all but the first halve height and width; global average; a linear head whose rows are
 * normalised.
 *
 * @param normalize applied to the pixels
 * @param stemStride stride of the stem, 1 or 2
 * @param widths channels of each stage; the stem has those of the first
 * @param blocks basic blocks of each stage
 * @param embeddingDimension length of an embedding
 */
record ResNet(
    Normalize normalize, int stemStride, List<Integer> widths, int blocks, int embeddingDimension)
    implements EmbeddingNetwork {

  @Override
  public Map<String, Operand<TFloat32>> build(Layers layers, Operand<TUint8> images) {
    Operand<TFloat32> pixels = layers.normalize(images, normalize);
    Operand<TFloat32> map =
        layers.relu(unit(layers, "network.stem", pixels, 3, stemStride, widths.get(0)));
    for (int stage = 0; stage < widths.size(); stage++) {
      map = stage(layers, stage + 1, map, stage == 0 ? 1 : 2, widths.get(stage));
    }
    Operand<TFloat32> pooled = layers.globalAverage(map);
    Operand<TFloat32> head = layers.linear("network.head", pooled, embeddingDimension);
    Map<String, Operand<TFloat32>> outputs = new LinkedHashMap<>();
    outputs.put(EMBEDDING, Layers.unitRows(layers.ops(), head));
    outputs.put(POOLED, pooled);
    return outputs;
  }

  private Operand<TFloat32> stage(
      Layers layers, int stage, Operand<TFloat32> input, int stride, int channels) {
    Operand<TFloat32> map = input;
    for (int block = 1; block <= blocks; block++) {
      String name = "network.stage" + stage + ".block" + block;
      map = basicBlock(layers, name, map, block == 1 ? stride : 1, channels);
    }
    return map;
  }

  private static Operand<TFloat32> basicBlock(
      Layers layers, String name, Operand<TFloat32> input, int stride, int channels) {
    Operand<TFloat32> map = layers.relu(unit(layers, name + ".1", input, 3, stride, channels));
    map = unit(layers, name + ".2", map, 3, 1, channels);
    boolean sameShape = stride == 1 && input.shape().get(-1) == channels;
    Operand<TFloat32> shortcut =
        sameShape ? input : unit(layers, name + ".shortcut", input, 1, stride, channels);
    return layers.relu(layers.ops().math.add(map, shortcut));
  }

  /** Convolution and batch norm. */
  private static Operand<TFloat32> unit(
      Layers layers, String name, Operand<TFloat32> input, int size, int stride, int channels) {
    return layers.batchNorm(
        name + ".norm", layers.convolution(name + ".conv", input, size, stride, channels));
  }
}
