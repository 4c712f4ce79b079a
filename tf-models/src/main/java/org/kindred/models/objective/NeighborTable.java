package org.kindred.models.objective;

import java.nio.IntBuffer;
import java.util.function.IntPredicate;
import org.kindred.models.neighbors.Propagation;
import org.kindred.models.tensorflow.Variables.Variable;
import org.tensorflow.Operand;
import org.tensorflow.types.TInt32;

/**
 * The k rows of a memory bank nearest to each example, itself excluded: the graph that positives
 * are found in (Wang et al.). A row begins with -1 until it is refreshed for the first time, and no
 * walk goes on from there.
 */
final class NeighborTable {

  /** Name under which the share of rows that were refreshed is reported. */
  static final String REFRESHED = "refreshed_rows";

  private final TrainingStep step;
  private final IntTable table;
  private final Propagation graph;

  private NeighborTable(TrainingStep step, IntTable table, Propagation graph) {
    this.step = step;
    this.table = table;
    this.graph = graph;
  }

  /**
   * Declares the table.
   *
   * @param k neighbours of each example, less than there are examples
   * @param hops longest walk
   */
  static NeighborTable declare(TrainingStep step, int k, int hops) {
    IntTable table = step.table(TrainingObjective.NEIGHBORS, k, PositiveLookup.NONE);
    Propagation graph = new Propagation(table.values(), k, k, hops).skippingUnknown();
    NeighborTable neighbors = new NeighborTable(step, table, graph);
    HostCount.measure(step, REFRESHED, neighbors::refreshed, table.rows());
    return neighbors;
  }

  private int refreshed() {
    int count = 0;
    for (int row = 0; row < table.rows(); row++) {
      if (table.get(row, 0) != PositiveLookup.NONE) {
        count++;
      }
    }
    return count;
  }

  /**
   * Returns the examples that walks reach, each once, {@code [batch, width]} as {@link
   * PositiveLookup} has them.
   *
   * @param limit most of an example: the nearest in hops, of the last hop those of lowest number
   */
  Operand<TInt32> reached(int limit) {
    int width = Math.min(Math.min(limit, graph.walks()), table.rows() - 1);
    return PositiveLookup.of(
        step,
        width,
        () -> {
          Propagation.Walker walker = graph.walker();
          return example -> walker.positives(example, width).ids();
        });
  }

  /** Returns where walks end, with repeats; see {@link Propagation.Walker#walkEnds}. */
  Operand<TInt32> walkEnds() {
    return PositiveLookup.of(
        step,
        graph.walks(),
        () -> {
          Propagation.Walker walker = graph.walker();
          return example -> walker.walkEnds(example).ids();
        });
  }

  /**
   * Has the rows of a batch refreshed after each step.
   *
   * @param nearest {@code [batch, k + 1]}, the rows of the bank nearest to each example, itself
   *     perhaps among them, nearest first
   */
  void followSteps(Operand<TInt32> nearest) {
    step.deliver(nearest, this::take);
  }

  /** The own number gives its place to the last, or the last is left out. */
  private void take(int[] rows, IntBuffer nearest) {
    int k = table.width();
    int[] found = new int[k + 1];
    for (int row : rows) {
      nearest.get(found);
      for (int place = 0; place < k; place++) {
        table.set(row, place, found[place] == row ? found[k] : found[place]);
      }
    }
  }

  /**
   * Has all rows refreshed before the epochs in question, from the bank as it then is. Before the
   * first epoch there is nothing to find: the bank's rows are random.
   */
  void followEpochs(Variable bank, IntPredicate epochs) {
    step.atEpochStart(
        state -> {
          if (state.epoch() > 0 && epochs.test(state.epoch())) {
            int[] ids = NearestRows.of(state.read(bank), step.sizes().dimension(), table.width());
            System.arraycopy(ids, 0, table.values(), 0, ids.length);
          }
        });
  }
}
