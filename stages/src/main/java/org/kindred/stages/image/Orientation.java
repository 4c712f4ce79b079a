package org.kindred.stages.image;

/** The eight orientations of EXIF (tag 0x0112): how stored pixels are turned to stand upright. */
final class Orientation {

  /** Stored as shown. */
  static final int UPRIGHT = 1;

  private static final int CHANNELS = 3;

  private Orientation() {}

  /** Turns an image upright; a value outside 1 to 8 counts as upright. */
  static RgbImage apply(RgbImage image, int orientation) {
    int w = image.width();
    int h = image.height();
    int lastColumn = w - 1;
    int lastRow = w * (h - 1);
    // For each orientation: where the upper left pixel is stored, and how far the next one to the
    // right and the next one below lie from there.
    return switch (orientation) {
      case 2 -> turned(image, lastColumn, -1, w, false);
      case 3 -> turned(image, lastRow + lastColumn, -1, -w, false);
      case 4 -> turned(image, lastRow, 1, -w, false);
      case 5 -> turned(image, 0, w, 1, true);
      case 6 -> turned(image, lastRow, -w, 1, true);
      case 7 -> turned(image, lastRow + lastColumn, -w, -1, true);
      case 8 -> turned(image, lastColumn, w, -1, true);
      default -> image;
    };
  }

  private static RgbImage turned(
      RgbImage image, int origin, int right, int down, boolean sidesSwap) {
    int width = sidesSwap ? image.height() : image.width();
    int height = sidesSwap ? image.width() : image.height();
    byte[] from = image.pixels();
    byte[] to = new byte[from.length];
    int target = 0;
    for (int y = 0; y < height; y++) {
      int pixel = origin + y * down;
      for (int x = 0; x < width; x++) {
        System.arraycopy(from, CHANNELS * pixel, to, target, CHANNELS);
        target += CHANNELS;
        pixel += right;
      }
    }
    return new RgbImage(width, height, to);
  }
}
