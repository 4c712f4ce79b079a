package org.kindred.models.training;

import java.util.ArrayList;
import java.util.List;
import org.kindred.models.objective.Crop;

/**
 * Consecutive views of one size, which a batch holds in one tensor.
 *
 * @param first number of the first of them
 * @param count how many there are
 * @param side height and width in pixels
 */
record ViewGroup(int first, int count, int side) {

  /**
   * Groups views.
   *
   * @param crops the views in order
   * @param recipeSide side of the recipe's views
   */
  static List<ViewGroup> of(List<Crop> crops, int recipeSide) {
    List<ViewGroup> groups = new ArrayList<>();
    for (int view = 0; view < crops.size(); view++) {
      int side = crops.get(view).side(recipeSide);
      ViewGroup last = groups.isEmpty() ? null : groups.get(groups.size() - 1);
      if (last != null && last.side == side) {
        groups.set(groups.size() - 1, new ViewGroup(last.first, last.count + 1, side));
      } else {
        groups.add(new ViewGroup(view, 1, side));
      }
    }
    return groups;
  }

  /** Returns the bytes of one view: height x width x 3. */
  int viewBytes() {
    return Math.multiplyExact(side * side, 3);
  }
}
