package org.kindred.models.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.kindred.models.Golden;
import org.kindred.models.TestGraph;
import org.kindred.proto.pipeline.v1.InvP;
import org.kindred.proto.pipeline.v1.InvarianceBackground;
import org.kindred.proto.pipeline.v1.InvarianceForm;
import org.kindred.proto.pipeline.v1.InvarianceRamp;
import org.kindred.proto.pipeline.v1.NeighborRefresh;
import org.kindred.proto.pipeline.v1.PositiveDiscovery;
import org.kindred.proto.pipeline.v1.PositiveSource;

/** Where InvP's positives come from. */
final class InvPPositivesTest {

  private static final double[] ANGLES = {0, 8, 16, 24, 32, 40, 48, -30, -35, -40, 120, 180};

  private static InvPCase open(
      TestGraph graph, float[] features, int[] rows, UnaryOperator<InvP.Builder> change) {
    return InvPCase.of(graph, Banks.circle(ANGLES), features, rows, change);
  }

  private static int[] table(InvPCase built) {
    return built.step().step().tables().get(TrainingObjective.NEIGHBORS).values();
  }

  /** Returns what the lookup of this width gives for some examples. */
  private static int[] lookup(InvPCase built, int width, int... rows) {
    TrainingStep.Lookup lookup =
        built.step().step().lookups().stream()
            .filter(candidate -> candidate.width() == width)
            .findFirst()
            .orElseThrow();
    int[] found = new int[width * rows.length];
    lookup.source().fill(0, rows, IntBuffer.wrap(found));
    return found;
  }

  @Test
  void refreshesRowsAsTheGoldenCaseHasIt() {
    Golden golden = Golden.only("invp_discovery", "graph_row_update");
    JsonNode candidates = golden.inputs().get("sorted_candidates");
    for (int i = 0; i < candidates.size(); i++) {
      try (TestGraph graph = new TestGraph()) {
        InvPCase built = open(graph, Banks.circle(0), new int[] {7}, config -> config);
        int[] five = Arrays.copyOf(Golden.ints(candidates.get(i)), 5);
        built.step().step().deliveries().get(0).sink().take(new int[] {7}, IntBuffer.wrap(five));
        assertThat(Arrays.copyOfRange(table(built), 28, 32))
            .isEqualTo(Golden.ints(golden.expected().get("rows").get(i)));
        assertThat(Arrays.stream(table(built)).filter(id -> id == -1)).hasSize(44);
      }
    }
  }

  @Test
  void deliversTheNearestRowsOfTheBankWhateverTheBackground() {
    for (int background : new int[] {0, 3, 8}) {
      try (TestGraph graph = new TestGraph()) {
        InvPCase built =
            open(
                graph,
                Banks.circle(3, 121),
                new int[] {0, 10},
                config -> config.setBackground(background));
        graph.initialize(1);
        graph.at(0, 0);
        built.step().fillLookups(0);
        var nearest = built.step().step().deliveries().get(0).values();
        float[] got =
            graph
                .fetch(graph.tf().dtypes.cast(nearest, org.tensorflow.types.TFloat32.class))
                .get(0);
        // From 3 degrees: 3, 5, 13, 21, 29 away; from 121: 1, 59, 73, 81, 89.
        assertThat(got).containsExactly(0, 1, 2, 3, 4, 10, 11, 6, 5, 4);
      }
    }
  }

  @Test
  void walksTheGraphAsItStandsBeforeTheStep() {
    Golden golden = Golden.only("invp_discovery", "directed_graph");
    try (TestGraph graph = new TestGraph()) {
      InvPCase built =
          InvPCase.of(
              graph,
              Banks.circle(0, 1, 2, 3, 4, 5, 6, 7),
              Banks.circle(0),
              new int[] {0},
              config -> config.setK(2).setHops(2));
      built.withNeighbors(Golden.ints(golden.inputs().get("neighbours")));
      JsonNode sets = golden.expected().get("sets_l2");
      // At most 2 + 4 are reached.
      int[] found = lookup(built, 6, 0, 1, 2, 3, 4, 5, 6, 7);
      for (int row = 0; row < 8; row++) {
        int[] expected = new int[6];
        Arrays.fill(expected, -1);
        int[] set = Golden.ints(sets.get(row));
        System.arraycopy(set, 0, expected, 0, set.length);
        assertThat(Arrays.copyOfRange(found, 6 * row, 6 * row + 6)).isEqualTo(expected);
      }
    }
  }

