package org.kindred.stages.graph;

import java.util.Arrays;
import org.kindred.models.neighbors.TopK;

/**
 * Finds the positives of a node by walking its neighbour graph: all nodes within a number of hops,
 * N(i) = {j != i : distance from i to j is at most l} (Invariance Propagation, equation 3).
 *
 * <p>Immutable; see {@link #walker} for how several threads share one.
 */
public final class Propagation {

  private final int[] neighbors;
  private final int width;
  private final int nodes;
  private final int k;
  private final int hops;

  /**
   * Positives of one node, by hop, then by id.
   *
   * @param ids the positives
   * @param hops distance of each from the node, 1 or more
   */
  @SuppressWarnings("ArrayRecordComponent") // numbers in bulk, never compared as a value
  public record Positives(int[] ids, int[] hops) {

    /**
     * Chooses the hard positives, those least similar to the node.
     *
     * @param node the node that the positives are of
     * @param count how many; all when there are fewer
     * @param similarity compares nodes
     * @return ids from the lowest similarity up, equal ones by id
     */
    public int[] hard(int node, int count, NodeSimilarity similarity) {
      int kept = Math.min(count, ids.length);
      TopK least = new TopK(1, kept);
      for (int id : ids) {
        least.offer(0, -similarity.between(node, id), id);
      }
      int[] hard = new int[kept];
      least.drain(0, new float[kept], hard, 0);
      return hard;
    }

    /** Returns the first of them: the nearest in hops, of the last hop those of lowest id. */
    public Positives first(int count) {
      return count >= ids.length
          ? this
          : new Positives(Arrays.copyOf(ids, count), Arrays.copyOf(hops, count));
    }
  }

  /** Similarity of two nodes, any number but NaN; greater is nearer. */
  @FunctionalInterface
  public interface NodeSimilarity {

    /** Returns the similarity of the nodes {@code left} and {@code right}. */
    float between(int left, int right);
  }

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
  }

  /** Returns a walker, with memory for a mark on every node. Each thread needs its own. */
  public Walker walker() {
    return new Walker();
  }

  /** Walks from one node after another. Not thread-safe. */
  public final class Walker {

    /** The walk, counted from 1, that last reached each node. */
    private final int[] reachedBy = new int[nodes];

    /** Nodes reached by this walk: the node itself, then hop by hop. */
    private final int[] reached = new int[nodes];

    private int walk;

    private Walker() {}

    /**
     * Finds the positives of {@code node} by breadth-first search.
     *
     * @throws IllegalArgumentException naming a table entry on the way that is no node
     */
    public Positives positives(int node) {
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
      while (hop < hops && from < end) {
        int next = expand(from, end);
        Arrays.sort(reached, end, next);
        from = end;
        end = next;
        hopEnds[++hop] = end;
      }
      return positives(hopEnds, hop);
    }

    /** Appends the unreached neighbours of {@code reached[from..end)}; returns the new end. */
    private int expand(int from, int end) {
      int next = end;
      for (int at = from; at < end; at++) {
        int row = reached[at] * width;
        for (int entry = row; entry < row + k; entry++) {
          int neighbor = neighbors[entry];
          if (neighbor < 0 || neighbor >= nodes) {
            throw new IllegalArgumentException(
                "neighbour %d of node %d is %d, valid is 0 to %d"
                    .formatted(entry - row, reached[at], neighbor, nodes - 1));
          }
          if (reachedBy[neighbor] != walk) {
            reachedBy[neighbor] = walk;
            reached[next++] = neighbor;
          }
        }
      }
      return next;
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
