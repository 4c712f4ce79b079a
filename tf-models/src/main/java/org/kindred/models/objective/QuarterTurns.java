package org.kindred.models.objective;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TUint8;

/** Turns images by quarters, counter-clockwise: pixels change their places and nothing else. */
final class QuarterTurns {

  private static final int ROWS = 1;
  private static final int COLUMNS = 2;

  private QuarterTurns() {}

  /**
   * Returns images turned by some quarters.
   *
   * @param images {@code [images, side, side, channels]}
   * @param quarters 0 to 3
   */
  static Operand<TUint8> turned(Ops tf, Operand<TUint8> images, int quarters) {
    return switch (quarters) {
      case 0 -> images;
      case 1 -> tf.reverse(transposed(tf, images), tf.constant(new int[] {ROWS}));
      case 2 -> tf.reverse(images, tf.constant(new int[] {ROWS, COLUMNS}));
      case 3 -> tf.reverse(transposed(tf, images), tf.constant(new int[] {COLUMNS}));
      default ->
          throw new IllegalArgumentException("quarters is " + quarters + ", valid is 0 to 3");
    };
  }

  private static Operand<TUint8> transposed(Ops tf, Operand<TUint8> images) {
    return tf.linalg.transpose(images, tf.constant(new int[] {0, COLUMNS, ROWS, 3}));
  }
}
