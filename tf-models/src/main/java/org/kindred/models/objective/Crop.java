package org.kindred.models.objective;

/**
 * How one of the views that an objective looks at is cut out, where that differs from the recipe of
 * the training views.
 *
 * @param side side of the view in pixels; 0: the recipe's
 * @param minScale smallest share of the image's area, 0 to 1; 0: the recipe's
 * @param maxScale largest share of the image's area, {@code minScale} to 1; 0: the recipe's
 */
public record Crop(int side, double minScale, double maxScale) {

  /** A view as the recipe makes it. */
  public static final Crop OF_RECIPE = new Crop(0, 0, 0);

  /**
   * Returns the side of the view.
   *
   * @param recipeSide side of the recipe's views in pixels
   */
  public int side(int recipeSide) {
    return side == 0 ? recipeSide : side;
  }
}
