package org.kindred.models.training;

import java.nio.ByteBuffer;

/** Embeds images with the weights that training has reached, in evaluation mode. */
@FunctionalInterface
public interface ImageEmbedder {

  /**
   * Embeds images.
   *
   * @param images {@code count x height x width x 3} unsigned bytes in RGB, from the buffer's
   *     position on, which stays where it is
   * @param count images, 1 or more
   * @return {@code [count, dimension]}, row-major, unit rows
   */
  float[] embed(ByteBuffer images, int count);
}
