package org.kindred.models.training;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Gives the views that a training step looks at. What it writes must be a function of the arguments
 * alone, or a resumed run will differ.
 *
 * <p>Called from several threads at a time.
 */
@FunctionalInterface
public interface BatchSource {

  /**
   * Writes one view of each of some examples.
   *
   * @param epoch epoch, from 0
   * @param rows numbers of the examples, each from 0 to the training set's size - 1
   * @param view number of the view, from 0
   * @param target takes {@code rows.length x height x width x 3} unsigned bytes in RGB, from
   *     position 0 to the limit: native memory, to be filled to its end; height and width are the
   *     view's own
   * @throws IOException when a view cannot be made; it ends the training
   */
  void fill(int epoch, int[] rows, int view, ByteBuffer target) throws IOException;

  /**
   * Writes one view of each of some examples, made of the images of others: what is drawn at random
   * is drawn as for the examples, so that it differs from the others' own views.
   *
   * @param epoch epoch, from 0
   * @param rows numbers of the examples
   * @param images numbers of the examples whose images the views are made of, in the order of
   *     {@code rows}
   * @param view number of the view, from 0
   * @param target as in {@link #fill}
   * @throws IOException when a view cannot be made; it ends the training
   * @throws UnsupportedOperationException when an image is another's and the source can't do so
   */
  default void fillOf(int epoch, int[] rows, int[] images, int view, ByteBuffer target)
      throws IOException {
    if (!Arrays.equals(rows, images)) {
      throw new UnsupportedOperationException(
          "this source makes the views of an example of its own image only");
    }
    fill(epoch, rows, view, target);
  }

  /**
   * Writes the evaluation image of each of some examples, for objectives that look at the whole
   * training set between epochs.
   *
   * @param rows numbers of the examples
   * @param target takes {@code rows.length x height x width x 3} unsigned bytes in RGB
   * @throws IOException when an image cannot be made; it ends the training
   */
  default void fillEvaluation(int[] rows, ByteBuffer target) throws IOException {
    throw new UnsupportedOperationException("this source has no evaluation images");
  }
}
