package org.kindred.models.network;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Convolutions one after the other, some followed by max-pooling, and two hidden layers {@code fc6}
 * and {@code fc7} of 4,096; each with batch norm and a rectifier. No dropout, no local response
 * normalisation. Its weights belong to one size of images, because {@code fc6} reads the whole last
 * map.
 *
 * @param architecture its name in messages
 * @param convolutions the convolutions
 */
record PlainNetwork(String architecture, List<Convolution> convolutions) implements Backbone {

  private static final int HIDDEN = 4096;

  /**
   * A convolution.
   *
   * @param size side of its kernel
   * @param stride its stride
   * @param padding zeros on every side
   * @param channels its channels
   * @param pool side of the windows, at a distance of 2, of the max-pooling after it; 0: there is
   *     none
   */
  record Convolution(int size, int stride, int padding, int channels, int pool) {}

  /**
   * AlexNet with batch norm, in one tower of 96, 256, 384, 384 and 256 channels. InstDisc's paper
   * evaluates an AlexNet but its release has only residual networks; this is the one with which
   * later work compares itself to it: that of Y. Tian et al., "Contrastive Multiview Coding", ECCV
   * 2020, whose two towers of half the width are one here, convolutions without bias.
   */
  static PlainNetwork alexNet() {
    return new PlainNetwork(
        "alexnet",
        List.of(
            new Convolution(11, 4, 2, 96, 3),
            new Convolution(5, 1, 2, 256, 3),
            new Convolution(3, 1, 1, 384, 0),
            new Convolution(3, 1, 1, 384, 0),
            new Convolution(3, 1, 1, 256, 3)));
  }

  /**
   * VGG16 (K. Simonyan and A. Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
   * Recognition", ICLR 2015, configuration D) with batch norm. Against torchvision's {@code
   * vgg16_bn}: convolutions have no bias, which their batch norm would undo, and {@code fc6} and
   * {@code fc7} have batch norm in place of dropout.
   */
  static PlainNetwork vgg16() {
    List<Convolution> convolutions = new ArrayList<>();
    int[] widths = {64, 128, 256, 512, 512};
    int[] depths = {2, 2, 3, 3, 3};
    for (int group = 0; group < widths.length; group++) {
      for (int i = 1; i <= depths[group]; i++) {
        convolutions.add(new Convolution(3, 1, 1, widths[group], i == depths[group] ? 2 : 0));
      }
    }
    return new PlainNetwork("vgg16_bn", convolutions);
  }

  @Override
  public Operand<TFloat32> build(Layers layers, Operand<TFloat32> pixels, Taps taps) {
    Operand<TFloat32> map = pixels;
    for (int i = 0; i < convolutions.size(); i++) {
      Convolution layer = convolutions.get(i);
      String name = "conv" + (i + 1);
      checkSide(pixels, map, name, layer.size - 2 * layer.padding);
      map =
          layers.convolution(
              "network." + name + ".conv",
              map,
              layer.size,
              layer.stride,
              layer.padding,
              layer.channels);
      map = layers.relu(layers.batchNorm("network." + name + ".norm", map));
      if (layer.pool > 0) {
        checkSide(pixels, map, name + "'s pooling", layer.pool);
        map = layers.maxPool(map, layer.pool, 0);
      }
      taps.add(name, map);
    }
    Ops tf = layers.ops();
    Shape shape = map.shape();
    Operand<TFloat32> row =
        tf.reshape(map, tf.constant(new long[] {-1, shape.get(1) * shape.get(2) * shape.get(3)}));
    return hidden(layers, "network.fc7", hidden(layers, "network.fc6", row));
  }

  private void checkSide(
      Operand<TFloat32> pixels, Operand<TFloat32> map, String layer, int smallest) {
    long side = Math.min(map.shape().get(1), map.shape().get(2));
    if (side < smallest) {
      throw new IllegalArgumentException(
          "network.architecture is %s, valid for larger images only: of %d x %d pixels %d x %d are left for %s, which takes %d x %d or more"
              .formatted(
                  architecture,
                  pixels.shape().get(1),
                  pixels.shape().get(2),
                  map.shape().get(1),
                  map.shape().get(2),
                  layer,
                  smallest,
                  smallest));
    }
  }

  private static Operand<TFloat32> hidden(Layers layers, String name, Operand<TFloat32> input) {
    return layers.relu(layers.batchNorm(name + ".norm", layers.linear(name, input, HIDDEN)));
  }
}
