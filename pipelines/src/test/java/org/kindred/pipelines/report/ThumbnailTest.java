package org.kindred.pipelines.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class ThumbnailTest {

  @Test
  void largeImagesShrinkAndKeepTheirShape() throws IOException {
    byte[] pixels = new byte[300 * 150 * 3];
    Arrays.fill(pixels, (byte) 200);
    BufferedImage image = decode(Thumbnail.dataUri(300, 150, pixels));
    assertThat(List.of(image.getWidth(), image.getHeight())).containsExactly(64, 32);
    assertThat(image.getRGB(20, 20) & 0xffffff).isEqualTo(0xc8c8c8);
  }

  @Test
  void shrinkingMissesNoPixel() throws IOException {
    // One white column of 512: a single bilinear step to 64 would look at every eighth pixel only.
    byte[] pixels = new byte[512 * 512 * 3];
    for (int y = 0; y < 512; y++) {
      Arrays.fill(pixels, (y * 512 + 257) * 3, (y * 512 + 258) * 3, (byte) 255);
    }
    BufferedImage image = decode(Thumbnail.dataUri(512, 512, pixels));
    int brightest = 0;
    for (int x = 0; x < 64; x++) {
      brightest = Math.max(brightest, image.getRGB(x, 30) & 0xff);
    }
    assertThat(brightest).isBetween(16, 64);
  }

  private static BufferedImage decode(String uri) throws IOException {
    byte[] png = Base64.getDecoder().decode(uri.substring("data:image/png;base64,".length()));
    return ImageIO.read(new ByteArrayInputStream(png));
  }
}
