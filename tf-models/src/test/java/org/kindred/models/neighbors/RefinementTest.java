package org.kindred.models.neighbors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.neighbors.BlockSelection.Products;

/** Products with errors of every size that float32 allows, and more. */
final class RefinementTest {

  private static final int ROWS = 70;
  private static final int DIM = 6;

  /** Rows so alike that the errors decide the order of the products. */
  private static Tile almostEqualRows(long seed) {
    Random random = new Random(seed);
    float[] values = new float[ROWS * DIM];
    for (int i = 0; i < values.length; i++) {
      values[i] = 1 + 1e-6f * random.nextInt(4);
    }
    return Tile.of(Similarity.COSINE, 0, DIM, values);
  }

  private static Products products(Tile tile, double error, long seed) {
    return (row, into) -> {
      Random random = new Random(seed + row);
      for (int column = 0; column < ROWS; column++) {
        double shift = error * (2 * random.nextDouble() - 1);
        into[column] = (float) (tile.score(row, tile, column) + shift);
      }
    };
  }

  private static byte[] neighbours(Tile tile, int k, int candidates, double error, long seed) {
    Block block = new Block(tile, 0, 1, candidates);
    new BlockSelection(ROWS).select(products(tile, error, seed), block, block);
    float[] scores = new float[ROWS * k];
    int[] ids = new int[ROWS * k];
    NearTies ties = new Refinement(block, tile, true, k).into(scores, ids);
    Products again = products(tile, error, seed + ROWS);
    ties.compare(block, (i, into) -> again.read(ties.row(i), into));
    ties.drain(scores, ids);
    return new NeighborLists(0, ROWS, k, k, scores, ids).toBytes();
  }

  @Property(tries = 200)
  void errorsThatFloat32AllowsDoNotShow(
      @ForAll @IntRange(min = 1, max = 20) int k,
      @ForAll @IntRange(max = 6) int margin,
      @ForAll @DoubleRange(max = 0.9) double share,
      @ForAll long seed) {
    Tile tile = almostEqualRows(seed);
    double error = share * tile.errorBound(0, tile);
    assertThat(neighbours(tile, k, k + margin, error, seed))
        .isEqualTo(BruteForce.within(tile, k).toBytes());
  }

  @Example
  void reducedPrecisionIsAnError() {
    assertThatThrownBy(() -> neighbours(almostEqualRows(1), 3, 7, 1e-3, 1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("reduced precision");
  }
}
