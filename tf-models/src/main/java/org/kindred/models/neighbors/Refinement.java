package org.kindred.models.neighbors;

import java.util.Arrays;

/** Turns a block's candidates into its exact neighbours; see {@link ExactSearch}. */
final class Refinement {

  private final Block block;
  private final Tile base;
  private final boolean excludeSelf;
  private final int width;
  private final TopK best;
  private final int[] others;
  private final float[] scores;

  /**
   * @param base the rows that the candidates come from
   * @param excludeSelf whether the base is the block's own tile, where no row is its own neighbour
   * @param width neighbours of each row
   */
  Refinement(Block block, Tile base, boolean excludeSelf, int width) {
    this.block = block;
    this.base = base;
    this.excludeSelf = excludeSelf;
    this.width = width;
    this.best = new TopK(1, width);
    this.others = new int[block.candidates().k()];
    this.scores = new float[others.length];
  }

  /**
   * Writes the neighbours of the block's rows to their place among those of the tile, but for the
   * rows whose candidates do not decide: those are left to {@link NearTies}.
   */
  NearTies into(float[] toScores, int[] toIds) {
    int[] open = new int[block.rows()];
    float[] floors = new float[block.rows()];
    int count = 0;
    for (int row = 0; row < block.rows(); row++) {
      double error = block.tile().errorBound(block.row(row), base);
      compareCandidates(row, error);
      if (mayHaveMissed(row, error)) {
        open[count] = row;
        floors[count++] = best.threshold(0);
        best.clear(0);
      } else {
        best.drain(0, toScores, toIds, block.row(row) * width);
      }
    }
    return new NearTies(
        block, base, excludeSelf, width, Arrays.copyOf(open, count), Arrays.copyOf(floors, count));
  }

  private void compareCandidates(int row, double error) {
    TopK candidates = block.candidates();
    candidates.settle(row);
    int count = candidates.size(row);
    for (int c = 0; c < count; c++) {
      others[c] = candidates.id(row, c) - base.first();
    }
    block.tile().scores(block.row(row), base, others, count, scores);
    for (int c = 0; c < count; c++) {
      double difference = Math.abs((double) candidates.score(row, c) - scores[c]);
      if (difference > error + Math.ulp(scores[c])) {
        throw new IllegalStateException(
            "similarity of rows %d and %d is %s by the matrix product but %s exactly; float32 explains a difference of %s: is a reduced precision on?"
                .formatted(
                    block.id(row),
                    candidates.id(row, c),
                    candidates.score(row, c),
                    scores[c],
                    error));
      }
      best.offer(0, scores[c], candidates.id(row, c));
    }
    best.settle(0);
  }

  /** Whether a row that is not a candidate could be among the nearest. */
  private boolean mayHaveMissed(int row, double error) {
    TopK candidates = block.candidates();
    return candidates.size(row) < (excludeSelf ? base.rows() - 1 : base.rows())
        && (float) (candidates.threshold(row) + error) >= best.threshold(0);
  }
}
