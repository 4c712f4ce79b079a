package org.kindred.models.objective;

import java.util.ArrayList;
import java.util.List;

/**
 * Images of one size that go through the network in a step.
 *
 * @param side height and width in pixels
 * @param images how many of each example, 1 or more
 * @param isLearned whether a backward pass follows, or they are constant in the gradient
 */
public record Pass(int side, int images, boolean isLearned) {

  /**
   * Returns the passes of views, each once.
   *
   * @param recipeSide side of the recipe's views in pixels
   * @param isLearned whether a backward pass follows
   */
  static List<Pass> ofViews(List<Crop> views, int recipeSide, boolean isLearned) {
    List<Pass> passes = new ArrayList<>();
    for (Crop view : views) {
      passes.add(new Pass(view.side(recipeSide), 1, isLearned));
    }
    return passes;
  }
}
