package org.kindred.stages.image;

import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentSampleModel;
import java.awt.image.DataBufferByte;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;

/**
 * Turns what the runtime's readers return into 8-bit RGB. It reads samples, not colours: Java's
 * colour conversions would send grey through a linear colour space.
 */
final class RasterPixels {

  private static final int WHITE = 255;

  private RasterPixels() {}

  /** Converts grey, RGB or palette, with alpha laid on white. */
  static RgbImage fromColors(BufferedImage image) {
    Raster raster = image.getRaster();
    byte[] pixels = new byte[3 * image.getWidth() * image.getHeight()];
    int bands = raster.getNumBands();
    if (image.getColorModel() instanceof IndexColorModel palette) {
      copyPalette(raster, palette, pixels);
    } else if (bands % 2 == 1
        && raster.getSampleModel() instanceof ComponentSampleModel layout
        && raster.getDataBuffer() instanceof DataBufferByte buffer) {
      copyBytes(buffer.getData(), layout, pixels);
    } else {
      copySamples(raster, image.getColorModel(), pixels);
    }
    return new RgbImage(image.getWidth(), image.getHeight(), pixels);
  }

  /** Copies one or three bands of bytes without alpha: nearly every image. */
  private static void copyBytes(byte[] data, ComponentSampleModel layout, byte[] pixels) {
    int[] bands = layout.getBandOffsets();
    int red = bands[0];
    int green = bands[bands.length / 2];
    int blue = bands[bands.length - 1];
    int step = layout.getPixelStride();
    int to = 0;
    for (int y = 0; y < layout.getHeight(); y++) {
      int from = y * layout.getScanlineStride();
      for (int x = 0; x < layout.getWidth(); x++) {
        pixels[to] = data[from + red];
        pixels[to + 1] = data[from + green];
        pixels[to + 2] = data[from + blue];
        to += 3;
        from += step;
      }
    }
  }

  private static void copyPalette(Raster raster, IndexColorModel palette, byte[] pixels) {
    int[] colors = new int[palette.getMapSize()];
    palette.getRGBs(colors);
    int[] indices = new int[raster.getWidth()];
    int to = 0;
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getPixels(0, y, raster.getWidth(), 1, indices);
      for (int index : indices) {
        int argb = colors[index];
        int alpha = argb >>> 24;
        pixels[to++] = onWhite(argb >> 16 & 0xFF, alpha, WHITE);
        pixels[to++] = onWhite(argb >> 8 & 0xFF, alpha, WHITE);
        pixels[to++] = onWhite(argb & 0xFF, alpha, WHITE);
      }
    }
  }

  /** Any number of bits, one or three bands of colour, perhaps one of alpha. */
  private static void copySamples(Raster raster, ColorModel model, byte[] pixels) {
    int bands = raster.getNumBands();
    boolean hasAlpha = bands % 2 == 0;
    int green = bands > 2 ? 1 : 0;
    int blue = bands > 2 ? 2 : 0;
    int full = (1 << model.getComponentSize(0)) - 1;
    int[] samples = new int[bands * raster.getWidth()];
    int to = 0;
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getPixels(0, y, raster.getWidth(), 1, samples);
      for (int i = 0; i < samples.length; i += bands) {
        int alpha = hasAlpha ? samples[i + bands - 1] : full;
        pixels[to++] = onWhite(samples[i], alpha, full);
        pixels[to++] = onWhite(samples[i + green], alpha, full);
        pixels[to++] = onWhite(samples[i + blue], alpha, full);
      }
    }
  }

  /** Lays a sample on white and rounds it to 8 bits; {@code full} is the largest sample. */
  private static byte onWhite(int sample, int alpha, int full) {
    long square = (long) full * full;
    long light = (long) sample * alpha + (long) full * (full - alpha);
    return (byte) ((light * WHITE + square / 2) / square);
  }

  /**
   * Converts four inks. As Adobe stores them, they count from full (255 is no ink), so that what
   * passes is the product of the ink's value and that of black.
   *
   * @param ycck whether the first three are stored as YCbCr of the inks
   */
  static RgbImage fromInks(Raster raster, boolean ycck) {
    int width = raster.getWidth();
    byte[] pixels = new byte[3 * width * raster.getHeight()];
    int[] samples = new int[4 * width];
    int to = 0;
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getPixels(0, y, width, 1, samples);
      for (int i = 0; i < samples.length; i += 4) {
        if (ycck) {
          toInks(samples, i);
        }
        for (int c = 0; c < 3; c++) {
          pixels[to++] = (byte) ((samples[i + c] * samples[i + 3] + 127) / 255);
        }
      }
    }
    return new RgbImage(width, raster.getHeight(), pixels);
  }

  /** YCbCr to RGB as in JFIF; the inks are the complement. */
  private static void toInks(int[] samples, int at) {
    int luma = samples[at];
    int blueness = samples[at + 1] - 128;
    int redness = samples[at + 2] - 128;
    samples[at] = 255 - clip(luma + 1.402 * redness);
    samples[at + 1] = 255 - clip(luma - 0.344136 * blueness - 0.714136 * redness);
    samples[at + 2] = 255 - clip(luma + 1.772 * blueness);
  }

  private static int clip(double value) {
    return (int) Math.round(Math.max(0, Math.min(255, value)));
  }
}
