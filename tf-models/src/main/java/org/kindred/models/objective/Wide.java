package org.kindred.models.objective;

import java.util.Arrays;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.ReduceMax;
import org.tensorflow.op.core.Sum;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/**
 * Losses in 64 bits, which cost little beside the network, and which the rewrite to bfloat16 leaves
 * alone: with 8 bits of mantissa, a similarity over a temperature of 0.1 would be off by 0.02.
 */
final class Wide {

  /** Far below any similarity over temperature: its exponential is 0. */
  static final double EXCLUDED = -1e9;

  private Wide() {}

  static Operand<TFloat64> of(Ops tf, Operand<TFloat32> value) {
    return tf.dtypes.cast(value, TFloat64.class);
  }

  static Operand<TFloat32> narrow(Ops tf, Operand<TFloat64> value) {
    return tf.dtypes.cast(value, TFloat32.class);
  }

  /** Returns the inner products of rows, {@code [m, n]} of {@code [m, d]} and {@code [n, d]}. */
  static Operand<TFloat64> products(Ops tf, Operand<TFloat64> left, Operand<TFloat64> right) {
    return tf.linalg.matMul(left, right, MatMul.transposeB(true));
  }

  /** Returns {@code count} rows of a matrix from row {@code start} on. */
  static Operand<TFloat64> rows(Ops tf, Operand<TFloat64> matrix, int start, int count) {
    return tf.slice(matrix, tf.constant(new int[] {start, 0}), tf.constant(new int[] {count, -1}));
  }

  /** Returns the first column of a matrix, {@code [rows]}. */
  static Operand<TFloat64> firstColumn(Ops tf, Operand<TFloat64> matrix) {
    return tf.reshape(
        tf.slice(matrix, tf.constant(new int[] {0, 0}), tf.constant(new int[] {-1, 1})),
        tf.constant(new int[] {-1}));
  }

  /** Returns the sum of each row, {@code [rows]}. */
  static Operand<TFloat64> rowSums(Ops tf, Operand<TFloat64> matrix) {
    return tf.sum(matrix, tf.constant(1));
  }

  /** Returns {@code [rows, rows]} with 1 at column (row + shift) mod rows, 0 elsewhere. */
  static Operand<TFloat64> shifted(Ops tf, int rows, int shift) {
    int[] columns = new int[rows];
    Arrays.setAll(columns, row -> (row + shift) % rows);
    return tf.oneHot(tf.constant(columns), tf.constant(rows), tf.constant(1.0), tf.constant(0.0));
  }

  /** Returns the mean of a vector. */
  static Operand<TFloat64> mean(Ops tf, Operand<TFloat64> vector) {
    return tf.math.mean(vector, tf.constant(0));
  }

  /** Returns the sum of a list, which has one value or more. */
  static Operand<TFloat64> sum(Ops tf, List<Operand<TFloat64>> values) {
    Operand<TFloat64> sum = values.get(0);
    for (Operand<TFloat64> value : values.subList(1, values.size())) {
      sum = tf.math.add(sum, value);
    }
    return sum;
  }

  /** Returns ln of the sum of exponentials along an axis, which keeps length 1. */
  static Operand<TFloat64> logSumExp(Ops tf, Operand<TFloat64> matrix, int axis) {
    Operand<TFloat64> greatest =
        tf.reduceMax(matrix, tf.constant(new int[] {axis}), ReduceMax.keepDims(true));
    Operand<TFloat64> sums =
        tf.sum(
            tf.math.exp(tf.math.sub(matrix, greatest)),
            tf.constant(new int[] {axis}),
            Sum.keepDims(true));
    return tf.math.add(greatest, tf.math.log(sums));
  }
}
