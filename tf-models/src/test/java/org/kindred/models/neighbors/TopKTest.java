package org.kindred.models.neighbors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

final class TopKTest {

  private record Entry(float score, int id) {}

  @Property
  void keepsTheBestInAnyOrderOfOffers(
      @ForAll @IntRange(max = 300) int offers,
      @ForAll @IntRange(max = 40) int k,
      @ForAll @IntRange(min = 1, max = 200) int distinctScores,
      @ForAll long seed) {
    Random random = new Random(seed);
    List<Entry> entries = new ArrayList<>();
    for (int id = 0; id < offers; id++) {
      entries.add(new Entry(random.nextInt(distinctScores) - distinctScores / 2, id));
    }
    Collections.shuffle(entries, random);

    TopK best = new TopK(2, k);
    entries.forEach(entry -> best.offer(1, entry.score, entry.id));

    List<Entry> expected =
        entries.stream()
            .sorted(
                Comparator.comparingDouble((Entry entry) -> -entry.score)
                    .thenComparingInt(Entry::id))
            .limit(k)
            .toList();
    assertThat(drain(best, 1, k)).isEqualTo(expected);
    assertThat(drain(best, 0, k)).isEmpty();
  }

  @Property(tries = 200)
  void whatIsRefusedBeforeItsTimeIsNotAboveTheThreshold(
      @ForAll @IntRange(min = 1, max = 2000) int offers,
      @ForAll @IntRange(min = 1, max = 200) int k,
      @ForAll @IntRange(min = 1, max = 500) int part,
      @ForAll @IntRange(max = 100) int ordered,
      @ForAll long seed) {
    float[] scores = scores(offers, ordered, seed);
    TopK best = offeredInParts(scores, k, part);
    best.settle(0);
    List<Entry> kept = drain(best, 0, k);
    float threshold = kept.size() < k ? thresholdOf(scores, k, part) : kept.get(k - 1).score;
    for (int id = 0; id < offers; id++) {
      if (scores[id] > threshold) {
        assertThat(kept).contains(new Entry(scores[id], id));
      }
    }
  }

  private static float thresholdOf(float[] scores, int k, int part) {
    return offeredInParts(scores, k, part).threshold(0);
  }

  /** The share of the offers, in hundredths, that come in order, best first. */
  private static float[] scores(int count, int ordered, long seed) {
    float[] scores = new float[count];
    Random random = new Random(seed);
    for (int i = 0; i < count; i++) {
      scores[i] = i < count * ordered / 100 ? count - i : random.nextFloat() * count;
    }
    return scores;
  }

  private static TopK offeredInParts(float[] scores, int k, int part) {
    TopK best = new TopK(1, k);
    for (int from = 0; from < scores.length; from += part) {
      float[] some = Arrays.copyOfRange(scores, from, Math.min(scores.length, from + part));
      best.expect(some.length, scores.length);
      best.preview(0, some, some.length);
      for (int i = 0; i < some.length; i++) {
        best.offer(0, some[i], from + i);
      }
    }
    return best;
  }

  @Example
  void offersInRandomOrderLoseNoneOfTheBest() {
    float[] scores = scores(50_000, 0, 7);
    List<Entry> announced = drain(offeredInParts(scores, 200, 500), 0, 200);
    assertThat(announced)
        .isEqualTo(drain(offeredInParts(scores, 200, 50_000), 0, 200))
        .hasSize(200);
  }

  private static List<Entry> drain(TopK best, int row, int k) {
    float[] scores = new float[k];
    int[] ids = new int[k];
    int size = best.drain(row, scores, ids, 0);
    List<Entry> entries = new ArrayList<>();
    for (int rank = 0; rank < size; rank++) {
      entries.add(new Entry(scores[rank], ids[rank]));
    }
    return entries;
  }

  @Example
  void thresholdIsTheWorstKeptOnceSettled() {
    TopK best = new TopK(1, 2);
    best.offer(0, -1, 0);
    best.settle(0);
    assertThat(best.threshold(0)).isEqualTo(Float.NEGATIVE_INFINITY);
    best.offer(0, -3, 1);
    best.offer(0, -2, 2);
    best.settle(0);
    assertThat(best.threshold(0)).isEqualTo(-2);
    assertThat(best.size(0)).isEqualTo(2);
    best.clear(0);
    assertThat(best.threshold(0)).isEqualTo(Float.NEGATIVE_INFINITY);
  }

  @Example
  void zeroesOfEitherSignAreEqual() {
    TopK best = new TopK(1, 1);
    best.offer(0, 0.0f, 5);
    best.offer(0, -0.0f, 4);
    assertThat(drain(best, 0, 1)).containsExactly(new Entry(0.0f, 4));
  }

  @Example
  void reachesTheEndsOfBothRanges() {
    TopK best = new TopK(1, 4);
    best.offer(0, -Float.MAX_VALUE, 0);
    best.offer(0, Float.MAX_VALUE, Integer.MAX_VALUE);
    best.offer(0, Float.MIN_VALUE, 1);
    best.offer(0, -Float.MIN_VALUE, 2);
    assertThat(drain(best, 0, 4))
        .containsExactly(
            new Entry(Float.MAX_VALUE, Integer.MAX_VALUE),
            new Entry(Float.MIN_VALUE, 1),
            new Entry(-Float.MIN_VALUE, 2),
            new Entry(-Float.MAX_VALUE, 0));
  }

  @Example
  void namesSizesThatItCannotHold() {
    assertThatThrownBy(() -> new TopK(0, 3)).hasMessageContaining("0 rows of 3 entries");
    assertThatThrownBy(() -> new TopK(1, -1)).hasMessageContaining("1 rows of -1 entries");
    assertThatThrownBy(() -> new TopK(1 << 20, 1 << 20)).hasMessageContaining("1048576 entries");
  }
}
