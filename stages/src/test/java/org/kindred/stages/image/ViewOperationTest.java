package org.kindred.stages.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;
import org.kindred.stages.image.ViewOperation.CenterCrop;
import org.kindred.stages.image.ViewOperation.ColorJitter;
import org.kindred.stages.image.ViewOperation.RandomResizedCrop;
import org.kindred.stages.image.ViewOperation.ResizeShorterSide;

class ViewOperationTest {

  @Test
  void randomCropsCoverTheirRangesAndStayInside() {
    RandomResizedCrop crop = RandomResizedCrop.of(32, 0.2, 1, 0.75, 4 / 3.0);
    int width = 200;
    int height = 160;
    double smallest = 1;
    double largest = 0;
    double area = 0;
    double logRatio = 0;
    int atLeft = 0;
    int atRight = 0;
    int boxes = 4000;
    for (int id = 0; id < boxes; id++) {
      CropBox box = crop.box(width, height, uniforms(id, crop.draws()), 0);
      assertThat(box.left()).isBetween(0, width - box.width());
      assertThat(box.top()).isBetween(0, height - box.height());
      double share = box.width() * box.height() / (double) (width * height);
      double ratio = box.width() / (double) box.height();
      assertThat(ratio).isBetween(0.74, 1.35);
      smallest = Math.min(smallest, share);
      largest = Math.max(largest, share);
      area += share / boxes;
      logRatio += Math.log(ratio) / boxes;
      atLeft += box.left() == 0 ? 1 : 0;
      atRight += box.left() == width - box.width() ? 1 : 0;
    }

    assertThat(smallest).isCloseTo(0.2, within(0.01));
    assertThat(largest).isCloseTo(1, within(0.02));
    // Large boxes are refused more often: the mean lies below the 0.6 of U(0.2, 1).
    assertThat(area).isBetween(0.48, 0.55);
    assertThat(logRatio).isCloseTo(0, within(0.05));
    assertThat(atLeft).isPositive();
    assertThat(atRight).isPositive();
  }

  @Test
  void takesTheFirstTryThatFits() {
    RandomResizedCrop crop = RandomResizedCrop.of(32, 0.25, 1, 0.5, 2);
    double[] uniforms = new double[crop.draws()];
    // A wide box of all the area does not fit; the second try is a square of a quarter.
    uniforms[2] = 0.999;
    uniforms[3] = 0.999;
    uniforms[4] = 0;
    uniforms[5] = 0.5;
    uniforms[0] = 0.999;

    assertThat(crop.box(40, 40, uniforms, 0)).isEqualTo(new CropBox(20, 0, 20, 20));
  }

  @Test
  void fallsBackToTheLargestCentredBoxOfValidShape() {
    RandomResizedCrop crop = RandomResizedCrop.of(32, 1, 1, 0.75, 4 / 3.0);
    double[] uniforms = new double[crop.draws()];

    assertThat(crop.box(100, 20, uniforms, 0)).isEqualTo(new CropBox(36, 0, 27, 20));
    assertThat(crop.box(20, 100, uniforms, 0)).isEqualTo(new CropBox(0, 36, 20, 27));
    assertThat(crop.box(1, 1, uniforms, 0)).isEqualTo(new CropBox(0, 0, 1, 1));
    // A box of valid shape, at which every try was too wide, is taken whole.
    assertThat(crop.box(21, 20, uniforms, 0)).isEqualTo(new CropBox(0, 0, 21, 20));
  }

  @Test
  void jitterUsesAllOrdersEquallyOften() {
    Map<String, Integer> counts = new HashMap<>();
    for (int i = 0; i < 2400; i++) {
      StringBuilder order = new StringBuilder();
      for (int part : ColorJitter.order((i + 0.5) / 2400)) {
        order.append(part);
      }
      counts.merge(order.toString(), 1, Integer::sum);
    }

    assertThat(counts).hasSize(24);
    assertThat(counts.values()).containsOnly(100);
  }

