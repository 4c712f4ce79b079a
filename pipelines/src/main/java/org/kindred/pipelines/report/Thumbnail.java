package org.kindred.pipelines.report;

import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Base64;
import javax.imageio.ImageIO;

/** A small picture inside the page. */
final class Thumbnail {
  /** Longest side in pixels. A larger image is shrunk, a smaller one kept as it is. */
  static final int LONGEST_SIDE = 64;

  private Thumbnail() {}

  /**
   * Returns an image as a PNG in a data URI.
   *
   * @param pixels {@code [height, width, 3]}, unsigned, red first
   */
  static String dataUri(int width, int height, byte[] pixels) throws IOException {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int y = 0, p = 0; y < height; y++) {
      for (int x = 0; x < width; x++, p += 3) {
        int red = pixels[p] & 0xff;
        int green = pixels[p + 1] & 0xff;
        int blue = pixels[p + 2] & 0xff;
        image.setRGB(x, y, red << 16 | green << 8 | blue);
      }
    }
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    ImageIO.write(shrink(image), "png", png);
    return "data:image/png;base64," + Base64.getEncoder().encodeToString(png.toByteArray());
  }

  /**
   * Halves the image until one more bilinear step reaches the size, so that no pixel is skipped.
   */
  private static BufferedImage shrink(BufferedImage image) {
    BufferedImage shrunk = image;
    int longest = Math.max(image.getWidth(), image.getHeight());
    while (longest > LONGEST_SIDE) {
      int next = Math.max(LONGEST_SIDE, (longest + 1) / 2);
      shrunk =
          resize(
              shrunk,
              Math.max(1, Math.round((float) shrunk.getWidth() * next / longest)),
              Math.max(1, Math.round((float) shrunk.getHeight() * next / longest)));
      longest = next;
    }
    return shrunk;
  }

  private static BufferedImage resize(BufferedImage image, int width, int height) {
    BufferedImage resized = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = resized.createGraphics();
    graphics.setRenderingHint(
        RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
    graphics.drawImage(image, 0, 0, width, height, null);
    graphics.dispose();
    return resized;
  }
}
