package org.kindred.models.probe;

import java.util.Arrays;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.kindred.models.classification.ClassAccuracy;
import org.kindred.models.linalg.RowException;

/**
 * Scores of classes that are linear in the standardised features, {@code W x + b}.
 *
 * <p>Immutable.
 */
public final class LinearClassifier {

  /** Rows that are scored at a time, at most. */
  private static final int BLOCK_ROWS = 256;

  /** Values of features that are held at a time, at most, unless one row is longer. */
  private static final int BLOCK_VALUES = 1 << 22;

  private final Standardization standardization;
  private final float[][] weights;
  private final float[] bias;

  LinearClassifier(Standardization standardization, float[][] weights, float[] bias) {
    this.standardization = standardization;
    this.weights = weights;
    this.bias = bias;
  }

  /**
   * Computes the scores of a batch.
   *
   * @param weights W, {@code [classes, dimension]}
   * @param bias b, {@code [classes]}
   * @param scores takes the scores, {@code [classes, batch]}
   */
  static void scores(float[][] weights, float[] bias, Batch batch, float[][] scores) {
    IntStream.range(0, bias.length)
        .parallel()
        .forEach(
            c -> {
              Arrays.fill(scores[c], 0, batch.size(), bias[c]);
              RowSums.add(
                  batch.byFeature(), weights[c].length, weights[c], scores[c], batch.size());
            });
  }

  /** Returns the number of classes. */
  public int classes() {
    return bias.length;
  }

  /** Returns W, {@code [classes, dimension]}. */
  float[][] weights() {
    return weights;
  }

  /** Returns b, {@code [classes]}. */
  float[] bias() {
    return bias;
  }

  private static int blockRows(long rows, int dimension) {
    return (int) Math.min(rows, Math.max(1, Math.min(BLOCK_ROWS, BLOCK_VALUES / dimension)));
  }

  /** Returns bytes of memory that the classifier and {@link #accuracy} hold. */
  static double bytes(long rows, int dimension, int classes) {
    int block = blockRows(rows, dimension);
    return Batch.bytes(block, dimension)
        + Float.BYTES * ((double) classes * block + (double) classes * dimension);
  }

  /**
   * Classifies rows and compares with their labels.
   *
   * @param rows one row or more, of the length that was learned
   * @throws RowException when a value or a score is not finite, or a label is no class
   * @throws IllegalArgumentException when rows have another length, or there is none
   */
  public ClassAccuracy accuracy(LabelledRows rows) {
    int dimension = weights[0].length;
    if (rows.dimension() != dimension) {
      throw new IllegalArgumentException(
          "rows have length %d, valid is %d, as the classifier's"
              .formatted(rows.dimension(), dimension));
    }
    SoftmaxRegression.checkLabels(rows, classes());
    ClassAccuracy accuracy = new ClassAccuracy(classes());
    int blockRows = blockRows(rows.size(), dimension);
    Batch block = new Batch(rows, standardization, blockRows);
    float[][] scores = new float[classes()][blockRows];
    for (int first = 0; first < rows.size(); first += blockRows) {
      int end = Math.min(first + blockRows, rows.size());
      block.fill(IntUnaryOperator.identity(), first, end);
      scores(weights, bias, block, scores);
      count(accuracy, block, scores, first);
    }
    return accuracy;
  }

  private static void count(ClassAccuracy accuracy, Batch block, float[][] scores, int first) {
    double[] ofRow = new double[scores.length];
    for (int i = 0; i < block.size(); i++) {
      for (int c = 0; c < ofRow.length; c++) {
        ofRow[c] = scores[c][i];
        if (!Double.isFinite(ofRow[c])) {
          throw new RowException(
              first + i,
              "has score " + ofRow[c] + " for class " + c + ", valid are finite numbers");
        }
      }
      accuracy.add(ofRow, block.label(i));
    }
  }
}
