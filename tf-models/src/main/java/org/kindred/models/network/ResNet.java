package org.kindred.models.network;

import java.util.List;
import org.kindred.proto.artifact.v1.Pooling;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/**
 * Residual network: a stem; stages of residual blocks of which all but the first halve height and
 * width; an average over the last map. Of {@linkplain #bottleneck bottleneck} blocks the 3x3
 * convolution has the stride.
 *
 * @param stem the first layer; it has the width of the first stage
 * @param widths of the 3x3 convolutions in each stage
 * @param blocks in each stage
 * @param bottleneck whether a block is 1x1, 3x3 and a 1x1 that makes it four times as wide, or two
 *     3x3
 * @param pooling what the average is over
 */
record ResNet(
    Stem stem, List<Integer> widths, List<Integer> blocks, boolean bottleneck, Pooling pooling)
    implements Backbone {

  private static final int EXPANSION = 4;
  private static final int WINDOW = 7;

  /**
   * The first layer.
   *
   * @param size side of its convolution
   * @param stride of its convolution
   * @param maxPool whether a 3x3 maximum of stride 2 comes after it
   */
  record Stem(int size, int stride, boolean maxPool) {}

  @Override
  public Operand<TFloat32> build(Layers layers, Operand<TFloat32> pixels, Taps taps) {
    Operand<TFloat32> map =
        layers.relu(unit(layers, "network.stem", pixels, stem.size, stem.stride, widths.get(0)));
    if (stem.maxPool) {
      map = layers.maxPool(map, 3, 1);
    }
    taps.add("stem", map);
    for (int stage = 0; stage < widths.size(); stage++) {
      for (int block = 0; block < blocks.get(stage); block++) {
        String name = "stage" + (stage + 1) + ".block" + (block + 1);
        int stride = stage > 0 && block == 0 ? 2 : 1;
        map = block(layers, "network." + name, map, stride, widths.get(stage));
        if (stage + 1 < widths.size()) {
          taps.add(name, map);
        } else {
          taps.addAverage(name, map);
        }
      }
    }
    return pooled(layers, map);
  }

  private Operand<TFloat32> pooled(Layers layers, Operand<TFloat32> map) {
    if (pooling == Pooling.POOLING_GLOBAL_AVERAGE) {
      return layers.globalAverage(map);
    }
    long side = map.shape().get(1);
    if (side < WINDOW || side >= 2 * WINDOW) {
      throw new IllegalArgumentException(
          "network.pooling is window_7x7, but the last map of the images has %1$d x %1$d values: valid are 7 to 13, or global_average"
              .formatted(side));
    }
    return layers.globalAverage(layers.topLeft(map, WINDOW));
  }

  private Operand<TFloat32> block(
      Layers layers, String name, Operand<TFloat32> input, int stride, int width) {
    Operand<TFloat32> map;
    if (bottleneck) {
      map = layers.relu(unit(layers, name + ".1", input, 1, 1, width));
      map = layers.relu(unit(layers, name + ".2", map, 3, stride, width));
      map = unit(layers, name + ".3", map, 1, 1, EXPANSION * width);
    } else {
      map = layers.relu(unit(layers, name + ".1", input, 3, stride, width));
      map = unit(layers, name + ".2", map, 3, 1, width);
    }
    int channels = Math.toIntExact(map.shape().get(-1));
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
