package org.kindred.models.probe;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Gradient descent with momentum on W and b, from 0:
 *
 * <pre>
 *   d      = gradient + weight decay x w
 *   buffer = momentum x buffer + d              (0 at first)
 *   w      = w - rate x buffer
 * </pre>
 */
final class Descent {

  private final float momentum;
  private final float weightDecay;
  private final float[][] weights;
  private final float[] bias;
  private final float[][] weightMomentum;
  private final float[] biasMomentum;
  private final float[][] gradient;

  /** Scores of a batch's rows, {@code [classes, batch]}, and then their errors. */
  private final float[][] scores;

  private final double[] losses;

  /**
   * Starts at 0.
   *
   * @param batchSize most rows of a step
   */
  Descent(int classes, int dimension, int batchSize, double momentum, double weightDecay) {
    this.momentum = (float) momentum;
    this.weightDecay = (float) weightDecay;
    this.weights = new float[classes][dimension];
    this.bias = new float[classes];
    this.weightMomentum = new float[classes][dimension];
    this.biasMomentum = new float[classes];
    this.gradient = new float[classes][dimension];
    this.scores = new float[classes][batchSize];
    this.losses = new double[batchSize];
  }

  /** Returns bytes of memory that descent holds. */
  static double bytes(int batchSize, int dimension, int classes) {
    return (double) Float.BYTES * classes * (3.0 * dimension + batchSize);
  }

  /** Makes a step and returns the sum of the rows' losses before it. */
  double step(Batch batch, float rate) {
    LinearClassifier.scores(weights, bias, batch, scores);
    IntStream.range(0, batch.size()).parallel().forEach(row -> compare(batch, row));
    IntStream.range(0, bias.length).parallel().forEach(c -> update(batch, c, rate));
    double sum = 0;
    for (int row = 0; row < batch.size(); row++) {
      sum += losses[row];
    }
    return sum;
  }

  /** Turns a row's scores into its errors, {@code (softmax - one-hot label) / batch}. */
  private void compare(Batch batch, int row) {
    int label = batch.label(row);
    double highest = Double.NEGATIVE_INFINITY;
    for (float[] ofClass : scores) {
      highest = Math.max(highest, ofClass[row]);
    }
    double ofLabel = scores[label][row] - highest;
    double sum = 0;
    for (float[] ofClass : scores) {
      double likelihood = StrictMath.exp(ofClass[row] - highest);
      ofClass[row] = (float) likelihood;
      sum += likelihood;
    }
    for (int c = 0; c < scores.length; c++) {
      double error = scores[c][row] / sum - (c == label ? 1 : 0);
      scores[c][row] = (float) (error / batch.size());
    }
    losses[row] = StrictMath.log(sum) - ofLabel;
  }

  private void update(Batch batch, int c, float rate) {
    float[] errors = scores[c];
    float[] ofWeights = gradient[c];
    Arrays.fill(ofWeights, 0);
    RowSums.add(batch.byRow(), batch.size(), errors, ofWeights, ofWeights.length);
    move(weights[c], weightMomentum[c], ofWeights, rate);
    float ofBias = 0;
    for (int row = 0; row < batch.size(); row++) {
      ofBias += errors[row];
    }
    biasMomentum[c] = momentum * biasMomentum[c] + (ofBias + weightDecay * bias[c]);
    bias[c] -= rate * biasMomentum[c];
  }

  private void move(float[] parameters, float[] buffer, float[] gradients, float rate) {
    for (int d = 0; d < parameters.length; d++) {
      buffer[d] = momentum * buffer[d] + (gradients[d] + weightDecay * parameters[d]);
      parameters[d] -= rate * buffer[d];
    }
  }

  /** Returns the classifier that W and b are, which take no more steps. */
  LinearClassifier classifier(Standardization standardization) {
    return new LinearClassifier(standardization, weights, bias);
  }
}
