package org.kindred.stages.image;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;
import org.kindred.proto.artifact.v1.ColorJitter;
import org.kindred.proto.artifact.v1.GaussianBlur;
import org.kindred.proto.artifact.v1.Operation;
import org.kindred.proto.artifact.v1.RandomResizedCrop;
import org.kindred.proto.artifact.v1.ViewRecipe;
import org.kindred.stages.image.ViewOperation.Extent;

/**
 * Makes the views of one recipe.
 *
 * <p>A view is a pure function of recipe, source image, seed, epoch, example id and view number.
 * Each operation takes a fixed count of draws from the view's own stream, whether or not its
 * probability lets it act and whatever the image holds. Two images under the same coordinates get
 * the same draws, and making an operation stronger or rarer leaves the draws of all others as they
 * were.
 *
 * <p>Operations work on floats; values are rounded to 8 bits once, at the end, half up. {@code
 * normalize} is not applied: the network's first layer does that.
 *
 * <p>An instance holds scratch memory of a few images and must not be shared between threads; it is
 * cheap to make, one for each thread.
 */
public final class ViewMaker {

  private final Step[] steps;
  private final double[] uniforms;
  private final int size;
  private final int minSourceSide;
  private final Canvas canvas = new Canvas();

  /**
   * Compiles a recipe. A field that is not set counts with its default.
   *
   * @param recipe the operations; at least one must fix the size, and all must be possible in their
   *     order
   * @throws IllegalArgumentException naming the operation, if the recipe has no operations, one of
   *     them is empty or has invalid parameters, a crop is larger than what it crops, an operation
   *     that fixes the size has a probability other than 1, or no operation fixes the size
   */
  public ViewMaker(ViewRecipe recipe) {
    List<Step> compiled = new ArrayList<>();
    Extent extent = Extent.UNKNOWN;
    int smallestSource = 1;
    int draws = 0;
    for (int i = 0; i < recipe.getOperationsCount(); i++) {
      Operation message = recipe.getOperations(i);
      try {
        Step step = Step.of(message);
        if (step.operation() instanceof ViewOperation.SquareCut cut && extent.shorterSide() == 0) {
          smallestSource = cut.size();
        }
        extent = step.after(extent);
        draws += step.draws();
        compiled.add(step);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            String.format("operations[%d] (%s): %s", i, nameOf(message), e.getMessage()), e);
      }
    }
    if (!extent.square()) {
      throw new IllegalArgumentException(
          "the recipe does not fix the size of a view: valid is a recipe with a"
              + " random_resized_crop, resize_square, center_crop or random_crop");
    }
    steps = compiled.toArray(new Step[0]);
    uniforms = new double[draws];
    size = extent.shorterSide();
    minSourceSide = smallestSource;
  }

  /** Returns the side of a view in pixels. */
  public int size() {
    return size;
  }

  /** Returns the bytes of a view: 3 x size x size. */
  public int bytesPerView() {
    return 3 * size * size;
  }

  /**
   * Returns the fewest pixels that each side of a source must have: 1, unless the recipe cuts a
   * crop out of the unresized source.
   */
  public int minSourceSide() {
    return minSourceSide;
  }

  /** Returns whether a view depends on seed, epoch, example id or view number. */
  public boolean isRandom() {
    return Arrays.stream(steps).anyMatch(Step::isRandom);
  }

  /**
   * Makes one view.
   *
   * @param source the image
   * @param seed seed of the run
   * @param epoch 0 to {@link CounterRandom#MAX_EPOCHS} - 1
   * @param exampleId the image's id
   * @param view number of the view within the epoch, 0 to {@link CounterRandom#MAX_VIEWS} - 1
   * @param target receives {@code [size, size, 3]} bytes, unsigned, red first
   * @param offset where in {@code target} the view begins
   * @throws IllegalArgumentException if a side of the source is below {@link #minSourceSide}, a
   *     coordinate is out of range, or a resize of the shorter side that no crop follows makes a
   *     very long image larger than 67,108,864 pixels
   * @throws IndexOutOfBoundsException if {@code target} is too short
   */
  public void make(
      RgbImage source, long seed, int epoch, long exampleId, int view, byte[] target, int offset) {
    if (Math.min(source.width(), source.height()) < minSourceSide) {
      throw new IllegalArgumentException(
          String.format(
              "the image has %d x %d pixels, the recipe needs %d or more on each side",
              source.width(), source.height(), minSourceSide));
    }
    Objects.checkFromIndexSize(offset, bytesPerView(), target.length);
    CounterRandom random = new CounterRandom(Domain.VIEW, seed, epoch, exampleId, view);
    for (int i = 0; i < uniforms.length; i++) {
      uniforms[i] = random.nextDouble();
    }
    canvas.open(source);
    int at = 0;
    for (Step step : steps) {
      step.apply(canvas, uniforms, at);
      at += step.draws();
    }
    canvas.write(target, offset);
  }

  private static String nameOf(Operation operation) {
    return operation.getKindCase().name().toLowerCase(Locale.ROOT);
  }

  /** An operation and how often it acts; its first draw decides that. */
  private record Step(ViewOperation operation, double probability) {

    static Step of(Operation message) {
      double probability = message.getProbability();
      if (!(probability >= 0 && probability <= 1)) {
        throw new IllegalArgumentException("probability is " + probability + ", valid is 0 to 1");
      }
      ViewOperation operation =
          switch (message.getKindCase()) {
            case RANDOM_RESIZED_CROP -> compile(message.getRandomResizedCrop());
            case HORIZONTAL_FLIP -> new ViewOperation.HorizontalFlip();
            case COLOR_JITTER -> compile(message.getColorJitter());
            case GRAYSCALE -> new ViewOperation.Grayscale();
            case GAUSSIAN_BLUR -> compile(message.getGaussianBlur());
            case RESIZE_SHORTER_SIDE ->
                new ViewOperation.ResizeShorterSide(message.getResizeShorterSide().getSize());
            case CENTER_CROP -> new ViewOperation.CenterCrop(message.getCenterCrop().getSize());
            case RESIZE_SQUARE ->
                new ViewOperation.ResizeSquare(message.getResizeSquare().getSize());
            case RANDOM_CROP -> new ViewOperation.RandomCrop(message.getRandomCrop().getSize());
            case KIND_NOT_SET -> throw new IllegalArgumentException("the operation names no kind");
          };
      return new Step(operation, probability);
    }

    private static ViewOperation compile(RandomResizedCrop crop) {
      return ViewOperation.RandomResizedCrop.of(
          crop.getSize(),
          crop.getMinScale(),
          crop.getMaxScale(),
          crop.getMinRatio(),
          crop.getMaxRatio());
    }

    private static ViewOperation compile(ColorJitter jitter) {
      return new ViewOperation.ColorJitter(
          jitter.getBrightness(), jitter.getContrast(), jitter.getSaturation(), jitter.getHue());
    }

    private static ViewOperation compile(GaussianBlur blur) {
      return new ViewOperation.GaussianBlur(blur.getMinSigma(), blur.getMaxSigma());
    }

    int draws() {
      return 1 + operation.draws();
    }

    boolean isRandom() {
      return probability > 0 && (probability < 1 || operation.draws() > 0);
    }

    Extent after(Extent before) {
      Extent extent = operation.after(before);
      if (!extent.equals(before) && probability != 1) {
        throw new IllegalArgumentException(
            "probability is " + probability + ", valid is 1 for an operation that fixes the size");
      }
      return extent;
    }

    void apply(Canvas canvas, double[] uniforms, int at) {
      if (uniforms[at] < probability) {
        operation.apply(canvas, uniforms, at + 1);
      }
    }
  }
}
