package org.kindred.stages.extract;

import java.nio.ByteBuffer;
import java.util.Map;
import org.kindred.proto.artifact.v1.Normalize;
import org.kindred.stages.features.FeatureReader;

/**
 * An image's own pixels as a feature vector: what the network's first layer sees, normalised, row
 * by row.
 */
final class PixelFeatures {
  private final float[][] values;

  PixelFeatures(Normalize normalize) {
    float[] mean = {normalize.getMeanRed(), normalize.getMeanGreen(), normalize.getMeanBlue()};
    float[] std = {normalize.getStdRed(), normalize.getStdGreen(), normalize.getStdBlue()};
    values = new float[3][256];
    for (int channel = 0; channel < 3; channel++) {
      for (int value = 0; value < 256; value++) {
        values[channel][value] = (value / 255f - mean[channel]) / std[channel];
      }
    }
  }

  /**
   * Returns the remaining bytes as floats under the layer's name; the buffer's position stays where
   * it is.
   */
  Map<String, float[]> of(ByteBuffer images) {
    float[] pixels = new float[images.remaining()];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = values[i % 3][images.get(images.position() + i) & 0xFF];
    }
    return Map.of(FeatureReader.PIXELS, pixels);
  }
}
