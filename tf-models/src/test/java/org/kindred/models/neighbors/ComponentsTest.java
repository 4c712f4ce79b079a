package org.kindred.models.neighbors;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

final class ComponentsTest {

  @Example
  void edgesJoinInEitherDirection() {
    int[] graph = {1, 2, 1, 4, 3, 4};
    Components components = Components.of(new Propagation(graph, 1, 1, 1));
    assertThat(components.roots()).containsExactly(0, 0, 0, 3, 3, 3);
    assertThat(components.sizes()).containsExactly(3, 3);
    Components alone = new Components(4);
    alone.join(3, 1);
    assertThat(alone.sizes()).containsExactly(2, 1, 1);
    assertThat(new Components(0).sizes()).isEmpty();
  }

  @Property(tries = 100)
  void theOrderOfEdgesDoesNotShow(@ForAll long seed) {
    Random random = new Random(seed);
    int[][] edges = new int[25][];
    Arrays.setAll(edges, unused -> new int[] {random.nextInt(40), random.nextInt(40)});
    Components one = new Components(40);
    Components other = new Components(40);
    for (int i = 0; i < edges.length; i++) {
      one.join(edges[i][0], edges[i][1]);
      int[] edge = edges[edges.length - 1 - i];
      other.join(edge[1], edge[0]);
    }
    assertThat(other.roots()).isEqualTo(one.roots());
    for (int[] edge : edges) {
      assertThat(one.root(edge[0])).isEqualTo(one.root(edge[1]));
    }
    assertThat(IntStream.of(one.sizes()).sum()).isEqualTo(40);
  }
}
