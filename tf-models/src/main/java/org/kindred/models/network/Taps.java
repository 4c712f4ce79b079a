package org.kindred.models.network;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

/**
 * Features of single layers, for linear evaluation layer by layer. A layer's map is averaged to a
 * grid of g x g and laid out as one row {@code [g * g * channels]}, row by row, channels last.
 *
 * <p>g is the largest number with {@code g * g * channels <= 9600} that does not exceed the map's
 * side, so that all layers have features of about one length: R. Zhang et al., "Colorful Image
 * Colorization", ECCV 2016, section 3.2. Of ResNet-50 at 224 x 224 pixels these are 12 x 12 x 64, 6
 * x 6 x 256, 4 x 4 x 512 and 3 x 3 x 1024, as Invariance Propagation has them; a residual network's
 * last stage is averaged whole, 1 x 1 x 2048, as its embedding reads it.
 */
final class Taps {

  private static final int LONGEST = 9600;

  private final Layers layers;
  private final Map<String, Operand<TFloat32>> features = new LinkedHashMap<>();

  Taps(Layers layers) {
    this.layers = layers;
  }

  /** Adds the map of a layer, {@code [batch, height, width, channels]}. */
  void add(String name, Operand<TFloat32> map) {
    Shape shape = map.shape();
    int grid = grid(Math.min(shape.get(1), shape.get(2)), shape.get(3));
    features.put(name, layers.adaptiveAverage(map, grid));
  }

  /** Adds the map of a layer as its mean over the image, {@code [batch, channels]}. */
  void addAverage(String name, Operand<TFloat32> map) {
    features.put(name, layers.globalAverage(map));
  }

  /** Returns the side of the grid that a map is averaged to. */
  static int grid(long side, long channels) {
    return (int) Math.max(1, Math.min(side, (long) Math.sqrt((double) LONGEST / channels)));
  }

  /** Returns the features by layer, in the order in which they were added. */
  Map<String, Operand<TFloat32>> features() {
    return Collections.unmodifiableMap(features);
  }
}
