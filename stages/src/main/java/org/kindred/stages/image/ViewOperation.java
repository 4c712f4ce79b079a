package org.kindred.stages.image;

/**
 * One operation of a recipe with its parameters.
 *
 * <p>Its randomness comes in as uniform numbers, always the same count, so that what one operation
 * draws never shifts what the next one draws.
 */
sealed interface ViewOperation {

  /** Longest side of a view, so that the bytes of a view fit an array. */
  int MAX_SIDE = 8192;

  /** Returns how many uniform numbers {@link #apply} is given. */
  default int draws() {
    return 0;
  }

  /**
   * Applies the operation.
   *
   * @param uniforms {@code uniforms[at]} to {@code uniforms[at + draws() - 1]} are uniform in [0,
   *     1)
   */
  void apply(Canvas canvas, double[] uniforms, int at);

  /** Returns what is known of the image's size afterwards. */
  default Extent after(Extent before) {
    return before;
  }

  /**
   * What is known of an image's size before it is seen.
   *
   * @param shorterSide pixels, 0 when unknown
   * @param square whether the longer side is as long
   */
  record Extent(int shorterSide, boolean square) {
    static final Extent UNKNOWN = new Extent(0, false);

    static Extent squareOf(int side) {
      return new Extent(side, true);
    }
  }

  /**
   * Random crop of random area and shape, resized to a square; ten tries, then the largest centred
   * box of valid shape.
   */
  record RandomResizedCrop(
      int size, double minScale, double maxScale, double minLogRatio, double maxLogRatio)
      implements ViewOperation {

    private static final int TRIES = 10;

    /** Takes the range of width / height as it stands in a recipe. */
    static RandomResizedCrop of(
        int size, double minScale, double maxScale, double minRatio, double maxRatio) {
      requireSide(size);
      requireOrdered("scale", minScale, maxScale, 1);
      requireOrdered("ratio", minRatio, maxRatio, Double.MAX_VALUE);
      return new RandomResizedCrop(
          size, minScale, maxScale, StrictMath.log(minRatio), StrictMath.log(maxRatio));
    }

    @Override
    public int draws() {
      return 2 * TRIES + 2;
    }

    @Override
    public void apply(Canvas canvas, double[] uniforms, int at) {
      canvas.resize(box(canvas.width(), canvas.height(), uniforms, at), size, size);
    }

    /** Chooses the box. The first two draws are its place, each further pair is one try. */
    CropBox box(int imageWidth, int imageHeight, double[] uniforms, int at) {
      double imageArea = (double) imageWidth * imageHeight;
      for (int i = at + 2; i < at + draws(); i += 2) {
        double area = imageArea * between(minScale, maxScale, uniforms[i]);
        double ratio = StrictMath.exp(between(minLogRatio, maxLogRatio, uniforms[i + 1]));
        int width = CropBox.widthOf(area, ratio);
        int height = CropBox.heightOf(area, ratio);
        if (width > 0 && width <= imageWidth && height > 0 && height <= imageHeight) {
          int left = (int) (uniforms[at] * (imageWidth - width + 1));
          int top = (int) (uniforms[at + 1] * (imageHeight - height + 1));
          return new CropBox(left, top, width, height);
        }
      }
      return CropBox.largestCentered(
          imageWidth, imageHeight, StrictMath.exp(minLogRatio), StrictMath.exp(maxLogRatio));
    }

    @Override
    public Extent after(Extent before) {
      return Extent.squareOf(size);
    }
  }

  /** Mirrors left and right. */
  record HorizontalFlip() implements ViewOperation {
    @Override
    public void apply(Canvas canvas, double[] uniforms, int at) {
      canvas.flip();
    }
  }

  /** Random brightness, contrast, saturation and hue, in random order. */
  record ColorJitter(double brightness, double contrast, double saturation, double hue)
      implements ViewOperation {

    private static final int PARTS = 4;
    private static final int ORDERS = 24;

    public ColorJitter {
      requireStrength("brightness", brightness);
      requireStrength("contrast", contrast);
      requireStrength("saturation", saturation);
      if (!(hue >= 0 && hue <= 0.5)) {
        throw new IllegalArgumentException("hue is " + hue + ", valid is 0 to 0.5");
      }
    }

    @Override
    public int draws() {
      return PARTS + 1;
    }

    @Override
    public void apply(Canvas canvas, double[] uniforms, int at) {
      for (int part : order(uniforms[at + PARTS])) {
        double uniform = uniforms[at + part];
        switch (part) {
          case 0 -> applyUnlessNone(brightness, uniform, canvas::brightness);
          case 1 -> applyUnlessNone(contrast, uniform, canvas::contrast);
          case 2 -> applyUnlessNone(saturation, uniform, canvas::saturation);
          default -> {
            if (hue > 0) {
              canvas.hue((float) between(-hue, hue, uniform));
            }
          }
        }
      }
    }

    private static void applyUnlessNone(double strength, double uniform, FactorOperation part) {
      if (strength > 0) {
        part.apply((float) between(Math.max(0, 1 - strength), 1 + strength, uniform));
      }
    }

    /** Returns one of the 24 orders of 0, 1, 2, 3, each from an equal part of [0, 1). */
    static int[] order(double uniform) {
      int digits = (int) (uniform * ORDERS);
      int[] order = {0, 1, 2, 3};
      for (int i = PARTS - 1; i > 0; i--) {
        int j = digits % (i + 1);
        digits /= i + 1;
        int swap = order[i];
        order[i] = order[j];
        order[j] = swap;
      }
      return order;
    }

    private interface FactorOperation {
      void apply(float factor);
    }
  }

