package org.kindred.stages.image;

import java.util.HexFormat;
import java.util.Locale;

/**
 * Decodes JPEG and PNG into 8-bit RGB.
 *
 * <p>What is read, and how:
 *
 * <ul>
 *   <li>JPEG: grey, YCbCr, RGB, CMYK and YCCK (the last two as Adobe stores them, inverted). The
 *       EXIF orientation is applied, so that the image stands as a viewer shows it.
 *   <li>PNG: grey, RGB and palette, with or without alpha, 1 to 16 bits. Transparent parts are laid
 *       on white, as a page shows them (other tools drop alpha, which brings out colours that
 *       nobody was meant to see). 16 bits are rounded to 8.
 *   <li>Colour profiles and gamma are ignored, as by torchvision.
 * </ul>
 *
 * <p>What is refused, with a reason: anything else; an image whose header declares more than the
 * limits, before memory for its pixels is allocated; an image that is cut off or damaged, even
 * where a viewer would show the part that is left. Damage is found in a PNG by the check sums of
 * its chunks, in a JPEG by the decoder's complaints: a JPEG has no check sums, so that a changed
 * bit may go unnoticed.
 *
 * <p>The pixels of a PNG are exact. Those of a JPEG are what the Java runtime's decoder makes of
 * it; another vendor's runtime may differ by a few levels.
 *
 * <p>Instances hold no state but the limits and may be shared between threads.
 */
public final class ImageDecoder {

  private final int maxSide;
  private final long maxPixels;

  /**
   * Sets the limits.
   *
   * @param maxSide longest side that an image may declare, in pixels, 1 or more
   * @param maxPixels largest width x height that an image may declare, 1 to 700,000,000, which
   *     keeps its bytes within one array
   * @throws IllegalArgumentException if a limit is out of range
   */
  public ImageDecoder(int maxSide, long maxPixels) {
    if (maxSide < 1) {
      throw new IllegalArgumentException("maxSide is " + maxSide + ", valid is 1 or more");
    }
    if (maxPixels < 1 || maxPixels > 700_000_000) {
      throw new IllegalArgumentException("maxPixels is " + maxPixels + ", valid is 1 to 700000000");
    }
    this.maxSide = maxSide;
    this.maxPixels = maxPixels;
  }

  /**
   * Decodes one image.
   *
   * @param encoded the whole file
   * @throws ImageRejectedException if it is no JPEG or PNG, is larger than the limits, is cut off
   *     or damaged, or is of a kind that is not read
   */
  public RgbImage decode(byte[] encoded) throws ImageRejectedException {
    if (JpegFile.isJpeg(encoded)) {
      JpegFile file = JpegFile.parse(encoded);
      requireWithinLimits(file.width(), file.height());
      return file.decode();
    }
    if (PngFile.isPng(encoded)) {
      PngFile file = PngFile.parse(encoded);
      requireWithinLimits(file.width(), file.height());
      return file.decode();
    }
    throw new ImageRejectedException(
        encoded.length == 0
            ? "the file is empty"
            : "the file is neither JPEG nor PNG: it starts with " + start(encoded));
  }

  private void requireWithinLimits(long width, long height) throws ImageRejectedException {
    if (width < 1 || height < 1) {
      throw new ImageRejectedException("the image declares " + width + " x " + height + " pixels");
    }
    if (Math.max(width, height) > maxSide) {
      throw new ImageRejectedException(
          String.format(
              Locale.ROOT,
              "the image declares %d x %d pixels, the limit is %d on a side",
              width,
              height,
              maxSide));
    }
    if (width * height > maxPixels) {
      throw new ImageRejectedException(
          String.format(
              Locale.ROOT,
              "the image declares %d x %d pixels, the limit is %d in all",
              width,
              height,
              maxPixels));
    }
  }

  private static String start(byte[] bytes) {
    return HexFormat.ofDelimiter(" ").formatHex(bytes, 0, Math.min(8, bytes.length));
  }
}
