package org.kindred.stages.graph;

import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;

/** Samples of rows that are the same for all seeds, runners and parallelisms. */
final class RowSample {
  /** Samples that tell how many clusters to look into, and what recall that gives. */
  static final int NODES = 1000;

  private static final long SEED = 0;
  private static final int TRAINING = 0;
  private static final int NODE = 1;

  private RowSample() {}

  /** Returns rows to train centres on. */
  static int[] training(int rows, int size) {
    return draw(rows, size, TRAINING);
  }

  /**
   * Returns one of two disjoint samples of nodes, of {@link #NODES} each, or half of the nodes.
   *
   * @param which 0 or 1
   * @param nodes 2 or more
   */
  static int[] nodes(int nodes, int which) {
    int each = Math.min(NODES, nodes / 2);
    int[] both = draw(nodes, 2 * each, NODE);
    int[] sample = new int[each];
    for (int i = 0; i < each; i++) {
      sample[i] = both[2 * i + which];
    }
    return sample;
  }

  /** Draws one row of each of {@code size} runs of about equal length, ascending. */
  private static int[] draw(int rows, int size, int id) {
    CounterRandom random = new CounterRandom(Domain.ROW_SAMPLE, SEED, 0, id, 0);
    int[] sample = new int[size];
    for (int i = 0; i < size; i++) {
      int from = (int) ((long) i * rows / size);
      int to = (int) ((i + 1L) * rows / size);
      sample[i] = from + random.nextInt(to - from);
    }
    return sample;
  }
}
