package org.kindred.stages.graph;

import java.nio.IntBuffer;
import java.util.Arrays;
import org.kindred.models.neighbors.Propagation.Positives;

/**
 * What the nodes of a shard have reached so far, hop by hop, while their graph is spread over
 * workers. A hop extends every set by the neighbours of what the hop before it added.
 */
final class FoundSets {
  private final int first;
  private final Positives[] sets;

  private FoundSets(int first, Positives[] sets) {
    this.first = first;
    this.sets = sets;
  }

  /**
   * Starts with nothing found.
   *
   * @param first first node of the shard
   * @param count nodes
   */
  static FoundSets none(int first, int count) {
    Positives[] sets = new Positives[count];
    Arrays.fill(sets, new Positives(new int[0], new int[0]));
    return new FoundSets(first, sets);
  }

  int first() {
    return first;
  }

  int count() {
    return sets.length;
  }

  /** Returns what a node has reached. */
  Positives of(int node) {
    return sets[node - first];
  }

  /**
   * Adds those of a hop's neighbours that are new, by id.
   *
   * @param neighbors of all that the hop before added, with repeats
   */
  void reach(int node, int hop, int[] neighbors) {
    Positives before = of(node);
    int[] known = before.ids().clone();
    Arrays.sort(known);
    int[] added =
        Arrays.stream(neighbors)
            .filter(id -> id != node && Arrays.binarySearch(known, id) < 0)
            .sorted()
            .distinct()
            .toArray();
    append(node, hop, added);
  }

  /** Adds nodes as they are. */
  void append(int node, int hop, int[] added) {
    Positives before = of(node);
    int size = before.ids().length;
    int[] ids = Arrays.copyOf(before.ids(), size + added.length);
    int[] hops = Arrays.copyOf(before.hops(), ids.length);
    System.arraycopy(added, 0, ids, size, added.length);
    Arrays.fill(hops, size, ids.length, hop);
    sets[node - first] = new Positives(ids, hops);
  }

  /** Returns where the nodes begin that a hop added, in a node's list. */
  int start(int node, int hop) {
    int[] hops = of(node).hops();
    int start = hops.length;
    while (start > 0 && hops[start - 1] == hop) {
      start--;
    }
    return start;
  }

  /** Serialises the sets. */
  byte[] toBytes() {
    Ints values = new Ints().add(first).add(sets.length);
    for (Positives set : sets) {
      values.add(set.ids().length);
      values.addAll(set.ids());
      values.addAll(set.hops());
    }
    return values.toBytes();
  }

  /** Reads what {@link #toBytes} wrote. */
  static FoundSets fromBytes(byte[] bytes) {
    IntBuffer values = Ints.read(bytes);
    FoundSets found = none(values.get(), values.get());
    for (int i = 0; i < found.sets.length; i++) {
      int[] ids = new int[values.get()];
      int[] hops = new int[ids.length];
      values.get(ids).get(hops);
      found.sets[i] = new Positives(ids, hops);
    }
    return found;
  }
}
