package org.kindred.stages.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class CanvasTest {

  private final Canvas canvas = new Canvas();

  @Test
  void everyByteSurvivesUntouched() {
    byte[] pixels = new byte[3 * 256];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (i / 3);
    }
    canvas.open(new RgbImage(16, 16, pixels));

    assertThat(written()).isEqualTo(pixels);
  }

  @Test
  void roundsHalfUp() {
    canvas.open(new RgbImage(1, 1, new byte[] {1, 3, 101}));
    canvas.brightness(0.5f);

    assertThat(written()).containsExactly(1, 2, 51);
  }

  @Test
  void cropCutsBytesAndPlanesAlike() {
    RgbImage image = TestImages.noise(9, 7, 1);
    CropBox box = new CropBox(2, 3, 4, 3);
    canvas.open(image);
    canvas.crop(box);
    byte[] fromBytes = written();

    canvas.open(image);
    canvas.brightness(1);
    canvas.crop(box);

    assertThat(written()).isEqualTo(fromBytes);
    for (int i = 0; i < fromBytes.length; i++) {
      int x = 2 + i / 3 % 4;
      int y = 3 + i / 12;
      assertThat(fromBytes[i]).isEqualTo(image.pixels()[3 * (9 * y + x) + i % 3]);
    }
  }

  @Test
  void resizeReadsBytesAndPlanesAlike() {
    RgbImage image = TestImages.noise(20, 30, 2);
    CropBox box = new CropBox(3, 4, 11, 23);
    canvas.open(image);
    canvas.resize(box, 13, 12);
    byte[] fromBytes = written();

    canvas.open(image);
    canvas.brightness(1);
    canvas.resize(box, 13, 12);

    assertThat(written()).isEqualTo(fromBytes);
  }

  @Test
  void cropOfAResizeIsAPartOfTheWhole() {
    RgbImage image = TestImages.noise(50, 40, 3);
    canvas.open(image);
    canvas.resize(CropBox.whole(50, 40), 30, 24);
    byte[] whole = written();

    canvas.open(image);
    canvas.resize(CropBox.whole(50, 40), 30, 24);
    canvas.crop(new CropBox(2, 1, 27, 20));
    canvas.crop(new CropBox(5, 3, 10, 8));

    byte[] part = written();
    assertThat(part).hasSize(3 * 10 * 8);
    for (int i = 0; i < part.length; i++) {
      int x = 7 + i / 3 % 10;
      int y = 4 + i / 30;
      assertThat(part[i]).isEqualTo(whole[3 * (30 * y + x) + i % 3]);
    }
  }

  @Test
  void resizeOfAResizeUsesTheFirstResult() {
    RgbImage image = TestImages.noise(40, 40, 4);
    canvas.open(image);
    canvas.resize(CropBox.whole(40, 40), 20, 10);
    canvas.brightness(1);
    canvas.resize(new CropBox(1, 2, 15, 7), 8, 8);
    byte[] stepwise = written();

    canvas.open(image);
    canvas.resize(CropBox.whole(40, 40), 20, 10);
    canvas.resize(new CropBox(1, 2, 15, 7), 8, 8);

    assertThat(written()).isEqualTo(stepwise);
  }

  @Test
  void blurAgreesWithTheDefinition() {
    int width = 9;
    int height = 6;
    double sigma = 1.7;
    RgbImage image = TestImages.noise(width, height, 5);
    canvas.open(image);
    canvas.blur(sigma);
    byte[] blurred = written();

    double[] kernel = BlurFilter.kernel(sigma);
    int radius = kernel.length / 2;
    assertThat(radius).isEqualTo(6);
    for (int i = 0; i < blurred.length; i++) {
      double sum = 0;
      for (int dy = -radius; dy <= radius; dy++) {
        for (int dx = -radius; dx <= radius; dx++) {
          int x = Math.max(0, Math.min(width - 1, i / 3 % width + dx));
          int y = Math.max(0, Math.min(height - 1, i / 3 / width + dy));
          int level = image.pixels()[3 * (width * y + x) + i % 3] & 0xFF;
          sum += kernel[radius + dy] * kernel[radius + dx] * level;
        }
      }
      assertThat(Math.abs((blurred[i] & 0xFF) - sum)).isLessThan(0.501);
    }
  }

  @Test
  void refusesAResizeThatDoesNotFitMemory() {
    canvas.open(new RgbImage(1, 1, new byte[3]));
    canvas.resize(CropBox.whole(1, 1), 1 << 20, 1 << 10);

    assertThatThrownBy(canvas::flip)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("1048576 x 1024 pixels, valid is up to 67108864");
  }

  private byte[] written() {
    byte[] target = new byte[3 * canvas.width() * canvas.height()];
    canvas.write(target, 0);
    return target;
  }
}
