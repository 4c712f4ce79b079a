package org.kindred.models.objective;

import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Gather;
import org.tensorflow.op.nn.TopK;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;

/**
 * The rows of a memory bank that a softmax of each example runs over: all, or the M nearest to it,
 * where of equally near ones the lower counts.
 *
 * <p>All are compared in 32 bits, M in 64: that many are small beside the products with all, and
 * cost no more. Choosing 4096 of 50,000 rows for each of 128 examples takes about 0.14 s on two
 * processors, most of what an objective with a background costs; a product with the bank takes 0.01
 * s.
 */
final class Background<T extends TNumber> {

  private final TrainingStep step;
  private final Operand<TFloat32> ranking;
  private final Optional<Operand<TInt32>> rows;
  private final double temperature;
  private final Operand<T> logits;

  private Background(
      TrainingStep step,
      Operand<TFloat32> ranking,
      Optional<Operand<TInt32>> rows,
      double temperature,
      Operand<T> logits) {
    this.step = step;
    this.ranking = ranking;
    this.rows = rows;
    this.temperature = temperature;
    this.logits = logits;
  }

  /**
   * Chooses the rows.
   *
   * @param products {@code [batch, examples]}, the inner products with all rows
   * @param temperature of the softmax
   * @param size M; 0, or more than there are: all
   */
  static Background<?> of(
      TrainingStep step, Operand<TFloat32> products, double temperature, int size) {
    Ops tf = step.tf();
    Operand<TFloat32> ranking = tf.stopGradient(products);
    if (size(size, step.sizes().examples()) == step.sizes().examples()) {
      return new Background<>(
          step,
          ranking,
          Optional.empty(),
          temperature,
          tf.math.div(products, tf.constant((float) temperature)));
    }
    // What is summed needs no order, which would take a fifth longer.
    Operand<TInt32> rows = top(tf, ranking, size, false);
    Operand<TFloat64> chosen =
        tf.dtypes.cast(
            tf.gather(products, rows, tf.constant(1), Gather.batchDims(1L)), TFloat64.class);
    return new Background<>(
        step,
        ranking,
        Optional.of(rows),
        temperature,
        tf.math.div(chosen, tf.constant(temperature)));
  }

  /** Returns how many rows that is. */
  static int size(int configured, int examples) {
    return configured == 0 ? examples : Math.min(configured, examples);
  }

  /**
   * Returns the bytes of as many matrices of a value for each image and row.
   *
   * @param rows as {@link #size} gives them
   */
  static double bytes(double matrices, double images, double rows, int examples) {
    return rows < examples
        ? Cost.doubles(matrices, images, rows)
        : Cost.floats(matrices, images, rows);
  }

  private static Operand<TInt32> top(
      Ops tf, Operand<TFloat32> ranking, int count, boolean isSorted) {
    return tf.nn.topK(ranking, tf.constant(count), TInt32.class, TopK.sorted(isSorted)).indices();
  }

  /** Returns the similarities over temperature of the rows, {@code [batch, rows]}. */
  Operand<T> logits() {
    return logits;
  }

  /** Returns similarities over temperature, in as many bits as {@link #logits} has. */
  Operand<T> logits(Operand<TFloat32> similarities) {
    Ops tf = step.tf();
    return tf.math.div(
        tf.dtypes.cast(similarities, logits.type()), LogSums.constant(tf, temperature, logits));
  }

  /** Returns which rows these are, {@code [batch, rows]}, unless they are all. */
  Optional<Operand<TInt32>> rows() {
    return rows;
  }

  /** Returns the similarities to all rows, constant, {@code [batch, examples]}. */
  Operand<TFloat32> ranking() {
    return ranking;
  }

  /** Returns the rows nearest to each example, nearest first, {@code [batch, count]}. */
  Operand<TInt32> nearest(int count) {
    return top(step.tf(), ranking, count, true);
  }

  /** Returns which of the rows are the example's own, {@code [batch, rows]}. */
  Operand<TBool> areOwn() {
    Ops tf = step.tf();
    Operand<TInt32> own = tf.expandDims(step.rows(), tf.constant(1));
    Operand<TInt32> all =
        tf.range(tf.constant(0), tf.constant(step.sizes().examples()), tf.constant(1));
    return tf.math.equal(own, rows.orElse(tf.expandDims(all, tf.constant(0))));
  }

  /**
   * Returns which of the rows are among given examples, {@code [batch, rows]}.
   *
   * @param ids {@code [batch, any]}, numbers of examples, repeats allowed
   * @param counted {@code [batch, any]}, which of them count; the others may be any numbers in
   *     range
   */
  Operand<TBool> areAmong(Operand<TInt32> ids, Operand<TBool> counted) {
    Ops tf = step.tf();
    int batch = step.sizes().batch();
    int examples = step.sizes().examples();
    int places = Math.multiplyExact(batch, examples);
    Operand<TInt32> starts = tf.range(tf.constant(0), tf.constant(places), tf.constant(examples));
    Operand<TInt32> marked = tf.math.add(ids, tf.expandDims(starts, tf.constant(1)));
    int[] list = {-1};
    Operand<TFloat32> marks =
        tf.reshape(
            tf.scatterNd(
                tf.reshape(marked, tf.constant(new int[] {-1, 1})),
                tf.reshape(tf.dtypes.cast(counted, TFloat32.class), tf.constant(list)),
                tf.constant(new int[] {places})),
            tf.constant(new int[] {batch, examples}));
    return tf.math.greater(
        rows.map(
                chosen ->
                    (Operand<TFloat32>)
                        tf.gather(marks, chosen, tf.constant(1), Gather.batchDims(1L)))
            .orElse(marks),
        tf.constant(0f));
  }
}
