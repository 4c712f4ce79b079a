package org.kindred.models.neighbors;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The connected components of a graph, directions left aside: what is joined by a path of edges.
 * Made edge by edge, in any order, by union and find.
 *
 * <p>Threading: not thread-safe.
 */
public final class Components {

  /** A node nearer to the root, whose number is lower; a root is its own. */
  private final int[] parents;

  /**
   * Starts with every node alone.
   *
   * @param nodes 0 or more
   */
  public Components(int nodes) {
    this.parents = IntStream.range(0, nodes).toArray();
  }

  /** Returns the components of the graph that a walk follows. */
  public static Components of(Propagation graph) {
    Components components = new Components(graph.nodes());
    for (int node = 0; node < graph.nodes(); node++) {
      for (int neighbor : graph.followedFrom(node)) {
        components.join(node, neighbor);
      }
    }
    return components;
  }

  /** Returns the bytes of Java heap that the components of so many nodes take at least. */
  public static double heapBytes(long nodes) {
    return (double) Integer.BYTES * nodes;
  }

  /** Adds an edge. */
  public void join(int left, int right) {
    int one = root(left);
    int other = root(right);
    parents[Math.max(one, other)] = Math.min(one, other);
  }

  /** Returns the lowest node of the component that {@code node} is in. */
  public int root(int node) {
    int at = node;
    while (parents[at] != at) {
      parents[at] = parents[parents[at]];
      at = parents[at];
    }
    return at;
  }

  /** Returns {@link #root} of every node. */
  public int[] roots() {
    return IntStream.range(0, parents.length).map(this::root).toArray();
  }

  /** Returns the nodes of each component, most first. */
  public int[] sizes() {
    int[] counts = new int[parents.length];
    for (int root : roots()) {
      counts[root]++;
    }
    int[] sizes = Arrays.stream(counts).filter(count -> count > 0).sorted().toArray();
    return IntStream.range(0, sizes.length).map(i -> sizes[sizes.length - 1 - i]).toArray();
  }
}