  @Test
  void jitterOfNoStrengthChangesNothing() {
    RgbImage image = TestImages.noise(8, 8, 1);
    Canvas canvas = new Canvas();
    canvas.open(image);
    ColorJitter jitter = new ColorJitter(0, 0, 0, 0);
    byte[] result = new byte[image.pixels().length];

    jitter.apply(canvas, uniforms(1, jitter.draws()), 0);
    canvas.write(result, 0);

    assertThat(result).isEqualTo(image.pixels());
  }

  @Test
  void jitterDrawsFactorsFromItsRange() {
    ColorJitter jitter = new ColorJitter(0.4, 0, 0, 0);
    Canvas canvas = new Canvas();
    byte[] result = new byte[3];
    int smallest = 255;
    int largest = 0;
    for (int id = 0; id < 1000; id++) {
      canvas.open(TestImages.plain(1, 1, 100, 100, 100));
      jitter.apply(canvas, uniforms(id, jitter.draws()), 0);
      canvas.write(result, 0);
      smallest = Math.min(smallest, result[0] & 0xFF);
      largest = Math.max(largest, result[0] & 0xFF);
    }

    assertThat(smallest).isEqualTo(60);
    assertThat(largest).isEqualTo(140);
  }

  @Test
  void resizesTheShorterSideAndRoundsTheLongerDown() {
    Canvas canvas = new Canvas();
    canvas.open(TestImages.noise(50, 37, 1));
    new ResizeShorterSide(16).apply(canvas, new double[0], 0);
    assertThat(canvas.width()).isEqualTo(21);
    assertThat(canvas.height()).isEqualTo(16);
  }

  @Test
  void cutsTheCentreAndRoundsHalvesToEven() {
    Canvas canvas = new Canvas();
    canvas.open(TestImages.noise(23, 21, 1));
    new CenterCrop(20).apply(canvas, new double[0], 0);
    assertThat(canvas.width()).isEqualTo(20);
    assertThat(CropBox.centered(23, 21, 20, 20)).isEqualTo(new CropBox(2, 0, 20, 20));
  }

  @Test
  void cutsAtTheDrawnPlace() {
    RgbImage image = TestImages.noise(9, 7, 1);
    double last = Math.nextDown(1.0);
    assertThat(cut(image, 0, 0)).isEqualTo(region(image, 0, 0));
    assertThat(cut(image, last, 0)).isEqualTo(region(image, 5, 0));
    assertThat(cut(image, 0.5, last)).isEqualTo(region(image, 3, 3));
    assertThat(new ViewOperation.RandomCrop(4).draws()).isEqualTo(2);
  }

  private static byte[] cut(RgbImage image, double across, double down) {
    Canvas canvas = new Canvas();
    canvas.open(image);
    new ViewOperation.RandomCrop(4).apply(canvas, new double[] {across, down}, 0);
    byte[] pixels = new byte[4 * 4 * 3];
    canvas.write(pixels, 0);
    return pixels;
  }

  private static byte[] region(RgbImage image, int left, int top) {
    byte[] pixels = new byte[4 * 4 * 3];
    for (int row = 0; row < 4; row++) {
      System.arraycopy(
          image.pixels(), ((top + row) * image.width() + left) * 3, pixels, row * 12, 12);
    }
    return pixels;
  }

  @Test
  void resizesToASquareWhateverTheShape() {
    Canvas canvas = new Canvas();
    canvas.open(TestImages.noise(50, 37, 1));
    new ViewOperation.ResizeSquare(16).apply(canvas, new double[0], 0);
    assertThat(canvas.width()).isEqualTo(16);
    assertThat(canvas.height()).isEqualTo(16);
    byte[] pixels = new byte[16 * 16 * 3];
    canvas.write(pixels, 0);

    Canvas expected = new Canvas();
    expected.open(TestImages.noise(50, 37, 1));
    expected.resize(CropBox.whole(50, 37), 16, 16);
    byte[] same = new byte[16 * 16 * 3];
    expected.write(same, 0);
    assertThat(pixels).isEqualTo(same);
  }

  private static double[] uniforms(int id, int count) {
    CounterRandom random = new CounterRandom(Domain.VIEW, 3, 0, id, 0);
    double[] uniforms = new double[count];
    for (int i = 0; i < count; i++) {
      uniforms[i] = random.nextDouble();
    }
    return uniforms;
  }
}
