package org.kindred.models.neighbors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.kindred.models.Golden;
import org.kindred.models.neighbors.Propagation.Hard;
import org.kindred.models.neighbors.Propagation.Positives;
import org.kindred.models.neighbors.Propagation.Walker;

final class PropagationTest {

  private static int[] sorted(int[] values) {
    return Arrays.stream(values).sorted().toArray();
  }

  /** A table of {@code width} distinct neighbours of each node, itself not among them. */
  private static int[] randomGraph(int nodes, int width, long seed) {
    Random random = new Random(seed);
    return IntStream.range(0, nodes)
        .flatMap(
            node -> random.ints(0, nodes).filter(other -> other != node).distinct().limit(width))
        .toArray();
  }

  @Example
  void goldenSetsOfTheDirectedGraph() {
    Golden golden = Golden.only("invp_discovery", "directed_graph");
    int[] graph = Golden.ints(golden.inputs().get("neighbours"));
    for (int hops = 1; hops <= 3; hops++) {
      JsonNode sets = golden.expected().get("sets_l" + hops);
      Walker walker = new Propagation(graph, 2, 2, hops).walker();
      for (int node = 0; node < sets.size(); node++) {
        assertThat(sorted(walker.positives(node).ids()))
            .as("node %d, %d hops", node, hops)
            .isEqualTo(Golden.ints(sets.get(node)));
      }
    }
  }

  @Example
  void goldenChainReachesWhatNearestNeighboursMiss() {
    Golden golden = Golden.only("invp_discovery", "chain_versus_KNN");
    int[] graph = Golden.ints(golden.expected().get("neighbours_sorted"));
    for (int hops : new int[] {1, 2, 3, 5}) {
      Positives positives = new Propagation(graph, 2, 2, hops).walker().positives(0);
      assertThat(sorted(positives.ids()))
          .isEqualTo(Golden.ints(golden.expected().get("anchor0_l" + hops)));
    }
  }

  @Example
  void positivesComeByHopThenById() {
    int[] graph = {3, 2, 0, 4, 1, 0, 4, 1, 0, 1};
    Positives positives = new Propagation(graph, 2, 2, 2).walker().positives(0);
    assertThat(positives.ids()).containsExactly(2, 3, 1, 4);
    assertThat(positives.hops()).containsExactly(1, 1, 2, 2);
  }

  @Property(tries = 300)
  void oneHopIsTheNeighboursAndMoreHopsOnlyAdd(
      @ForAll @IntRange(min = 6, max = 40) int nodes,
      @ForAll @IntRange(min = 1, max = 5) int width,
      @ForAll @IntRange(min = 1, max = 5) int k,
      @ForAll long seed) {
    int followed = Math.min(k, width);
    int[] graph = randomGraph(nodes, width, seed);
    for (int node = 0; node < nodes; node++) {
      int[] nearest = Arrays.copyOfRange(graph, node * width, node * width + followed);
      Positives last = new Propagation(graph, width, followed, 1).walker().positives(node);
      assertThat(last.ids()).isEqualTo(sorted(nearest));
      for (int hops = 2; hops <= 4; hops++) {
        Positives more = new Propagation(graph, width, followed, hops).walker().positives(node);
        assertThat(more.ids()).startsWith(last.ids()).doesNotContain(node).doesNotHaveDuplicates();
        assertThat(more.hops()).isSorted().startsWith(last.hops());
        last = more;
      }
    }
  }

  @Property(tries = 200)
  void aLimitKeepsTheFirst(
      @ForAll @IntRange(min = 1, max = 30) int limit,
      @ForAll @IntRange(min = 1, max = 5) int hops,
      @ForAll long seed) {
    int[] graph = randomGraph(25, 3, seed);
    Positives all = new Propagation(graph, 3, 3, hops).walker().positives(7);
    Positives first = all.first(limit);
    int kept = Math.min(limit, all.ids().length);
    assertThat(first.ids()).isEqualTo(Arrays.copyOf(all.ids(), kept));
    assertThat(first.hops()).isEqualTo(Arrays.copyOf(all.hops(), kept));
  }

  @Example
  void aWalkerForgetsEarlierWalks() {
    int[] graph = randomGraph(30, 3, 1);
    Propagation propagation = new Propagation(graph, 3, 3, 3);
    Walker walker = propagation.walker();
    for (int node : new int[] {4, 9, 4, 0, 29, 4}) {
      assertThat(walker.positives(node).ids())
          .isEqualTo(propagation.walker().positives(node).ids());
    }
  }

  @Example
  void hardPositivesAreTheLeastSimilar() {
    Positives positives = new Positives(new int[] {2, 5, 7, 9}, new int[] {1, 1, 2, 2});
    float[] similarities = {0.9f, 0.2f, 0.4f, 0.2f};
    Hard three = positives.hard(similarities, 3);
    assertThat(three.ids()).containsExactly(5, 9, 7);
    assertThat(three.similarities()).containsExactly(0.2f, 0.2f, 0.4f);
    assertThat(positives.hard(similarities, 1).ids()).containsExactly(5);
    assertThat(positives.hard(similarities, 50).ids()).containsExactly(5, 9, 7, 2);
    float zero = positives.hard(new float[4], 1).similarities()[0];
    assertThat(Float.floatToRawIntBits(zero)).as("no negative zero").isZero();
  }

  @Example
  void endsOfSeveralWalksAreHardPositivesSeveralTimes() {
    Positives ends = new Positives(new int[] {4, 2, 4}, new int[] {1, 1, 2});
    assertThat(ends.hard(new float[] {-1, 1, -1}, 2).ids()).containsExactly(4, 4);
  }

