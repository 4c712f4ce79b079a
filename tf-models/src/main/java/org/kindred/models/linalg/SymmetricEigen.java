package org.kindred.models.linalg;

import java.nio.DoubleBuffer;
import java.util.Objects;
import org.kindred.models.tensorflow.Sessions;
import org.kindred.models.tensorflow.TensorMemory;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.linalg.SelfAdjointEig;
import org.tensorflow.types.TFloat64;

/**
 * Eigenvalues and eigenvectors of a real symmetric matrix, in double precision and on one thread of
 * the processor.
 *
 * <p>An eigenvector is known up to its sign; here its coordinate of greatest magnitude is positive,
 * the first one of equals. Vectors of equal eigenvalues are any basis of their space.
 *
 * <p>Immutable.
 */
public final class SymmetricEigen {

  private final int size;
  private final double[] values;
  private final double[] vectors;

  private SymmetricEigen(int size, double[] values, double[] vectors) {
    this.size = size;
    this.values = values;
    this.vectors = vectors;
  }

  /**
   * Decomposes a matrix.
   *
   * @param matrix {@code [size, size]}, row by row; of it only the diagonal and what is below it
   *     are read
   * @param size rows and columns, 1 or more
   * @throws IllegalArgumentException when there are not so many values, or one is not finite
   */
  public static SymmetricEigen of(double[] matrix, int size) {
    if (size < 1 || matrix.length != Math.multiplyExact(size, size)) {
      throw new IllegalArgumentException(
          "a matrix of %d x %d cannot be made of %d values".formatted(size, size, matrix.length));
    }
    for (int i = 0; i < matrix.length; i++) {
      if (!Double.isFinite(matrix[i])) {
        throw new IllegalArgumentException(
            "row %d, column %d of the matrix is %s; values must be finite"
                .formatted(i / size, i % size, matrix[i]));
      }
    }
    try (Graph graph = Sessions.newGraph()) {
      Ops tf = Ops.create(graph);
      Placeholder<TFloat64> input =
          tf.placeholder(TFloat64.class, Placeholder.shape(Shape.of(size, size)));
      SelfAdjointEig<TFloat64> eigen = tf.linalg.selfAdjointEig(input);
      try (Session session = Sessions.onProcessor(graph);
          TFloat64 value = TFloat64.tensorOf(Shape.of(size, size), DataBuffers.of(matrix));
          Result result =
              session.runner().feed(input, value).fetch(eigen.e()).fetch(eigen.v()).run()) {
        double[] values = new double[size];
        doubles(result, 0).get(values);
        double[] vectors = new double[matrix.length];
        doubles(result, 1).get(vectors);
        return new SymmetricEigen(size, values, vectors);
      }
    }
  }

  private static DoubleBuffer doubles(Result result, int index) {
    return TensorMemory.bytes(result.get(index)).asDoubleBuffer();
  }

  /**
   * Returns an eigenvalue.
   *
   * @param rank 0 for the greatest to size - 1 for the least
   */
  public double value(int rank) {
    return values[column(rank)];
  }

  /**
   * Returns the eigenvector of {@link #value}, {@code [size]}, of length 1.
   *
   * @param rank 0 to size - 1
   */
  public double[] vector(int rank) {
    int column = column(rank);
    double[] vector = new double[size];
    double greatest = 0;
    for (int i = 0; i < size; i++) {
      vector[i] = vectors[i * size + column];
      if (Math.abs(vector[i]) > Math.abs(greatest)) {
        greatest = vector[i];
      }
    }
    if (greatest < 0) {
      for (int i = 0; i < size; i++) {
        vector[i] = -vector[i];
      }
    }
    return vector;
  }

  /** TensorFlow puts vectors into columns, in rising order of their values. */
  private int column(int rank) {
    return size - 1 - Objects.checkIndex(rank, size);
  }
}
