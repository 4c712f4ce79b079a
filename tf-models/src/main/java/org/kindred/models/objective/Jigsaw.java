package org.kindred.models.objective;

import org.kindred.models.network.Layers;
import org.kindred.models.objective.Cost.Kind;
import org.kindred.models.objective.Cost.State;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Gather;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

/**
 * The jigsaw branch of PIRL (Misra and van der Maaten): 3 x 3 patches of a view, each through the
 * backbone and a linear layer; the results one after the other in random order, through a linear
 * layer, normalised.
 *
 * <p>The patches' running statistics are kept apart, so that the network is evaluated with those of
 * whole images.
 */
final class Jigsaw {

  /** Prefix of the names of the branch's layers and statistics. */
  static final String PREFIX = TrainingObjective.STATE_PREFIX + "jigsaw.";

  static final int PATCHES = 9;

  private static final int GRID = 3;

  /** Sets the order of an example's patches apart from its negatives. */
  private static final int ORDER = 1;

  private Jigsaw() {}

  /**
   * Returns unit rows, {@code [batch, dimension]}.
   *
   * @param views {@code [batch, side, side, 3]}, of 3 pixels a side or more
   */
  static Operand<TFloat32> embeddings(TrainingStep step, Operand<TUint8> views) {
    Ops tf = step.tf();
    int batch = step.sizes().batch();
    int dimension = step.sizes().dimension();
    Layers layers = Layers.forTraining(tf, step.variables());
    Operand<TFloat32> pooled =
        step.encode(new OwnStatistics(step.variables(), PREFIX), patches(tf, views)).pooled();
    Operand<TFloat32> ofPatches = layers.linear(PREFIX + "patch", pooled, dimension);
    Operand<TFloat32> inOrder =
        tf.gather(
            tf.reshape(ofPatches, tf.constant(new int[] {batch, PATCHES, dimension})),
            orders(step),
            tf.constant(1),
            Gather.batchDims(1L));
    Operand<TFloat32> row =
        tf.reshape(inOrder, tf.constant(new int[] {batch, PATCHES * dimension}));
    return Layers.unitRows(tf, layers.linear(PREFIX + "whole", row, dimension));
  }

  /**
   * Cuts views into patches, {@code [batch x 9, side / 3, side / 3, 3]}: those of a view follow one
   * another row by row. Pixels that are left over at the right and at the bottom are dropped.
   */
  static Operand<TUint8> patches(Ops tf, Operand<TUint8> views) {
    int batch = Math.toIntExact(views.shape().get(0));
    int side = side(Math.toIntExact(views.shape().get(1)));
    int width = GRID * side;
    Operand<TUint8> whole =
        tf.slice(
            views,
            tf.constant(new int[] {0, 0, 0, 0}),
            tf.constant(new int[] {batch, width, width, 3}));
    Operand<TUint8> grid =
        tf.reshape(whole, tf.constant(new int[] {batch, GRID, side, GRID, side, 3}));
    return tf.reshape(
        tf.linalg.transpose(grid, tf.constant(new int[] {0, 1, 3, 2, 4, 5})),
        tf.constant(new int[] {batch * PATCHES, side, side, 3}));
  }

  /**
   * Returns the side of a patch.
   *
   * @throws IllegalArgumentException when there are too few pixels for one
   */
  static int side(int ofViews) {
    if (ofViews < GRID) {
      throw new IllegalArgumentException(
          "views have %1$d x %1$d pixels, valid with pirl is 3 x 3 or more".formatted(ofViews));
    }
    return ofViews / GRID;
  }

  /** Returns the cost of the layers and of statistics of their own. */
  static Cost cost(Extent extent) {
    int dimension = extent.dimension();
    double rows = (double) PATCHES * extent.images();
    return Cost.of(
            new State(PREFIX + "patch", extent.pooled() + 1L, dimension, Kind.LEARNED),
            new State(PREFIX + "whole", (long) PATCHES * dimension + 1, dimension, Kind.LEARNED),
            new State(PREFIX + "network", 1, extent.statistics(), Kind.VARIABLE))
        .withStep(
            0,
            3 * Cost.products(rows, dimension, extent.pooled())
                + 3 * Cost.products(rows, dimension, dimension));
  }

  /** Draws an order of the patches for each example and epoch, {@code [batch, 9]}. */
  private static Operand<TInt32> orders(TrainingStep step) {
    long seed = step.sizes().seed();
    return step.lookup(
        PATCHES,
        (epoch, rows, target) -> {
          for (int row : rows) {
            int[] order = {0, 1, 2, 3, 4, 5, 6, 7, 8};
            new CounterRandom(Domain.NOISE, seed, epoch, row, ORDER).shuffle(order);
            target.put(order);
          }
        });
  }
}
