package org.kindred.models.neighbors;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Finds the positives of a node by walking its neighbour graph: all nodes within a number of hops,
 * N(i) = {j != i : distance from i to j is at most l} (Invariance Propagation, equation 3).
 *
 * <p>Immutable; see {@link #walker} for how several threads share one.
 */
public final class Propagation {

  private static final int UNKNOWN = -1;

  private final int[] neighbors;
  private final int width;
  private final int nodes;
  private final int k;
  private final int hops;
  private final boolean skipsUnknown;

  /** Neighbours followed from each node; null when it is k of all. */
  private final int[] degrees;

  /**
   * Positives of one node: by hop, then by id; or the ends of walks, in order of {@link
   * Walker#walkEnds}.
   *
   * @param ids the positives
   * @param hops distance of each from the node, 1 or more; of the end of a walk, its length
   */
  @SuppressWarnings("ArrayRecordComponent") // numbers in bulk, never compared as a value
  public record Positives(int[] ids, int[] hops) {

    /**
     * Chooses the hard positives, those least similar to the node. A node that stands in several
     * places, as the end of several walks, may be chosen as often.
     *
     * @param similarities of the positives, in their order, any number but NaN
     * @param count how many; all when there are fewer
     */
    public Hard hard(float[] similarities, int count) {
      int kept = Math.min(count, ids.length);
      TopK least = new TopK(1, kept);
      for (int i = 0; i < ids.length; i++) {
        least.offer(0, -similarities[i], ids[i]);
      }
      int[] hard = new int[kept];
      float[] chosen = new float[kept];
      least.drain(0, chosen, hard, 0);
      for (int i = 0; i < kept; i++) {
        chosen[i] = 0 - chosen[i];
      }
      return new Hard(hard, chosen);
    }

    /**
     * Returns the first of them: the nearest in hops, of the last hop those of lowest id, or the
     * earliest walks.
     */
    public Positives first(int count) {
      return count >= ids.length
          ? this
          : new Positives(Arrays.copyOf(ids, count), Arrays.copyOf(hops, count));
    }
  }

  /**
   * Hard positives of one node, from the lowest similarity up, equal ones by id.
   *
   * @param ids the positives
   * @param similarities of each to the node
   */
  @SuppressWarnings("ArrayRecordComponent") // numbers in bulk, never compared as a value
  public record Hard(int[] ids, float[] similarities) {}

  /**
   * Describes a walk.
   *
   * @param neighbors table {@code [nodes, width]} of each node's neighbours, nearest first; not
   *     copied
   * @param width neighbours of each node in the table, 1 or more
   * @param k neighbours followed from each node, 1 to {@code width}
   * @param hops longest path followed, l, 1 or more
   */
  public Propagation(int[] neighbors, int width, int k, int hops) {
    this(neighbors, width, k, hops, false, null);
  }

  private Propagation(
      int[] neighbors, int width, int k, int hops, boolean skipsUnknown, int[] degrees) {
    if (width < 1 || neighbors.length % width != 0) {
      throw new IllegalArgumentException(
          neighbors.length + " neighbours are not whole rows of " + width);
    }
    if (k < 1 || k > width) {
      throw new IllegalArgumentException(
          "k is " + k + ", valid is 1 to " + width + ", the neighbours that the graph has");
    }
    if (hops < 1) {
      throw new IllegalArgumentException("hops is " + hops + ", valid is 1 or more");
    }
    this.neighbors = neighbors;
    this.width = width;
    this.nodes = neighbors.length / width;
    this.k = k;
    this.hops = hops;
    this.skipsUnknown = skipsUnknown;
    this.degrees = degrees;
  }

  /**
   * Returns the same walk of a table of which not all rows are known yet: one that begins with -1
   * leads nowhere. Otherwise it is an error to come by one.
   */
  public Propagation skippingUnknown() {
    return new Propagation(neighbors, width, k, hops, true, degrees);
  }

  /**
   * Returns the same walk of the mutual graph: from i to j only where each is among the k nearest
   * of the other. A node may have no neighbours there.
   *
   * @throws IllegalArgumentException naming a table entry that is no node
   */
  public Propagation mutual() {
    int[] kept = new int[Math.multiplyExact(nodes, k)];
    int[] counts = new int[nodes];
    IntStream.range(0, nodes)
        .parallel()
        .forEach(
            node -> {
              for (int place = 0; place < followed(node); place++) {
                int neighbor = neighbor(node, place);
                if (isFollowed(neighbor, node)) {
                  kept[node * k + counts[node]++] = neighbor;
                }
              }
            });
    return new Propagation(kept, k, k, hops, false, counts);
  }

  private boolean isFollowed(int from, int to) {
    for (int place = 0; place < followed(from); place++) {
      if (neighbors[from * width + place] == to) {
        return true;
      }
    }
    return false;
  }

  /** Returns the number of nodes. */
  public int nodes() {
    return nodes;
  }

  /** Returns the neighbours that are followed from a node, nearest first. */
  public int[] followedFrom(int node) {
    int[] followed = new int[followed(node)];
    Arrays.setAll(followed, place -> neighbor(node, place));
    return followed;
  }

  private int followed(int node) {
    if (degrees != null) {
      return degrees[node];
    }
    return skipsUnknown && neighbors[node * width] == UNKNOWN ? 0 : k;
  }

  private int neighbor(int node, int place) {
    int neighbor = neighbors[node * width + place];
    if (neighbor < 0 || neighbor >= nodes) {
      throw new IllegalArgumentException(
          "neighbour %d of node %d is %d, valid is 0 to %d"
              .formatted(place, node, neighbor, nodes - 1));
    }
    return neighbor;
  }

  /**
   * Returns the greatest number of walks of 1 to l hops from a node, k + k^2 + ... + k^l, or {@link
   * Integer#MAX_VALUE} if there are more.
   */
  public int walks() {
    return walks(k, hops);
  }

  /**
   * Returns the same of any graph.
   *
   * @param k neighbours followed from each node, 1 or more
   * @param hops longest walk, 1 or more
   */
  public static int walks(int k, int hops) {
    long walks = 0;
    for (int hop = 1; hop <= hops && walks < Integer.MAX_VALUE; hop++) {
      walks = k * (1 + walks);
    }
    return (int) Math.min(walks, Integer.MAX_VALUE);
  }

  /** Returns a walker, with memory for a mark on every node. Each thread needs its own. */
  public Walker walker() {
    return new Walker();
  }

  /** Walks from one node after another. Not thread-safe. */
  public final class Walker {

    /** The walk, counted from 1, that last reached each node. */
    private final int[] reachedBy = new int[nodes];

    /** Nodes reached by this walk: the node itself, then hop by hop; and a place to write to. */
    private final int[] reached = new int[nodes + 1];

    private final NodeSort sort = new NodeSort(nodes);

    private int walk;

    private Walker() {}

    /**
     * Finds the positives of {@code node} by breadth-first search.
     *
     * @throws IllegalArgumentException naming a table entry on the way that is no node
     */
    public Positives positives(int node) {
      return positives(node, Integer.MAX_VALUE);
    }

    /**
     * Finds the first positives of {@code node}, and goes no further than it must.
     *
     * @param limit most of them: the nearest in hops, of the last hop those of lowest id
     * @throws IllegalArgumentException naming a table entry on the way that is no node
     */
    public Positives positives(int node, int limit) {
      if (++walk < 0) {
        Arrays.fill(reachedBy, 0);
        walk = 1;
      }
      int[] hopEnds = new int[hops + 1];
      reached[0] = node;
      reachedBy[node] = walk;
      int from = 0;
      int end = 1;
      int hop = 0;
      hopEnds[0] = 1;
      while (hop < hops && from < end && end - 1 < limit) {
        int next = expand(from, end);
        sort.sort(reached, end, next);
        from = end;
        end = next;
        hopEnds[++hop] = end;
      }
      return positives(hopEnds, hop).first(limit);
    }

    /** Appends the unreached neighbours of {@code reached[from..end)}; returns the new end. */
    private int expand(int from, int end) {
      int next = end;
      for (int at = from; at < end; at++) {
        int count = followed(reached[at]);
        for (int place = 0; place < count; place++) {
          int neighbor = neighbor(reached[at], place);
          // No branch: whether a node is new can't be foretold. The sign is set unless it is old.
          int differs = reachedBy[neighbor] ^ walk;
          reachedBy[neighbor] = walk;
          reached[next] = neighbor;
          next += (differs | -differs) >>> (Integer.SIZE - 1);
        }
      }
      return next;
    }

    /**
     * Returns where each walk of 1 to l hops from a node ends, shorter walks first, those of one
     * length in order of the walk that they prolong, then of the table. A node stands there once
     * for each walk that ends at it, and {@code node} itself where walks come back. This is the
     * list of InvP's reference implementation.
     *
     * @throws IllegalArgumentException naming a table entry on the way that is no node
     */
    public Positives walkEnds(int node) {
      int[] ends = new int[walks()];
      int[] lengths = new int[ends.length];
      int end = append(node, ends, 0);
      Arrays.fill(lengths, 0, end, 1);
      int from = 0;
      for (int hop = 2; hop <= hops; hop++) {
        int last = end;
        for (int at = from; at < last; at++) {
          end = append(ends[at], ends, end);
        }
        Arrays.fill(lengths, last, end, hop);
        from = last;
      }
      return new Positives(ends, lengths).first(end);
    }

    private int append(int node, int[] ends, int at) {
      int count = followed(node);
      for (int place = 0; place < count; place++) {
        ends[at + place] = neighbor(node, place);
      }
      return at + count;
    }

    private Positives positives(int[] hopEnds, int lastHop) {
      int[] ids = Arrays.copyOfRange(reached, 1, hopEnds[lastHop]);
      int[] distances = new int[ids.length];
      for (int hop = 1; hop <= lastHop; hop++) {
        Arrays.fill(distances, hopEnds[hop - 1] - 1, hopEnds[hop] - 1, hop);
      }
      return new Positives(ids, distances);
    }
  }
}
