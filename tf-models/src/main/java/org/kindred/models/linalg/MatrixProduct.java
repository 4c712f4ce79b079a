package org.kindred.models.linalg;

import java.nio.FloatBuffer;
import java.util.Objects;
import java.util.function.Consumer;
import org.kindred.models.tensorflow.Sessions;
import org.kindred.models.tensorflow.TensorMemory;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.types.TFloat32;

/**
 * Inner products of the rows of two matrices: {@code C[m, n] = A[m, d] B[n, d]^T} in float32.
 *
 * <p>Thread-safe: products run side by side, each on its caller's thread.
 */
public final class MatrixProduct implements AutoCloseable {

  /**
   * Fewest rows of an operand in native memory. With less than 16 rows TensorFlow takes another
   * kernel, which adds up in another order; rows of zeros make up the difference.
   */
  private static final int FEWEST_ROWS = 64;

  private final Graph graph = Sessions.newGraph();
  private final Session session;
  private final Placeholder<TFloat32> left;
  private final Placeholder<TFloat32> right;
  private final Operand<TFloat32> product;

  /** Builds the graph of a product. */
  public MatrixProduct() {
    Ops tf = Ops.create(graph);
    left = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1, -1)));
    right = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1, -1)));
    product = tf.linalg.matMul(left, right, MatMul.transposeB(true));
    session = Sessions.onProcessor(graph);
  }

  /** A matrix in native memory, to be multiplied any number of times. */
  public static final class Matrix implements AutoCloseable {
    private final TFloat32 tensor;
    private final int rows;
    private final int columns;

    private Matrix(TFloat32 tensor, int rows, int columns) {
      this.tensor = tensor;
      this.rows = rows;
      this.columns = columns;
    }

    /** Returns the number of rows. */
    public int rows() {
      return rows;
    }

    /** Returns the number of columns. */
    public int columns() {
      return columns;
    }

    @Override
    public void close() {
      tensor.close();
    }
  }

  /** Inner products in native memory. */
  public static final class Product implements AutoCloseable {
    private final Result result;
    private final FloatBuffer values;
    private final int rows;
    private final int columns;
    private final int stride;

    private Product(Result result, int rows, int columns) {
      this.result = result;
      this.values = TensorMemory.floats(result.get(0)).asReadOnlyBuffer();
      this.stride = Math.toIntExact(result.get(0).shape().get(1));
      this.rows = rows;
      this.columns = columns;
    }

    /** Returns m, the rows of the left matrix. */
    public int rows() {
      return rows;
    }

    /** Returns n, the rows of the right matrix. */
    public int columns() {
      return columns;
    }

    /**
     * Returns the inner products of a row of the left matrix with all n rows of the right one,
     * without a copy.
     *
     * @param row 0 to m - 1
     * @return n values from position 0 on; not to be touched after {@link #close}
     */
    public FloatBuffer row(int row) {
      return values.slice(Objects.checkIndex(row, rows) * stride, columns);
    }

    /**
     * Copies the inner products of a row of the left matrix with all n rows of the right one.
     *
     * @param row 0 to m - 1
     * @param into gets n values from position 0 on
     */
    public void read(int row, float[] into) {
      values.get(Objects.checkIndex(row, rows) * stride, into, 0, columns);
    }

    @Override
    public void close() {
      result.close();
    }
  }

  /**
   * Copies a matrix into native memory.
   *
   * @param values {@code [rows, columns]}, row-major, from the buffer's position on, which stays
   *     where it is
   * @param rows 1 or more
   * @param columns 1 or more
   */
  public Matrix upload(FloatBuffer values, int rows, int columns) {
    int length = Math.multiplyExact(rows, columns);
    if (values.remaining() < length) {
      throw new IllegalArgumentException(
          "a matrix of "
              + rows
              + " x "
              + columns
              + " cannot be made of "
              + values.remaining()
              + " values");
    }
    return upload(rows, columns, target -> target.put(values.slice(values.position(), length)));
  }

  /**
   * Makes a matrix in native memory.
   *
   * @param rows 1 or more
   * @param columns 1 or more
   * @param fill puts {@code rows * columns} values, row-major, into the buffer that it gets
   */
  public Matrix upload(int rows, int columns, Consumer<FloatBuffer> fill) {
    if (rows < 1 || columns < 1) {
      throw new IllegalArgumentException(
          "a matrix of " + rows + " x " + columns + " cannot be made, valid is 1 x 1 or more");
    }
    int length = Math.multiplyExact(rows, columns);
    TFloat32 tensor = TFloat32.tensorOf(Shape.of(Math.max(rows, FEWEST_ROWS), columns));
    FloatBuffer target = TensorMemory.floats(tensor);
    fill.accept(target.slice(0, length));
    target.position(length);
    while (target.hasRemaining()) {
      target.put(0);
    }
    return new Matrix(tensor, rows, columns);
  }

  /**
   * Returns the inner products of all rows of {@code a} with all rows of {@code b}; the caller
   * closes it.
   *
   * @param a {@code [m, d]}
   * @param b {@code [n, d]}; m x n is below 2^29, and small enough for native memory
   */
  public Product multiply(Matrix a, Matrix b) {
    if (a.columns != b.columns) {
      throw new IllegalArgumentException(
          "the matrices have " + a.columns + " and " + b.columns + " columns");
    }
    long elements = a.tensor.shape().get(0) * b.tensor.shape().get(0);
    if (elements > Integer.MAX_VALUE / Float.BYTES) {
      throw new IllegalArgumentException(
          "a product of "
              + a.rows
              + " x "
              + b.rows
              + " elements is too large, valid is at most "
              + Integer.MAX_VALUE / Float.BYTES
              + " elements");
    }
    Result result =
        session
            .runner()
            .setOptions(Sessions.IN_CALLER_THREAD)
            .feed(left, a.tensor)
            .feed(right, b.tensor)
            .fetch(product)
            .run();
    return new Product(result, a.rows, b.rows);
  }

  @Override
  public void close() {
    session.close();
    graph.close();
  }
}