  @Test
  void aLimitKeepsTheNearestInHops() {
    try (TestGraph graph = new TestGraph()) {
      InvPCase built =
          open(
              graph,
              Banks.circle(0),
              new int[] {0},
              config -> config.setK(2).setHops(3).setMaxPositives(3));
      int[] neighbors = new int[24];
      Arrays.setAll(neighbors, i -> (i / 2 + 11 - i % 2) % 12);
      built.withNeighbors(neighbors);
      // 0 -> 11, 10 -> 9, 8: of the second hop the lower number.
      assertThat(lookup(built, 3, 0)).containsExactly(8, 10, 11);
    }
  }

  @Test
  void walksMayHaveRepeatsButNotTooMany() {
    UnaryOperator<InvP.Builder> walks =
        config ->
            config
                .setDiscovery(PositiveDiscovery.POSITIVE_DISCOVERY_WALKS)
                .setForm(InvarianceForm.INVARIANCE_FORM_REFERENCE)
                .setInvarianceBackground(InvarianceBackground.INVARIANCE_BACKGROUND_WITHOUT_SELF);
    Golden golden = Golden.only("invp_discovery", "directed_graph");
    try (TestGraph graph = new TestGraph()) {
      InvPCase built =
          InvPCase.of(
              graph,
              Banks.circle(0, 1, 2, 3, 4, 5, 6, 7),
              Banks.circle(0),
              new int[] {0},
              config -> walks.apply(config).setK(2).setHops(2));
      built.withNeighbors(Golden.ints(golden.inputs().get("neighbours")));
      assertThat(lookup(built, 6, 0)).containsExactly(0, 1, 1, 2, 2, 3);
    }
    try (TestGraph graph = new TestGraph()) {
      assertThatThrownBy(
              () ->
                  open(
                      graph,
                      Banks.circle(0),
                      new int[] {0},
                      config -> walks.apply(config).setHops(5)))
          .hasMessage(
              "invp.hops is 5, which with invp.k = 4 makes 1364 walks or more, valid is up to"
                  + " invp.max_positives, 500");
    }
  }

  @Test
  void theGraphCanFollowTheBankFromEpochToEpoch() {
    try (TestGraph graph = new TestGraph()) {
      InvPCase built =
          open(
              graph,
              Banks.circle(0),
              new int[] {0},
              config ->
                  config
                      .setK(2)
                      .setStartEpoch(3)
                      .setRefresh(NeighborRefresh.NEIGHBOR_REFRESH_EPOCH_START));
      graph.initialize(1);
      assertThat(built.step().step().deliveries()).isEmpty();
      built.step().startEpoch(2);
      assertThat(table(built)).containsOnly(-1);
      built.step().startEpoch(3);
      int[] found = table(built).clone();
      for (int row = 0; row < 12; row++) {
        Arrays.sort(found, 2 * row, 2 * row + 2);
      }
      assertThat(found)
          .isEqualTo(
              Golden.ints(
                  Golden.only("invp_discovery", "chain_versus_KNN")
                      .expected()
                      .get("neighbours_sorted")));
    }
  }

  @Test
  void thePlainNearestRowsAreAnAblation() {
    Golden golden = Golden.only("invp_discovery", "chain_versus_KNN");
    try (TestGraph graph = new TestGraph()) {
      InvPCase built =
          open(
              graph,
              Banks.circle(3),
              new int[] {0},
              config ->
                  config
                      .setPositives(PositiveSource.POSITIVE_SOURCE_NEAREST)
                      .setNearest(5)
                      .setStartEpoch(0)
                      .setRefresh(NeighborRefresh.NEIGHBOR_REFRESH_EPOCH_START));
      graph.initialize(1);
      // The bank's first rows are random.
      built.step().startEpoch(0);
      assertThat(table(built)).containsOnly(-1);
      built.step().startEpoch(1);
      assertThat(Arrays.copyOf(table(built), 5))
          .isEqualTo(Golden.ints(golden.expected().get("anchor0_KNN5")));
      assertThat(lookup(built, 5, 0)).containsExactly(1, 2, 3, 4, 7);
      assertThat(built.ready(0).invariance()).isPositive();
    }
  }

