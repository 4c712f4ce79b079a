package org.kindred.stages.image;

/**
 * A rectangle of an image.
 *
 * @param left first column
 * @param top first row
 * @param width columns, 1 or more
 * @param height rows, 1 or more
 */
record CropBox(int left, int top, int width, int height) {

  /** Returns the whole image. */
  static CropBox whole(int width, int height) {
    return new CropBox(0, 0, width, height);
  }

  /** Returns the middle of the image; half a pixel rounds to the even side, as in torchvision. */
  static CropBox centered(int imageWidth, int imageHeight, int width, int height) {
    return new CropBox(
        (int) Math.rint((imageWidth - width) / 2.0),
        (int) Math.rint((imageHeight - height) / 2.0),
        width,
        height);
  }

  /** Returns the width of a box of this area and width / height. */
  static int widthOf(double area, double ratio) {
    return (int) Math.rint(Math.sqrt(area * ratio));
  }

  /** Returns the height of a box of this area and width / height. */
  static int heightOf(double area, double ratio) {
    return (int) Math.rint(Math.sqrt(area / ratio));
  }

  /** Returns the largest box in the middle whose width / height is in the given range. */
  static CropBox largestCentered(
      int imageWidth, int imageHeight, double minRatio, double maxRatio) {
    double ratio = (double) imageWidth / imageHeight;
    int width = imageWidth;
    int height = imageHeight;
    if (ratio < minRatio) {
      height = Math.max(1, (int) Math.rint(width / minRatio));
    } else if (ratio > maxRatio) {
      width = Math.max(1, (int) Math.rint(height * maxRatio));
    }
    return new CropBox((imageWidth - width) / 2, (imageHeight - height) / 2, width, height);
  }
}
