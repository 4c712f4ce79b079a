package org.kindred.models.probe;

import java.util.stream.IntStream;
import org.kindred.models.linalg.RowException;
import org.kindred.models.optimizer.LearningRate;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;
import org.kindred.proto.pipeline.v1.CosineSchedule;
import org.kindred.proto.pipeline.v1.LinearProbe;
import org.kindred.proto.pipeline.v1.Schedule;
import org.kindred.proto.pipeline.v1.Schedule.KindCase;
import org.kindred.proto.pipeline.v1.Sgd;

/**
 * Learns a {@link LinearClassifier} by stochastic gradient descent on the softmax loss: the mean
 * over a batch of {@code -ln softmax(W x + b)[label]}. W and b start at 0; the loss is convex, so
 * that only the order of the rows is drawn at random.
 *
 * <p>The arithmetic is Java's own, not TensorFlow's, whose products differ in their last bits with
 * the number of threads, which descent would carry into the figures. Classes and rows are shared
 * out over the common fork-join pool, and each sum is added up by one thread, always in one order.
 *
 * <p>Immutable.
 */
public final class SoftmaxRegression {

  private final LinearProbe config;
  private final LearningRate rate;

  /**
   * What was learned.
   *
   * @param classifier the classifier
   * @param losses mean loss of the rows in each epoch, each before the update by its own batch
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared as a value
  public record Fit(LinearClassifier classifier, double[] losses) {}

  /**
   * Creates the regression of a configuration, whose layers are not looked at.
   *
   * @throws IllegalArgumentException when a field is out of its range
   */
  public SoftmaxRegression(LinearProbe config) {
    require(config.getBatchSize() > 0, "batch_size", config.getBatchSize(), "1 or more");
    double base = config.getLearningRate();
    require(base > 0 && Double.isFinite(base), "learning_rate", base, "above 0, finite");
    double momentum = config.getMomentum();
    require(momentum >= 0 && (float) momentum < 1, "momentum", momentum, "0 to below 1");
    double decay = config.getWeightDecay();
    require(decay >= 0 && Double.isFinite(decay), "weight_decay", decay, "0 or more, finite");
    this.config = config;
    this.rate =
        LearningRate.of(
            Sgd.newBuilder().setLearningRate(base).build(), schedule(config), config.getEpochs());
  }

  private static void require(boolean holds, String field, Object value, String range) {
    if (!holds) {
      throw new IllegalArgumentException(field + " is " + value + ", valid is " + range);
    }
  }

  private static Schedule schedule(LinearProbe config) {
    Schedule schedule = config.getSchedule();
    return schedule.getKindCase() == KindCase.KIND_NOT_SET
        ? schedule.toBuilder().setCosine(CosineSchedule.getDefaultInstance()).build()
        : schedule;
  }

  /**
   * Returns bytes of memory that learning and measuring hold at least, beside what the rows
   * themselves do.
   *
   * @param rows rows that are learned from
   * @param dimension length of a row
   * @param classes number of classes
   */
  public double bytes(long rows, int dimension, int classes) {
    double order = (double) Integer.BYTES * rows;
    int batch = (int) Math.min(rows, config.getBatchSize());
    double learning = Batch.bytes(batch, dimension) + Descent.bytes(batch, dimension, classes);
    return order + Math.max(learning, LinearClassifier.bytes(rows, dimension, classes));
  }

  /**
   * Returns the floating-point operations of learning: the scores and the gradient of W.
   *
   * @param rows rows that are learned from
   * @param dimension length of a row
   * @param classes number of classes
   */
  public double flops(long rows, int dimension, int classes) {
    return 4.0 * rows * dimension * classes * config.getEpochs();
  }

  /**
   * Learns.
   *
   * @param rows one row or more; each is read once in an epoch, in random order
   * @param classes number of classes, 2 or more
   * @throws RowException when a value is not finite, or a label is no class
   * @throws IllegalArgumentException when there is no row, or the loss does not stay finite
   * @throws InterruptedException when the thread is interrupted
   */
  public Fit fit(LabelledRows rows, int classes) throws InterruptedException {
    if (classes < 2) {
      throw new IllegalArgumentException("classes is " + classes + ", valid is 2 or more");
    }
    checkLabels(rows, classes);
    Standardization standardization =
        config.getStandardize() ? Standardization.of(rows) : Standardization.none(rows.dimension());
    int largest = (rows.size() - 1) / steps(rows.size()) + 1;
    Batch batch = new Batch(rows, standardization, largest);
    Descent descent =
        new Descent(
            classes, rows.dimension(), largest, config.getMomentum(), config.getWeightDecay());
    double[] losses = new double[config.getEpochs()];
    for (int epoch = 0; epoch < losses.length; epoch++) {
      losses[epoch] = descend(epoch, rows.size(), batch, descent);
      if (!Double.isFinite(losses[epoch])) {
        throw new IllegalArgumentException(
            "the loss is %s in epoch %d (from 0) at learning_rate %s, standardize %s; a lower rate, or standardised features, may help"
                .formatted(
                    losses[epoch], epoch, config.getLearningRate(), config.getStandardize()));
      }
    }
    return new Fit(descent.classifier(standardization), losses);
  }

  private int steps(int rows) {
    return (rows - 1) / config.getBatchSize() + 1;
  }

  /** Goes through all rows once and returns their mean loss. */
  private double descend(int epoch, int rows, Batch batch, Descent descent)
      throws InterruptedException {
    int[] order = IntStream.range(0, rows).toArray();
    new CounterRandom(Domain.SHUFFLE, config.getSeed(), epoch, 0, 0).shuffle(order);
    int steps = steps(rows);
    double loss = 0;
    for (int step = 0; step < steps; step++) {
      if (Thread.interrupted()) {
        throw new InterruptedException("interrupted in epoch " + epoch + " of a linear probe");
      }
      int from = (int) ((long) rows * step / steps);
      int to = (int) ((long) rows * (step + 1) / steps);
      batch.fill(i -> order[i], from, to);
      loss += descent.step(batch, (float) rate.at((long) epoch * steps + step, steps));
    }
    return loss / rows;
  }

  static void checkLabels(LabelledRows rows, int classes) {
    if (rows.size() < 1) {
      throw new IllegalArgumentException("there are no rows of any class, valid are 1 or more");
    }
    for (int row = 0; row < rows.size(); row++) {
      if (rows.label(row) < 0 || rows.label(row) >= classes) {
        throw new RowException(
            row, "has label " + rows.label(row) + ", valid is 0 to " + (classes - 1));
      }
    }
  }
}
