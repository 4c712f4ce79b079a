package org.kindred.stages.graph;

import org.kindred.proto.artifact.v1.ComponentSize;
import org.kindred.proto.artifact.v1.PositiveSet;

/** Sizes of connected components as artifacts tell them. */
final class ComponentSizes {
  private ComponentSizes() {}

  /**
   * Returns a PositiveSet that tells of the components alone.
   *
   * @param sizes nodes of each component, most first
   */
  static PositiveSet toPositiveSet(int[] sizes) {
    PositiveSet.Builder set = PositiveSet.newBuilder();
    int from = 0;
    while (from < sizes.length) {
      int to = from;
      while (to < sizes.length && sizes[to] == sizes[from]) {
        to++;
      }
      set.addComponents(ComponentSize.newBuilder().setNodes(sizes[from]).setCount(to - from));
      from = to;
    }
    return set.build();
  }
}