  /** Before the first visit nothing is known: no other example may be taken for a positive. */
  @Test
  void rowsThatWereNeverRefreshedCountForNothing() {
    try (TestGraph graph = new TestGraph()) {
      InvPCase built =
          open(
              graph,
              Banks.circle(3, 121),
              new int[] {0, 10},
              config ->
                  config
                      .setK(2)
                      .setRamp(InvarianceRamp.INVARIANCE_RAMP_CONSTANT)
                      .clearStartEpoch());
      built.ready(0);
      List<float[]> got =
          graph.fetch(
              built.loss(),
              built.step().measure("instance_term"),
              built.step().measure("invariance_term"),
              built.step().measure("positives"),
              built.step().measure("refreshed_rows"),
              graph.gradient(built.step().measure("invariance_term"), built.features()));
      assertThat(got.get(0)).isEqualTo(got.get(1));
      for (float[] none : got.subList(2, 6)) {
        assertThat(none).containsOnly(0);
      }
      // Row 10 leads to 11, of which nothing is known, and to 6.
      IntTable table = built.step().step().tables().get(TrainingObjective.NEIGHBORS);
      table.set(10, 0, 11);
      table.set(10, 1, 6);
      table.set(6, 0, 5);
      table.set(6, 1, 4);
      built.step().fillLookups(0);
      got =
          graph.fetch(
              built.step().measure("positives"),
              built.step().measure("refreshed_rows"),
              built.step().measure("invariance_term"));
      assertThat(got.get(0)[0]).isEqualTo(2);
      assertThat(got.get(1)[0]).isEqualTo(2 / 12f, within(1e-7f));
      assertThat(got.get(2)[0]).isPositive();
    }
  }

  @Test
  void positivesMayComeFromElsewhere() {
    // Example 0 has 3 and 1, itself and 3 again are passed over; example 10 has none.
    int[] counts = new int[12];
    counts[0] = 4;
    counts[11] = 1;
    PositiveLists lists = new PositiveLists(counts, new int[] {3, 0, 3, 1, 2});
    UnaryOperator<InvP.Builder> change = config -> config.setFromPositiveSet(true);
    float elsewhere;
    try (TestGraph graph = new TestGraph()) {
      InvPCase built =
          InvPCase.of(
              graph,
              Banks.circle(ANGLES),
              Banks.circle(3, 121),
              new int[] {0, 10},
              Optional.of(lists),
              change);
      built.ready(InvPCase.FULL);
      assertThat(lookup(built, 4, 0, 10, 11))
          .containsExactly(1, 3, -1, -1, -1, -1, -1, -1, 2, -1, -1, -1);
      assertThat(built.step().step().tables()).isEmpty();
      assertThat(graph.fetch(built.step().measure("positives")).get(0)[0]).isEqualTo(1);
      elsewhere = built.invariance();
    }
    try (TestGraph graph = new TestGraph()) {
      InvPCase built =
          open(graph, Banks.circle(3, 121), new int[] {0, 10}, c -> c.setK(2).setHops(1));
      int[] neighbors = new int[24];
      Arrays.fill(neighbors, -1);
      neighbors[0] = 1;
      neighbors[1] = 3;
      built.withNeighbors(neighbors);
      assertThat(built.invariance()).isEqualTo(elsewhere, within(1e-6f));
    }
    try (TestGraph graph = new TestGraph()) {
      assertThatThrownBy(() -> open(graph, Banks.circle(3), new int[] {0}, change))
          .hasMessage("invp.from_positive_set is set, but the training was given no positives");
    }
    try (TestGraph graph = new TestGraph()) {
      assertThatThrownBy(
              () ->
                  InvPCase.of(
                      graph,
                      Banks.circle(ANGLES),
                      Banks.circle(3),
                      new int[] {0},
                      Optional.of(new PositiveLists(new int[] {1}, new int[] {0})),
                      change))
          .hasMessage(
              "the positives are those of 1 examples, valid is the number of the training set's,"
                  + " 12");
    }
  }

  @Test
  void listsThatDoNotFitAreNamed() {
    assertThatThrownBy(() -> new PositiveLists(new int[] {1, 2}, new int[] {0, 1}))
        .hasMessage("positives of example 1 are 2, valid is 0 to 1, the numbers that are left");
    assertThatThrownBy(() -> new PositiveLists(new int[] {1, 0}, new int[] {0, 1}))
        .hasMessage(
            "the lists have 1 positives, valid is as many as there are numbers, 2, and 1 or more");
    assertThatThrownBy(() -> new PositiveLists(new int[] {1, 0}, new int[] {2}))
        .hasMessage("a positive is 2, valid is 0 to 1, the examples");
  }

  @Test
  void thereMustBeMoreImagesThanNeighbours() {
    try (TestGraph graph = new TestGraph()) {
      assertThatThrownBy(
              () -> open(graph, Banks.circle(0), new int[] {0}, config -> config.setK(12)))
          .hasMessage("invp.k is 12, valid is 1 to 11, less than there are images");
    }
  }
}
