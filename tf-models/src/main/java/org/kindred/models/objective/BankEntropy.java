package org.kindred.models.objective;

import java.nio.FloatBuffer;
import java.util.stream.IntStream;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.MatrixProduct.Matrix;
import org.kindred.models.linalg.MatrixProduct.Product;

/**
 * How sure each row of a memory bank is told from the others: the entropy of softmax(V_i . V /
 * temperature) over all rows, its own included (Huang et al.).
 */
final class BankEntropy {

  /** Inner products held at a time: 64 MiB. */
  private static final int MAX_PRODUCTS = 1 << 24;

  private BankEntropy() {}

  /**
   * Returns the entropy of each row in nats, {@code [rows]}.
   *
   * @param product multiplies the rows
   * @param values {@code [rows, dim]}, row by row
   */
  static double[] of(MatrixProduct product, float[] values, int dim, double temperature) {
    int rows = values.length / dim;
    int blockRows = Math.max(1, Math.min(rows, MAX_PRODUCTS / rows));
    double[] entropies = new double[rows];
    try (Matrix all = product.upload(FloatBuffer.wrap(values), rows, dim)) {
      for (int start = 0; start < rows; start += blockRows) {
        int first = start;
        int count = Math.min(blockRows, rows - start);
        FloatBuffer part = FloatBuffer.wrap(values, first * dim, count * dim);
        try (Matrix block = product.upload(part, count, dim);
            Product products = product.multiply(block, all)) {
          IntStream.range(0, count)
              .parallel()
              .forEach(row -> entropies[first + row] = entropy(products.row(row), temperature));
        }
      }
    }
    return entropies;
  }

  /** Returns the bytes of the inner products that are held at a time. */
  static double productBytes(double rows) {
    return Float.BYTES * Math.max(rows, Math.min(rows * rows, MAX_PRODUCTS));
  }

  /** With S the sum of exp(x), the entropy is ln S - sum of x exp(x) / S. */
  private static double entropy(FloatBuffer similarities, double temperature) {
    double greatest = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < similarities.limit(); i++) {
      greatest = Math.max(greatest, similarities.get(i) / temperature);
    }
    double sum = 0;
    double weighted = 0;
    for (int i = 0; i < similarities.limit(); i++) {
      double logit = similarities.get(i) / temperature - greatest;
      double exponential = Math.exp(logit);
      sum += exponential;
      weighted += logit * exponential;
    }
    return Math.log(sum) - weighted / sum;
  }
}
