package org.kindred.stages.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.awt.Color;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ColorMathTest {

  @Property(seed = "1")
  void hueTurnsAsHsvDoes(
      @ForAll @IntRange(max = 255) int red,
      @ForAll @IntRange(max = 255) int green,
      @ForAll @IntRange(max = 255) int blue,
      @ForAll @FloatRange(min = -0.5f, max = 0.5f) float turns) {
    float[] hsv = Color.RGBtoHSB(red, green, blue, null);
    double[] expected = fromHsv(hsv[0] + turns, hsv[1], hsv[2]);

    float[] got = turned(red / 255f, green / 255f, blue / 255f, turns);

    for (int c = 0; c < 3; c++) {
      assertThat((double) got[c]).isCloseTo(expected[c], within(2e-6));
    }
  }

  @Property(seed = "1")
  void hueKeepsGreyExactly(
      @ForAll @FloatRange(max = 1) float level,
      @ForAll @FloatRange(min = -0.5f, max = 0.5f) float turns) {
    assertThat(turned(level, level, level, turns)).containsExactly(level, level, level);
  }

  @Test
  void hueOfColorsOnTheBordersOfSextants() {
    float third = 1 / 3f;
    assertThat(turned(1, 0, 0, third)).containsExactly(new float[] {0, 1, 0}, within(1e-6f));
    assertThat(turned(1, 0, 0, -third)).containsExactly(new float[] {0, 0, 1}, within(1e-6f));
    assertThat(turned(0, 1, 1, 0.5f)).containsExactly(new float[] {1, 0, 0}, within(1e-6f));
    assertThat(turned(0, 1, 1, -0.5f)).containsExactly(new float[] {1, 0, 0}, within(1e-6f));
    assertThat(turned(1, 0, 1, 0.5f)).containsExactly(new float[] {0, 1, 0}, within(1e-6f));
    assertThat(turned(1, 1, 0, 0)).containsExactly(new float[] {1, 1, 0}, within(1e-6f));
  }

  @Test
  void meanCountsEveryValueOnce() {
    for (int count = 1; count < 12; count++) {
      float[] values = new float[16];
      for (int i = 0; i < values.length; i++) {
        values[i] = 1 << i;
      }
      assertThat(ColorMath.mean(values, count)).isEqualTo(((1 << count) - 1) / (double) count);
    }
  }

  private static float[] turned(float red, float green, float blue, float turns) {
    float[][] planes = {{red}, {green}, {blue}};
    ColorMath.hue(
        planes[0], planes[1], planes[2], turns, new float[1], new float[1], new float[1], 1);
    return new float[] {planes[0][0], planes[1][0], planes[2][0]};
  }

  private static double[] fromHsv(double hue, double saturation, double value) {
    double[] rgb = new double[3];
    for (int c = 0; c < 3; c++) {
      double k = (5 - 2 * c + 6 * hue) % 6;
      k = k < 0 ? k + 6 : k;
      rgb[c] = value - value * saturation * Math.max(0, Math.min(1, Math.min(k, 4 - k)));
    }
    return rgb;
  }
}
