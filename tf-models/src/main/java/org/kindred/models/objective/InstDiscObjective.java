package org.kindred.models.objective;

import java.util.List;
import org.kindred.models.network.Layers;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;
import org.kindred.models.tensorflow.Initializer;
import org.kindred.models.tensorflow.Variables;
import org.kindred.models.tensorflow.Variables.Variable;
import org.kindred.proto.pipeline.v1.InstDisc;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * Instance discrimination by the full non-parametric softmax over a memory bank V of one unit row
 * per training example (Wu et al., equation 2):
 *
 * <pre>
 *   P(i | f) = exp(V_i . f / temperature) / sum_j exp(V_j . f / temperature)
 *   loss     = -1/B sum_b ln P(y_b | f_b)
 * </pre>
 *
 * <p>The bank is constant in the gradient. After the optimiser's update the rows of the batch, and
 * no others, become {@code normalise(m V_y + (1 - m) f)} with f as the forward pass gave it. When
 * an example stands in a batch twice, both new rows come from the old one and the later wins.
 */
final class InstDiscObjective implements TrainingObjective {

  private final float temperature;
  private final float bankMomentum;

  InstDiscObjective(InstDisc config) {
    this.temperature = (float) config.getTemperature();
    this.bankMomentum = (float) config.getBankMomentum();
    if (!(temperature > 0)) {
      throw new IllegalArgumentException(
          "instdisc.temperature is " + config.getTemperature() + ", valid is above 0");
    }
    if (!(bankMomentum >= 0 && bankMomentum < 1)) {
      throw new IllegalArgumentException(
          "instdisc.bank_momentum is " + config.getBankMomentum() + ", valid is 0 to below 1");
    }
  }

  @Override
  public int views() {
    return 1;
  }

  @Override
  public long stateBytes(int examples, int dimension) {
    return (long) Float.BYTES * examples * dimension;
  }

  /** Logits, targets, softmax and its gradient: {@code [batch, examples]} each. */
  @Override
  public long stepBytes(int batch, int examples) {
    return 4L * Float.BYTES * batch * examples;
  }

  /** The product with the bank, and its gradient's; the bank itself has none. */
  @Override
  public double stepFlops(int batch, int examples, int dimension) {
    return 2 * 2.0 * batch * examples * dimension;
  }

  @Override
  public Operand<TFloat32> loss(Ops tf, Batch batch, Variables state) {
    int dimension = Math.toIntExact(batch.embeddings().shape().get(-1));
    Variable bank =
        state.variable(MEMORY_BANK, Shape.of(batch.examples(), dimension), unitRows(dimension));
    Operand<TFloat32> logits =
        tf.math.div(
            tf.linalg.matMul(batch.embeddings(), bank.value(), MatMul.transposeB(true)),
            tf.constant(temperature));
    Operand<TFloat32> targets =
        tf.oneHot(batch.rows(), tf.constant(batch.examples()), tf.constant(1f), tf.constant(0f));
    return tf.math.mean(
        tf.nn.softmaxCrossEntropyWithLogits(logits, targets).loss(), tf.constant(0));
  }

  @Override
  public List<Op> updates(Ops tf, Batch batch, Variables state) {
    Variable bank = state.get(MEMORY_BANK);
    Operand<TFloat32> oldRows = tf.gather(bank.value(), batch.rows(), tf.constant(0));
    Operand<TFloat32> newRows =
        Layers.unitRows(
            tf,
            tf.math.add(
                tf.math.mul(oldRows, tf.constant(bankMomentum)),
                tf.math.mul(batch.embeddings(), tf.constant(1 - bankMomentum))));
    // A scatter writes duplicates in any order: give all of them the row that must win.
    Operand<TFloat32> winners = tf.gather(newRows, lastOccurrences(tf, batch), tf.constant(0));
    return List.of(tf.resourceScatterUpdate(bank.handle(), batch.rows(), winners));
  }

  /** Returns for each position of the batch the last position with the same example. */
  private static Operand<TInt32> lastOccurrences(Ops tf, Batch batch) {
    Operand<TInt32> same =
        tf.dtypes.cast(
            tf.math.equal(
                tf.expandDims(batch.rows(), tf.constant(1)),
                tf.expandDims(batch.rows(), tf.constant(0))),
            TInt32.class);
    Operand<TInt32> positions = tf.range(tf.constant(0), tf.constant(batch.size()), tf.constant(1));
    return tf.reduceMax(tf.math.mul(same, positions), tf.constant(1));
  }

  /** Draws each row from U(-b, b) with b = 1 / sqrt(D / 3), so of variance 1 / D; normalises it. */
  private static Initializer unitRows(int dimension) {
    double bound = 1 / Math.sqrt(dimension / 3.0);
    return (target, seed, number) -> {
      float[] row = new float[dimension];
      for (int id = 0; target.hasRemaining(); id++) {
        CounterRandom random = new CounterRandom(Domain.MEMORY_BANK, seed, 0, id, 0);
        double squaredLength = 0;
        for (int i = 0; i < dimension; i++) {
          row[i] = (float) random.uniform(-bound, bound);
          squaredLength += (double) row[i] * row[i];
        }
        double scale = 1 / Math.sqrt(squaredLength);
        for (int i = 0; i < dimension; i++) {
          target.put((float) (row[i] * scale));
        }
      }
    };
  }
}