  @Example
  void onlyMutualNeighboursAreFollowed() {
    int[] graph = {1, 2, 0, 3, 3, 0, 4, 2, 3, 0};
    Propagation mutual = new Propagation(graph, 2, 2, 3).mutual();
    int[][] followed = {{1, 2}, {0}, {3, 0}, {4, 2}, {3}};
    for (int node = 0; node < followed.length; node++) {
      assertThat(mutual.followedFrom(node)).as("node %d", node).isEqualTo(followed[node]);
    }
    Positives positives = mutual.walker().positives(1);
    assertThat(positives.ids()).containsExactly(0, 2, 3);
    assertThat(positives.hops()).containsExactly(1, 2, 3);
    Positives ends = mutual.walker().walkEnds(1);
    assertThat(ends.ids()).containsExactly(0, 1, 2, 0, 3, 0);
    assertThat(ends.hops()).containsExactly(1, 2, 2, 3, 3, 3);
    int[] alone = {1, 2, 1};
    assertThat(new Propagation(alone, 1, 1, 3).mutual().walker().positives(0).ids()).isEmpty();
  }

  @Property(tries = 100)
  void mutualNeighboursAreThoseOfEitherSide(
      @ForAll @IntRange(min = 1, max = 4) int k, @ForAll long seed) {
    int[] graph = randomGraph(20, 4, seed);
    Propagation all = new Propagation(graph, 4, k, 1);
    Propagation mutual = all.mutual();
    for (int node = 0; node < 20; node++) {
      int self = node;
      int[] expected =
          Arrays.stream(all.followedFrom(node))
              .filter(other -> Arrays.stream(all.followedFrom(other)).anyMatch(id -> id == self))
              .toArray();
      assertThat(mutual.followedFrom(node)).isEqualTo(expected);
    }
  }

  @Example
  void goldenWalksHaveRepeats() {
    Golden golden = Golden.only("invp_discovery", "directed_graph");
    int[] graph = Golden.ints(golden.inputs().get("neighbours"));
    for (int hops = 1; hops <= 3; hops++) {
      assertThat(new Propagation(graph, 2, 2, hops).walker().walkEnds(0).ids())
          .isEqualTo(Golden.ints(golden.expected().get("concat_anchor0_l" + hops)));
    }
    JsonNode lengths = golden.expected().get("concat_lengths_k4");
    int[] four = randomGraph(30, 4, 2);
    for (int hops = 1; hops <= 4; hops++) {
      Propagation propagation = new Propagation(four, 4, 4, hops);
      assertThat(propagation.walks()).isEqualTo(lengths.get("l" + hops).asInt());
      assertThat(propagation.walker().walkEnds(3).ids()).hasSize(propagation.walks());
    }
    assertThat(new Propagation(four, 4, 4, 32).walks()).isEqualTo(Integer.MAX_VALUE);
  }

  @Property(tries = 200)
  void walksEndAtThePositivesAndAtTheStart(
      @ForAll @IntRange(min = 1, max = 5) int hops, @ForAll long seed) {
    Walker walker = new Propagation(randomGraph(25, 3, seed), 3, 2, hops).walker();
    int[] ends =
        Arrays.stream(walker.walkEnds(7).ids()).filter(node -> node != 7).distinct().toArray();
    assertThat(sorted(ends)).isEqualTo(sorted(walker.positives(7).ids()));
  }

  @Property(tries = 200)
  void aWalkThatMayStopEarlyFindsTheSame(
      @ForAll @IntRange(min = 1, max = 30) int limit,
      @ForAll @IntRange(min = 1, max = 5) int hops,
      @ForAll long seed) {
    Walker walker = new Propagation(randomGraph(25, 3, seed), 3, 3, hops).walker();
    Positives first = walker.positives(7).first(limit);
    Positives early = walker.positives(7, limit);
    assertThat(early.ids()).isEqualTo(first.ids());
    assertThat(early.hops()).isEqualTo(first.hops());
  }

  @Example
  void rowsThatAreNotKnownYetLeadNowhere() {
    int[] graph = {1, 2, -1, -1, 3, 0, 4, 2, -1, -1};
    Walker walker = new Propagation(graph, 2, 2, 3).skippingUnknown().walker();
    assertThat(walker.positives(0).ids()).containsExactly(1, 2, 3, 4);
    assertThat(walker.positives(1).ids()).isEmpty();
    assertThat(walker.walkEnds(0).ids()).containsExactly(1, 2, 3, 0, 4, 2, 1, 2);
    assertThat(walker.walkEnds(4).ids()).isEmpty();
    int[] half = {1, -1, 0, 1};
    assertThatThrownBy(() -> new Propagation(half, 2, 2, 1).skippingUnknown().walker().positives(0))
        .hasMessage("neighbour 1 of node 0 is -1, valid is 0 to 1");
  }

  @Example
  void namesWhatIsWrong() {
    int[] graph = {1, -1, 0, 1};
    assertThatThrownBy(() -> new Propagation(graph, 2, 2, 1).walker().positives(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("neighbour 1 of node 0 is -1, valid is 0 to 1");
    assertThatThrownBy(() -> new Propagation(graph, 2, 3, 1))
        .hasMessageContaining("k is 3, valid is 1 to 2");
    assertThatThrownBy(() -> new Propagation(graph, 2, 2, 0)).hasMessageContaining("hops is 0");
    assertThatThrownBy(() -> new Propagation(graph, 3, 2, 1))
        .hasMessageContaining("4 neighbours are not whole rows of 3");
  }
}
