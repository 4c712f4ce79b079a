package org.kindred.models.neighbors;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** What {@link ExactSearch} promises, in the plainest way. */
final class BruteForce {

  private BruteForce() {}

  private record Neighbor(float score, int id) {
    static final Comparator<Neighbor> ORDER =
        Comparator.comparingDouble((Neighbor n) -> -n.score).thenComparingInt(Neighbor::id);
  }

  static NeighborLists within(Tile tile, int k) {
    return search(tile, tile, k, true);
  }

  static NeighborLists search(Tile queries, Tile base, int k) {
    return search(queries, base, k, false);
  }

  private static NeighborLists search(Tile queries, Tile base, int k, boolean excludeSelf) {
    int width = Math.min(k, excludeSelf ? base.rows() - 1 : base.rows());
    float[] scores = new float[queries.rows() * width];
    int[] ids = new int[queries.rows() * width];
    for (int row = 0; row < queries.rows(); row++) {
      int self = row;
      List<Neighbor> nearest =
          IntStream.range(0, base.rows())
              .filter(other -> !excludeSelf || other != self)
              .mapToObj(
                  other -> new Neighbor(queries.score(self, base, other), base.first() + other))
              .sorted(Neighbor.ORDER)
              .limit(width)
              .toList();
      for (int rank = 0; rank < width; rank++) {
        scores[row * width + rank] = nearest.get(rank).score();
        ids[row * width + rank] = nearest.get(rank).id();
      }
    }
    return new NeighborLists(queries.first(), queries.rows(), k, width, scores, ids);
  }
}
