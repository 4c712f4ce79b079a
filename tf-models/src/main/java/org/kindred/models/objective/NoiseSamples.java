package org.kindred.models.objective;

import java.util.List;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
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
    long seed = step.sizes().seed();
    return step.lookup(
        count,
        (epoch, rows, target) -> {
          for (int row : rows) {
            CounterRandom random = new CounterRandom(Domain.NOISE, seed, epoch, row, 0);
            for (int i = 0; i < count; i++) {
              target.put(random.nextInt(examples));
            }
          }
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
    long count = chosen.shape().get(1);
    return step.sizes().examples() <= PRODUCT_ADVANTAGE * count
        ? productsOfAll(step, bank, embeddings, chosen)
        : productsOfChosen(step, bank, embeddings, chosen);
  }

  /** Multiplies with all rows, then picks. */
  static Operand<TFloat32> productsOfAll(
      TrainingStep step, MemoryBank bank, Operand<TFloat32> embeddings, Operand<TInt32> chosen) {
    Ops tf = step.tf();
    TrainingStep.Sizes sizes = step.sizes();
    Operand<TInt32> starts =
        tf.range(
            tf.constant(0),
            tf.constant(Math.multiplyExact(sizes.batch(), sizes.examples())),
            tf.constant(sizes.examples()));
    return tf.gather(
        tf.reshape(bank.products(embeddings), tf.constant(new int[] {-1})),
        tf.math.add(chosen, tf.expandDims(starts, tf.constant(1))),
        tf.constant(0));
  }

  /** Picks, then multiplies. */
  static Operand<TFloat32> productsOfChosen(
      TrainingStep step, MemoryBank bank, Operand<TFloat32> embeddings, Operand<TInt32> chosen) {
    Ops tf = step.tf();
    Operand<TFloat32> rows = tf.stopGradient(tf.gather(bank.value(), chosen, tf.constant(0)));
    Operand<TFloat32> products =
        tf.train.batchMatMul(rows, tf.expandDims(embeddings, tf.constant(2)), TFloat32.class);
    return tf.squeeze(products, Squeeze.axis(List.of(2L)));
  }
}
