package org.kindred.models.random;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.kindred.models.random.CounterRandom.Domain;

final class CounterRandomTest {

  /** Known answers that the authors of Philox publish for 4x32 with 10 rounds. */
  @Test
  void philoxGivesThePublishedAnswers() {
    assertThat(philox(0, 0, 0, 0, 0, 0))
        .containsExactly(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
    assertThat(philox(-1, -1, -1, -1, -1, -1))
        .containsExactly(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
    assertThat(philox(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0))
        .containsExactly(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1);
  }

  private static int[] philox(int c0, int c1, int c2, int c3, int k0, int k1) {
    int[] words = {c0, c1, c2, c3};
    CounterRandom.philox(words, k0, k1);
    return words;
  }

  @Test
  void sameCoordinatesGiveTheSameStream() {
    assertThat(first(new CounterRandom(Domain.VIEW, 7, 3, 11, 1)))
        .isEqualTo(first(new CounterRandom(Domain.VIEW, 7, 3, 11, 1)));
  }

  @Test
  void everyCoordinateChangesTheStream() {
    int[] base = first(new CounterRandom(Domain.VIEW, 7, 3, 11, 1));
    assertThat(first(new CounterRandom(Domain.SHUFFLE, 7, 3, 11, 1))).isNotEqualTo(base);
    assertThat(first(new CounterRandom(Domain.VIEW, 7 + (1L << 40), 3, 11, 1))).isNotEqualTo(base);
    assertThat(first(new CounterRandom(Domain.VIEW, 7, 4, 11, 1))).isNotEqualTo(base);
    assertThat(first(new CounterRandom(Domain.VIEW, 7, 3, 11 + (1L << 40), 1))).isNotEqualTo(base);
    assertThat(first(new CounterRandom(Domain.VIEW, 7, 3, 11, 2))).isNotEqualTo(base);
  }

  private static int[] first(CounterRandom random) {
    return IntStream.range(0, 9).map(i -> random.nextInt()).toArray();
  }

  @Test
  void drawsStayInRangeAndFillIt() {
    CounterRandom random = new CounterRandom(Domain.HOLDOUT, 1, 0, 0, 0);
    int[] counts = new int[7];
    double sum = 0;
    for (int i = 0; i < 70_000; i++) {
      counts[random.nextInt(7)]++;
      double draw = random.nextDouble();
      assertThat(draw).isBetween(0.0, Math.nextDown(1.0));
      sum += draw;
    }
    assertThat(Arrays.stream(counts)).allMatch(count -> count > 9_600 && count < 10_400);
    assertThat(sum / 70_000).isBetween(0.495, 0.505);
  }

  @Test
  void shuffleKeepsEveryElement() {
    int[] values = IntStream.range(0, 1000).toArray();
    new CounterRandom(Domain.SHUFFLE, 1, 5, 0, 0).shuffle(values);
    assertThat(values).isNotEqualTo(IntStream.range(0, 1000).toArray());
    Arrays.sort(values);
    assertThat(values).isEqualTo(IntStream.range(0, 1000).toArray());
  }

  @Test
  void namesWhatIsOutOfRange() {
    assertThatThrownBy(() -> new CounterRandom(Domain.VIEW, 1, -1, 0, 0))
        .hasMessageContaining("epoch is -1");
    assertThatThrownBy(() -> new CounterRandom(Domain.VIEW, 1, 0, 0, 256))
        .hasMessageContaining("view is 256");
    assertThatThrownBy(() -> new CounterRandom(Domain.VIEW, 1, 0, 0, 0).nextInt(0))
        .hasMessageContaining("bound is 0");
  }

  @Test
  void drawsWithoutReplacement() {
    int[] times = new int[5];
    for (int id = 0; id < 1000; id++) {
      int[] values = {0, 1, 2, 3, 4};
      new CounterRandom(Domain.NOISE, 3, 0, id, 0).draw(values, 2);
      times[values[0]]++;
      times[values[1]]++;
      assertThat(values).containsExactlyInAnyOrder(0, 1, 2, 3, 4);
    }
    // 400 of each +- 5 standard deviations.
    for (int time : times) {
      assertThat(time).isBetween(322, 478);
    }
  }
}
