package org.kindred.stages.image;

import java.util.Arrays;

/**
 * The image that operations work on: three planes of floats in [0, 1], with the scratch memory that
 * the operations need. An image is read lazily, so that a crop never converts what it cuts off.
 */
final class Canvas {

  private static final int CHANNELS = 3;

  /** Byte values as floats in [0, 1]; looking them up is faster than converting them. */
  private static final float[] LEVELS = new float[256];

  static {
    for (int i = 0; i < LEVELS.length; i++) {
      LEVELS[i] = i / 255f;
    }
  }

  /** A resize of the shorter side can blow up a very long image. */
  private static final int MAX_PIXELS = 1 << 26;

  private final Resampling across = new Resampling();
  private final Resampling down = new Resampling();
  private final BlurFilter blur = new BlurFilter();

  /** The image until its pixels have gone into the planes, then null. */
  private RgbImage source;

  /** The resize that the planes or the source have yet to go through, or null. */
  private Resize pending;

  private int width;
  private int height;
  private float[] red = {};
  private float[] green = {};
  private float[] blue = {};

  /** Columns of the planes, which {@link #width} is ahead of while a resize is pending. */
  private int stride;

  private float[] scratch0 = {};
  private float[] scratch1 = {};
  private float[] scratch2 = {};
  private float[][] rows = {};
  private float[] row = {};

  /** Begins a new image. */
  void open(RgbImage image) {
    source = image;
    pending = null;
    width = image.width();
    height = image.height();
  }

  int width() {
    return width;
  }

  int height() {
    return height;
  }

  /**
   * Cuts out a rectangle and resizes it: bilinear, antialiased where it shrinks. The work waits
   * until the result is needed, so that a crop of the result makes no more than it keeps.
   */
  void resize(CropBox box, int outWidth, int outHeight) {
    settle();
    pending = new Resize(box, outWidth, outHeight, CropBox.whole(outWidth, outHeight));
    width = outWidth;
    height = outHeight;
  }

  /** Cuts out a rectangle. */
  void crop(CropBox box) {
    if (pending != null) {
      pending = pending.within(box);
      width = box.width();
      height = box.height();
    } else if (source != null) {
      load(box);
    } else {
      cropPlane(red, box);
      cropPlane(green, box);
      cropPlane(blue, box);
      width = box.width();
      stride = box.width();
      height = box.height();
    }
  }

  /** Mirrors left and right. */
  void flip() {
    load();
    flipPlane(red);
    flipPlane(green);
    flipPlane(blue);
  }

  /** Puts the luma into all three channels. */
  void grayscale() {
    load();
    ColorMath.luma(red, green, blue, red, pixels());
    System.arraycopy(red, 0, green, 0, pixels());
    System.arraycopy(red, 0, blue, 0, pixels());
  }

  /** Multiplies by a factor of 0 or more and clips. */
  void brightness(float factor) {
    load();
    ColorMath.brightness(red, green, blue, factor, pixels());
  }

  /** Moves away from the image's mean luma by a factor, where 0 is all grey, and clips. */
  void contrast(float factor) {
    load();
    scratch0 = atLeast(scratch0, pixels());
    ColorMath.contrast(red, green, blue, factor, scratch0, pixels());
  }

  /** Moves away from each pixel's luma by a factor, where 0 is grey, and clips. */
  void saturation(float factor) {
    load();
    scratch0 = atLeast(scratch0, pixels());
    ColorMath.saturation(red, green, blue, factor, scratch0, pixels());
  }

  /** Adds turns in [-0.5, 0.5] to the hue. */
  void hue(float turns) {
    load();
    scratch0 = atLeast(scratch0, pixels());
    scratch1 = atLeast(scratch1, pixels());
    scratch2 = atLeast(scratch2, pixels());
    ColorMath.hue(red, green, blue, turns, scratch0, scratch1, scratch2, pixels());
  }

  /** Blurs with a Gaussian of standard deviation {@code sigma} pixels. */
  void blur(double sigma) {
    load();
    int length = CHANNELS * width;
    blur.prepare(sigma, width);
    reserveRows(height, length);
    row = atLeast(row, length);
    for (int y = 0; y < height; y++) {
      int at = y * width;
      blur.horizontal(red, at, rows[y], 0);
      blur.horizontal(green, at, rows[y], width);
      blur.horizontal(blue, at, rows[y], 2 * width);
    }
    for (int y = 0; y < height; y++) {
      blur.vertical(rows, height, y, row, length);
      storeRow(row, y);
    }
  }

  /** Writes the image as {@code [height, width, 3]} bytes, rounded half up. */
  void write(byte[] target, int offset) {
    load();
    pack(red, green, blue, target, offset, pixels());
  }

  private int pixels() {
    return width * height;
  }

  /** Brings the image into the planes. */
  private void load() {
    settle();
    if (source != null) {
      load(CropBox.whole(width, height));
    }
  }

