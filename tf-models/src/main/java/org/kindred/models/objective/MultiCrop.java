package org.kindred.models.objective;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.kindred.models.random.CounterRandom;
import org.kindred.proto.pipeline.v1.CropGroup;

/**
 * Views of several sizes (SwAV, section 3.3): the first two are large ones, of which more is asked
 * than of the others.
 */
final class MultiCrop {

  /** The first views, which codes or clusters are made of. */
  static final int ASSIGNED = 2;

  private static final int SMALLEST_SIDE = 4;

  private MultiCrop() {}

  /**
   * Returns the views of each example, in order.
   *
   * @param field name of the groups, for messages
   * @param groups empty for two views of the recipe
   * @throws IllegalArgumentException when a number is out of its range
   */
  static List<Crop> views(String field, List<CropGroup> groups) {
    if (groups.isEmpty()) {
      return Collections.nCopies(ASSIGNED, Crop.OF_RECIPE);
    }
    List<Crop> views = new ArrayList<>();
    for (int i = 0; i < groups.size(); i++) {
      CropGroup group = groups.get(i);
      String name = field + "[" + i + "]";
      // The first two views are alike.
      Checks.atLeast(name + ".count", group.getCount(), i == 0 ? ASSIGNED : 1);
      views.addAll(Collections.nCopies(group.getCount(), crop(name, group)));
    }
    if (views.size() > CounterRandom.MAX_VIEWS) {
      throw new IllegalArgumentException(
          "%s has %d views, valid is at most %d"
              .formatted(field, views.size(), CounterRandom.MAX_VIEWS));
    }
    return List.copyOf(views);
  }

  private static Crop crop(String name, CropGroup group) {
    int size = group.getSize();
    if (size != 0) {
      Checks.atLeast(name + ".size", size, SMALLEST_SIDE);
    }
    double least = Checks.share(name + ".min_scale", group.getMinScale());
    double most = Checks.share(name + ".max_scale", group.getMaxScale());
    if (most != 0 && least > most) {
      throw new IllegalArgumentException(
          "%s.min_scale is %s, valid is at most max_scale, which is %s"
              .formatted(name, least, most));
    }
    return new Crop(size, least, most);
  }
}
