package org.kindred.stages.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;

class ResamplingTest {

  @Property(tries = 300, seed = "1")
  void agreesWithTheDefinition(
      @ForAll @IntRange(min = 1, max = 60) int in,
      @ForAll @IntRange(min = 1, max = 60) int out,
      @ForAll @LongRange(min = 0, max = 1000) long id) {
    CounterRandom random = new CounterRandom(Domain.VIEW, 1, 0, id, 0);
    float[] row = new float[3 * in];
    for (int i = 0; i < row.length; i++) {
      row[i] = random.nextFloat();
    }
    Resampling resampling = new Resampling();
    resampling.prepare(in, out, 0, out);
    int from = 3 * resampling.inputFrom();
    float[] needed = Arrays.copyOfRange(row, from, 3 * resampling.inputTo());
    float[] result = new float[3 * out];

    resampling.horizontal(needed, result);

    for (int i = 0; i < result.length; i++) {
      double expected = triangle(row, i / out, in, out, i % out);
      assertThat((double) result[i]).isCloseTo(expected, within(2e-6));
    }
  }

  @Property(tries = 300, seed = "1")
  void rowsAreWeighedAsColumns(
      @ForAll @IntRange(min = 1, max = 40) int in, @ForAll @IntRange(min = 1, max = 40) int out) {
    Resampling resampling = new Resampling();
    resampling.prepare(in, out, 0, out);
    int from = resampling.inputFrom();
    int needed = resampling.inputTo() - from;
    float[] row = new float[3 * needed];
    float[][] rows = new float[needed][1];
    for (int i = 0; i < needed; i++) {
      float value = (float) StrictMath.sin(i);
      row[3 * i] = value;
      rows[i][0] = value;
    }
    float[] across = new float[3 * out];
    resampling.horizontal(row, across);

    float[] down = new float[1];
    for (int y = 0; y < out; y++) {
      resampling.vertical(rows, y, down, 1);
      assertThat(down[0]).isCloseTo(across[y], within(1e-6f));
    }
  }

  @Property(tries = 300, seed = "1")
  void aWindowIsAPartOfTheWhole(
      @ForAll @IntRange(min = 1, max = 60) int in,
      @ForAll @IntRange(min = 1, max = 60) int out,
      @ForAll @IntRange(max = 59) int from,
      @ForAll @IntRange(min = 1, max = 60) int count) {
    Assume.that(from + count <= out);
    float[] row = new float[3 * in];
    for (int i = 0; i < row.length; i++) {
      row[i] = (float) StrictMath.sin(i);
    }
    float[] whole = resampled(row, in, out, 0, out);

    float[] window = resampled(row, in, out, from, count);

    for (int i = 0; i < 3 * count; i++) {
      assertThat(window[i]).isEqualTo(whole[i / count * out + from + i % count]);
    }
  }

  @Test
  void sameSizeChangesNothing() {
    float[] row = {0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f, 0.7f, 0.8f, 0.9f};

    assertThat(resampled(row, 3, 3, 0, 3))
        .containsExactly(0.1f, 0.4f, 0.7f, 0.2f, 0.5f, 0.8f, 0.3f, 0.6f, 0.9f);
  }

  private static float[] resampled(float[] row, int in, int out, int from, int count) {
    Resampling resampling = new Resampling();
    resampling.prepare(in, out, from, count);
    float[] needed = Arrays.copyOfRange(row, 3 * resampling.inputFrom(), 3 * resampling.inputTo());
    float[] result = new float[3 * count];
    resampling.horizontal(needed, result);
    return result;
  }

  /** One output sample by the definition: a triangle over all input samples. */
  private static double triangle(float[] row, int channel, int in, int out, int x) {
    double scale = (double) in / out;
    double support = Math.max(1, scale);
    double center = (x + 0.5) * scale;
    double sum = 0;
    double weights = 0;
    for (int i = 0; i < in; i++) {
      double weight = Math.max(0, 1 - Math.abs(i + 0.5 - center) / support);
      sum += weight * row[3 * i + channel];
      weights += weight;
    }
    return sum / weights;
  }
}