  /** Does the pending resize, if there is one. */
  private void settle() {
    if (pending == null) {
      return;
    }
    CropBox box = pending.box();
    CropBox window = pending.window();
    if ((long) window.width() * window.height() > MAX_PIXELS) {
      throw new IllegalArgumentException(
          String.format(
              "a resize makes an image of %d x %d pixels, valid is up to %d pixels",
              window.width(), window.height(), MAX_PIXELS));
    }
    int length = CHANNELS * window.width();
    across.prepare(box.width(), pending.outWidth(), window.left(), window.width());
    down.prepare(box.height(), pending.outHeight(), window.top(), window.height());
    int left = across.inputFrom();
    int columns = across.inputTo() - left;
    int top = down.inputFrom();
    int count = down.inputTo() - top;
    reserveRows(count, length);
    row = atLeast(row, Math.max(CHANNELS * columns, length));
    for (int y = 0; y < count; y++) {
      readRow(box.left() + left, box.top() + top + y, columns);
      across.horizontal(row, rows[y]);
    }
    setSize(window.width(), window.height());
    for (int y = 0; y < window.height(); y++) {
      down.vertical(rows, y, row, length);
      storeRow(row, y);
    }
  }

  private void load(CropBox box) {
    RgbImage image = source;
    setSize(box.width(), box.height());
    for (int y = 0; y < box.height(); y++) {
      int from = CHANNELS * ((box.top() + y) * image.width() + box.left());
      unpack(image.pixels(), from, red, green, blue, y * width, width);
    }
  }

  private static void unpack(
      byte[] pixels, int from, float[] red, float[] green, float[] blue, int to, int count) {
    for (int x = 0; x < count; x++) {
      red[to + x] = LEVELS[pixels[from + 3 * x] & 0xFF];
      green[to + x] = LEVELS[pixels[from + 3 * x + 1] & 0xFF];
      blue[to + x] = LEVELS[pixels[from + 3 * x + 2] & 0xFF];
    }
  }

  /** Reads part of a row into {@link #row} as {@code [count, 3]}. */
  private void readRow(int left, int y, int count) {
    if (source == null) {
      int at = y * stride + left;
      for (int x = 0; x < count; x++) {
        row[3 * x] = red[at + x];
        row[3 * x + 1] = green[at + x];
        row[3 * x + 2] = blue[at + x];
      }
    } else {
      int from = CHANNELS * (y * source.width() + left);
      unpack(source.pixels(), from, row, CHANNELS * count);
    }
  }

  private static void unpack(byte[] pixels, int from, float[] values, int count) {
    for (int i = 0; i < count; i++) {
      values[i] = LEVELS[pixels[from + i] & 0xFF];
    }
  }

  /** Values in [0, 1]; those that rounding in a resize left just outside stay within 0 to 255. */
  private static void pack(
      float[] red, float[] green, float[] blue, byte[] target, int offset, int pixels) {
    for (int i = 0; i < pixels; i++) {
      target[offset + 3 * i] = (byte) (int) (red[i] * 255f + 0.5f);
      target[offset + 3 * i + 1] = (byte) (int) (green[i] * 255f + 0.5f);
      target[offset + 3 * i + 2] = (byte) (int) (blue[i] * 255f + 0.5f);
    }
  }

  /** Splits {@code [3, width]} into the planes. */
  private void storeRow(float[] values, int y) {
    System.arraycopy(values, 0, red, y * width, width);
    System.arraycopy(values, width, green, y * width, width);
    System.arraycopy(values, 2 * width, blue, y * width, width);
  }

  private void cropPlane(float[] plane, CropBox box) {
    for (int y = 0; y < box.height(); y++) {
      int from = (box.top() + y) * width + box.left();
      System.arraycopy(plane, from, plane, y * box.width(), box.width());
    }
  }

  private void flipPlane(float[] plane) {
    for (int y = 0; y < height; y++) {
      int left = y * width;
      int right = left + width - 1;
      for (; left < right; left++, right--) {
        float swap = plane[left];
        plane[left] = plane[right];
        plane[right] = swap;
      }
    }
  }

  /** Gives the planes a new size; their content is lost. */
  private void setSize(int newWidth, int newHeight) {
    source = null;
    pending = null;
    width = newWidth;
    stride = newWidth;
    height = newHeight;
    red = atLeast(red, pixels());
    green = atLeast(green, pixels());
    blue = atLeast(blue, pixels());
  }

  private void reserveRows(int count, int length) {
    if (rows.length < count) {
      int old = rows.length;
      rows = Arrays.copyOf(rows, count);
      Arrays.fill(rows, old, count, new float[0]);
    }
    for (int y = 0; y < count; y++) {
      rows[y] = atLeast(rows[y], length);
    }
  }

  private static float[] atLeast(float[] array, int length) {
    return array.length < length ? new float[length] : array;
  }

  /**
   * A resize and the part of its result that is kept.
   *
   * @param box what is resized
   * @param outWidth columns of the whole result
   * @param outHeight rows of the whole result
   * @param window part of the result to make
   */
  private record Resize(CropBox box, int outWidth, int outHeight, CropBox window) {
    Resize within(CropBox inner) {
      return new Resize(
          box,
          outWidth,
          outHeight,
          new CropBox(
              window.left() + inner.left(),
              window.top() + inner.top(),
              inner.width(),
              inner.height()));
    }
  }
}
