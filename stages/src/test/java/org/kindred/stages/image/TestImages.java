package org.kindred.stages.image;

import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;

/** Images made up for tests. */
final class TestImages {

  private TestImages() {}

  /** Returns an image of independent random bytes. */
  static RgbImage noise(int width, int height, long id) {
    CounterRandom random = new CounterRandom(Domain.VIEW, 7, 0, id, 0);
    byte[] pixels = new byte[3 * width * height];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) random.nextInt();
    }
    return new RgbImage(width, height, pixels);
  }

  /** Returns an image of one colour. */
  static RgbImage plain(int width, int height, int red, int green, int blue) {
    byte[] pixels = new byte[3 * width * height];
    for (int i = 0; i < pixels.length; i += 3) {
      pixels[i] = (byte) red;
      pixels[i + 1] = (byte) green;
      pixels[i + 2] = (byte) blue;
    }
    return new RgbImage(width, height, pixels);
  }
}
