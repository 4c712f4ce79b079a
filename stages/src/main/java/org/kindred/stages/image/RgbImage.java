package org.kindred.stages.image;

/** An 8-bit RGB image. Its pixels must not be changed once it is made. */
public final class RgbImage {

  private final int width;
  private final int height;
  private final byte[] pixels;

  /**
   * Wraps pixels, without copying them.
   *
   * @param width 1 or more
   * @param height 1 or more
   * @param pixels {@code [height, width, 3]}, unsigned, red first
   * @throws IllegalArgumentException if a side is below 1 or {@code pixels} has another length
   */
  public RgbImage(int width, int height, byte[] pixels) {
    if (width < 1 || height < 1) {
      throw new IllegalArgumentException(
          "the image has " + width + " x " + height + " pixels, valid is 1 x 1 or more");
    }
    if (pixels.length != 3L * width * height) {
      throw new IllegalArgumentException(
          String.format(
              "an image of %d x %d pixels has %d bytes, valid is %d",
              width, height, pixels.length, 3L * width * height));
    }
    this.width = width;
    this.height = height;
    this.pixels = pixels;
  }

  /** Returns the number of columns. */
  public int width() {
    return width;
  }

  /** Returns the number of rows. */
  public int height() {
    return height;
  }

  /** Returns the pixels themselves, {@code [height, width, 3]}, unsigned, red first. */
  public byte[] pixels() {
    return pixels;
  }
}