  /** Luma in all three channels. */
  record Grayscale() implements ViewOperation {
    @Override
    public void apply(Canvas canvas, double[] uniforms, int at) {
      canvas.grayscale();
    }
  }

  /** Gaussian blur of random standard deviation. */
  record GaussianBlur(double minSigma, double maxSigma) implements ViewOperation {

    private static final double LARGEST_SIGMA = 1000;

    public GaussianBlur {
      requireOrdered("sigma", minSigma, maxSigma, LARGEST_SIGMA);
    }

    @Override
    public int draws() {
      return 1;
    }

    @Override
    public void apply(Canvas canvas, double[] uniforms, int at) {
      canvas.blur(between(minSigma, maxSigma, uniforms[at]));
    }
  }

  /** Resizes so that the shorter side has {@code size} pixels; the longer side rounds down. */
  record ResizeShorterSide(int size) implements ViewOperation {

    public ResizeShorterSide {
      requireSide(size);
    }

    @Override
    public void apply(Canvas canvas, double[] uniforms, int at) {
      int width = canvas.width();
      int height = canvas.height();
      int shorter = Math.min(width, height);
      if (shorter != size) {
        canvas.resize(
            CropBox.whole(width, height),
            (int) ((long) width * size / shorter),
            (int) ((long) height * size / shorter));
      }
    }

    @Override
    public Extent after(Extent before) {
      return new Extent(size, before.square());
    }
  }

  /** Resizes to a square, whatever the aspect ratio was. */
  record ResizeSquare(int size) implements ViewOperation {

    public ResizeSquare {
      requireSide(size);
    }

    @Override
    public void apply(Canvas canvas, double[] uniforms, int at) {
      if (canvas.width() != size || canvas.height() != size) {
        canvas.resize(CropBox.whole(canvas.width(), canvas.height()), size, size);
      }
    }

    @Override
    public Extent after(Extent before) {
      return Extent.squareOf(size);
    }
  }

  /** Cuts a square out of the image as it is. */
  sealed interface SquareCut extends ViewOperation {

    /** Returns the side of the square. */
    int size();

    @Override
    default Extent after(Extent before) {
      if (before.shorterSide() > 0 && before.shorterSide() < size()) {
        throw new IllegalArgumentException(
            String.format(
                "size is %d, but the operations before leave a shorter side of %d pixels;"
                    + " valid is %2$d or less",
                size(), before.shorterSide()));
      }
      return Extent.squareOf(size());
    }
  }

  /** Cuts a square out of the middle. */
  record CenterCrop(int size) implements SquareCut {

    public CenterCrop {
      requireSide(size);
    }

    @Override
    public void apply(Canvas canvas, double[] uniforms, int at) {
      canvas.crop(CropBox.centered(canvas.width(), canvas.height(), size, size));
    }
  }

  /** Cuts a square out at a random place. */
  record RandomCrop(int size) implements SquareCut {

    public RandomCrop {
      requireSide(size);
    }

    @Override
    public int draws() {
      return 2;
    }

    @Override
    public void apply(Canvas canvas, double[] uniforms, int at) {
      int left = (int) (uniforms[at] * (canvas.width() - size + 1));
      int top = (int) (uniforms[at + 1] * (canvas.height() - size + 1));
      canvas.crop(new CropBox(left, top, size, size));
    }
  }

  private static double between(double low, double high, double uniform) {
    return low + (high - low) * uniform;
  }

  private static void requireSide(int size) {
    if (size < 1 || size > MAX_SIDE) {
      throw new IllegalArgumentException("size is " + size + ", valid is 1 to " + MAX_SIDE);
    }
  }

  private static void requireStrength(String name, double value) {
    if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(name + " is " + value + ", valid is 0 or more");
    }
  }

  /** Requires 0 < min <= max <= limit. */
  private static void requireOrdered(String name, double min, double max, double limit) {
    if (!(min > 0 && min <= max && max <= limit)) {
      throw new IllegalArgumentException(
          String.format(
              "min_%1$s is %2$s and max_%1$s is %3$s, valid is 0 < min_%1$s <= max_%1$s%4$s",
              name, min, max, limit == Double.MAX_VALUE ? "" : " <= " + limit));
    }
  }
}
