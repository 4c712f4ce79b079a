package org.kindred.models.neighbors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.kindred.models.linalg.Similarity;

final class NeighborListsTest {

  /** Few distinct coordinates, so that ties abound. */
  private static Tile tile(int first, int rows, long seed) {
    Random random = new Random(seed);
    float[] values = new float[rows * 2];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextInt(3);
    }
    return Tile.of(Similarity.EUCLIDEAN, first, 2, values);
  }

  @Property(tries = 300)
  void anyOrderAndGroupingOfMergesGivesTheSameBytes(
      @ForAll @IntRange(min = 1, max = 12) int k,
      @ForAll @IntRange(min = 2, max = 8) int parts,
      @ForAll long seed) {
    Random random = new Random(seed);
    Tile queries = tile(0, 5, seed);
    List<NeighborLists> partials = new ArrayList<>();
    int first = 0;
    for (int part = 0; part < parts; part++) {
      int rows = 1 + random.nextInt(6);
      partials.add(BruteForce.search(queries, tile(first, rows, random.nextLong()), k));
      first += rows;
    }
    byte[] inOrder = partials.stream().reduce(NeighborLists::merge).orElseThrow().toBytes();

    Collections.shuffle(partials, random);
    while (partials.size() > 1) {
      NeighborLists left = partials.remove(random.nextInt(partials.size()));
      NeighborLists right = partials.remove(random.nextInt(partials.size()));
      partials.add(random.nextInt(partials.size() + 1), left.merge(right));
    }

    assertThat(partials.get(0).toBytes()).isEqualTo(inOrder);
  }

  @Example
  void keepsTheBestOfBoth() {
    NeighborLists left =
        new NeighborLists(3, 1, 3, 3, new float[] {0.9f, 0.5f, 0.1f}, new int[] {8, 7, 9});
    NeighborLists right = new NeighborLists(3, 1, 3, 2, new float[] {0.5f, 0.4f}, new int[] {2, 1});
    NeighborLists merged = left.merge(right);
    assertThat(merged.ids()).containsExactly(8, 2, 7);
    assertThat(merged.similarities()).containsExactly(0.9f, 0.5f, 0.5f);
    assertThat(merged.width()).isEqualTo(3);
  }

  @Example
  void bytesComeBackAsTheyWere() {
    NeighborLists lists =
        new NeighborLists(
            10, 2, 4, 2, new float[] {-0.5f, -1.5f, 0, Float.MIN_VALUE}, new int[] {3, 2, 99, 0});
    NeighborLists back = NeighborLists.fromBytes(lists.toBytes());
    assertThat(back.toString()).isEqualTo("NeighborLists[first=10, rows=2, k=4, width=2]");
    assertThat(back.ids()).isEqualTo(lists.ids());
    assertThat(back.similarities()).isEqualTo(lists.similarities());
  }

  @Example
  void aSliceHoldsTheListsOfItsRows() {
    NeighborLists lists =
        new NeighborLists(
            10, 3, 2, 2, new float[] {6, 5, 4, 3, 2, 1}, new int[] {0, 1, 2, 3, 4, 5});
    NeighborLists slice = lists.slice(1, 3);
    assertThat(slice.toString()).isEqualTo("NeighborLists[first=11, rows=2, k=2, width=2]");
    assertThat(slice.ids()).containsExactly(2, 3, 4, 5);
    assertThat(slice.similarities()).containsExactly(4, 3, 2, 1);
    assertThatThrownBy(() -> lists.slice(2, 4)).hasMessageContaining("rows 2 to 3");
  }

  @Example
  void refusesListsThatDoNotBelongTogether() {
    NeighborLists lists = new NeighborLists(0, 1, 2, 1, new float[] {1}, new int[] {4});
    assertThatThrownBy(
            () -> lists.merge(new NeighborLists(1, 1, 2, 1, new float[] {1}, new int[] {5})))
        .hasMessageContaining("first=0")
        .hasMessageContaining("first=1");
    assertThatThrownBy(() -> lists.merge(lists))
        .hasMessageContaining("neighbour 4 of row 0 comes from both lists");
  }
}
