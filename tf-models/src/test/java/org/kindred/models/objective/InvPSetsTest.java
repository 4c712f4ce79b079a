package org.kindred.models.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kindred.models.TestGraph;
import org.kindred.proto.pipeline.v1.InvP;
import org.kindred.proto.pipeline.v1.InvarianceBackground;
import org.kindred.proto.pipeline.v1.PositiveChoice;

/**
 * InvP's terms against sets that are made one by one, of rows that are often equally similar. Rows
 * and embeddings are small multiples of 1/4: their products are exact, and ties are ties.
 */
final class InvPSetsTest {

  private static final int EXAMPLES = 40;
  private static final int DIMENSION = 3;
  private static final int BATCH = 6;
  private static final int K = 3;
  private static final double TEMPERATURE = 0.5;

  private final Random random = new Random(17);
  private final float[] bank = quarters(EXAMPLES * DIMENSION);
  private final float[] features = quarters(BATCH * DIMENSION);
  private final int[] rows = random.ints(BATCH, 0, EXAMPLES).toArray();
  private final int[] neighbors =
      IntStream.range(0, EXAMPLES)
          .flatMap(i -> random.ints(0, EXAMPLES).filter(j -> j != i).distinct().limit(K))
          .toArray();

  private float[] quarters(int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (random.nextInt(5) - 2) / 4f;
    }
    return values;
  }

  private double similarity(int anchor, int row) {
    double sum = 0;
    for (int d = 0; d < DIMENSION; d++) {
      sum += (double) features[anchor * DIMENSION + d] * bank[row * DIMENSION + d];
    }
    return sum;
  }

  private double sum(int anchor, Iterable<Integer> set) {
    double sum = 0;
    for (int row : set) {
      sum += Math.exp(similarity(anchor, row) / TEMPERATURE);
    }
    return sum;
  }

  private List<Integer> nearest(int anchor, int count) {
    return IntStream.range(0, EXAMPLES)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer row) -> -similarity(anchor, row)))
        .limit(count)
        .toList();
  }

  private Set<Integer> reached(int start, int hops) {
    Set<Integer> found = new TreeSet<>();
    Set<Integer> last = Set.of(start);
    for (int hop = 0; hop < hops; hop++) {
      Set<Integer> next = new HashSet<>();
      for (int node : last) {
        for (int place = 0; place < K; place++) {
          next.add(neighbors[node * K + place]);
        }
      }
      found.addAll(next);
      last = next;
    }
    found.remove(start);
    return found;
  }

  private double instance(int anchor, int m) {
    Set<Integer> set = new HashSet<>(nearest(anchor, m));
    set.add(rows[anchor]);
    return Math.log(sum(anchor, set)) - similarity(anchor, rows[anchor]) / TEMPERATURE;
  }

  private double invariance(
      int anchor, int m, int hops, int p, PositiveChoice choice, InvarianceBackground background) {
    Set<Integer> all = reached(rows[anchor], hops);
    Comparator<Integer> order = Comparator.comparingDouble(row -> similarity(anchor, row));
    List<Integer> counted =
        choice == PositiveChoice.POSITIVE_CHOICE_ALL
            ? new ArrayList<>(all)
            : all.stream()
                .sorted(choice == PositiveChoice.POSITIVE_CHOICE_HARD ? order : order.reversed())
                .limit(p)
                .toList();
    Set<Integer> set = new HashSet<>(nearest(anchor, m));
    if (background == InvarianceBackground.INVARIANCE_BACKGROUND_EXACT) {
      set.removeAll(all);
    }
    if (background != InvarianceBackground.INVARIANCE_BACKGROUND_WHOLE) {
      set.remove(rows[anchor]);
    }
    set.addAll(counted);
    return Math.log(sum(anchor, set)) - Math.log(sum(anchor, counted));
  }

  private void check(
      int m, int hops, int p, PositiveChoice choice, InvarianceBackground background) {
    double instance = 0;
    double invariance = 0;
    for (int anchor = 0; anchor < BATCH; anchor++) {
      instance += instance(anchor, m) / BATCH;
      invariance += invariance(anchor, m, hops, p, choice, background) / BATCH;
    }
    UnaryOperator<InvP.Builder> change =
        config ->
            config
                .setTemperature(TEMPERATURE)
                .setK(K)
                .setHops(hops)
                .setBackground(m)
                .setSelection(choice)
                .setInvarianceBackground(background);
    try (TestGraph graph = new TestGraph()) {
      InvPCase built =
          InvPCase.of(
                  graph,
                  bank,
                  features,
                  rows,
                  config ->
                      choice == PositiveChoice.POSITIVE_CHOICE_ALL
                          ? change.apply(config)
                          : change.apply(config).setHardPositives(p))
              .withNeighbors(neighbors);
      assertThat((double) built.instance())
          .as("instance, M=%d", m)
          .isCloseTo(instance, within(1e-5));
      assertThat((double) built.invariance())
          .as("invariance, M=%d, l=%d, P=%d", m, hops, p)
          .isCloseTo(invariance, within(1e-5));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 7, 8, 11, 16, 23, 31, 39, 40})
  void ofEquallyNearRowsTheLowerIsBackground(int m) {
    check(
        m,
        2,
        4,
        PositiveChoice.POSITIVE_CHOICE_HARD,
        InvarianceBackground.INVARIANCE_BACKGROUND_EXACT);
  }

  @ParameterizedTest
  @EnumSource(
      value = InvarianceBackground.class,
      names = {"UNRECOGNIZED", "INVARIANCE_BACKGROUND_UNSPECIFIED"},
      mode = EnumSource.Mode.EXCLUDE)
  void everyBackgroundWithEveryChoice(InvarianceBackground background) {
    for (PositiveChoice choice :
        List.of(
            PositiveChoice.POSITIVE_CHOICE_HARD,
            PositiveChoice.POSITIVE_CHOICE_EASY,
            PositiveChoice.POSITIVE_CHOICE_ALL)) {
      for (int hops = 1; hops <= 3; hops++) {
        check(9, hops, 2, choice, background);
        // More than any example has.
        check(12, hops, 39, choice, background);
      }
    }
  }
}
