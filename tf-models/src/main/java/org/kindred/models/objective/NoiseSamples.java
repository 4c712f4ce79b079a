package org.kindred.models.objective;

import java.util.List;
import java.util.stream.IntStream;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Gather;
import org.tensorflow.op.core.Squeeze;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * Examples drawn at random for each example of a batch, uniformly and with replacement from the
 * whole training set, so that its own number and repeats may be among them.
 */
final class NoiseSamples {

  /**
   * A product with all rows costs about as much as a gather of one in so many: a product reads a
   * row once for the whole batch, and runs at the speed of the processor.
   */
  private static final int PRODUCT_ADVANTAGE = 16;

  private NoiseSamples() {}

  /**
   * Draws samples before each step.
   *
   * @param count samples of each example
   * @return {@code [batch, count]}
   */
  static Operand<TInt32> draw(TrainingStep step, int count) {
    int examples = step.sizes().examples();
    return draw(step, count, (row, random) -> random.nextInt(examples));
  }

  /** Draws samples of the other examples, so that an example's own number is not among them. */
  static Operand<TInt32> drawOthers(TrainingStep step, int count) {
    int others = step.sizes().examples() - 1;
    return draw(
        step,
        count,
        (row, random) -> {
          int other = random.nextInt(others);
          return other < row ? other : other + 1;
        });
  }

  private interface Draw {
    int next(int row, CounterRandom random);
  }

  private static Operand<TInt32> draw(TrainingStep step, int count, Draw draw) {
    long seed = step.sizes().seed();
    return step.lookup(
        count,
        (epoch, rows, target) -> {
          int[] drawn = new int[Math.multiplyExact(rows.length, count)];
          IntStream.range(0, rows.length)
              .parallel()
              .forEach(
                  b -> {
                    CounterRandom random = new CounterRandom(Domain.NOISE, seed, epoch, rows[b], 0);
                    for (int i = b * count; i < (b + 1) * count; i++) {
                      drawn[i] = draw.next(rows[b], random);
                    }
                  });
          target.put(drawn);
        });
  }

  /**
   * Returns the inner products of embeddings with rows of a bank chosen for each of them.
   *
   * @param embeddings {@code [batch, dimension]}
   * @param chosen {@code [batch, count]}, rows of the bank
   * @return {@code [batch, count]}
   */
  static Operand<TFloat32> products(
      TrainingStep step, MemoryBank bank, Operand<TFloat32> embeddings, Operand<TInt32> chosen) {
    return takesAll(step.sizes().examples(), chosen.shape().get(1))
        ? productsOfAll(step, bank, embeddings, chosen)
        : productsOfChosen(step, bank, embeddings, chosen);
  }

  /** Returns a cost with such products, and their look-up, in 32 bits. */
  static Cost withProducts(Cost cost, Extent extent, int count) {
    double images = extent.images();
    if (takesAll(extent.examples(), count)) {
      // The products and their gradient.
      return cost.withStep(
          Cost.floats(2, images, extent.examples()),
          2 * Cost.products(images, extent.examples(), extent.dimension()));
    }
    return cost.withStep(
        Cost.floats(extent.dimension(), images, count),
        2 * Cost.products(images, count, extent.dimension()));
  }

  private static boolean takesAll(int examples, long count) {
    return examples <= PRODUCT_ADVANTAGE * count;
  }

  /** Multiplies with all rows, then picks. */
  static Operand<TFloat32> productsOfAll(
      TrainingStep step, MemoryBank bank, Operand<TFloat32> embeddings, Operand<TInt32> chosen) {
    return step.tf()
        .gather(bank.products(embeddings), chosen, step.tf().constant(1), Gather.batchDims(1L));
  }

  /** Picks, then multiplies. */
  static Operand<TFloat32> productsOfChosen(
      TrainingStep step, MemoryBank bank, Operand<TFloat32> embeddings, Operand<TInt32> chosen) {
    Ops tf = step.tf();
    Operand<TFloat32> products =
        tf.train.batchMatMul(
            bank.rows(chosen), tf.expandDims(embeddings, tf.constant(2)), TFloat32.class);
    return tf.squeeze(products, Squeeze.axis(List.of(2L)));
  }
}
