package org.kindred.models.neighbors;

import java.nio.FloatBuffer;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.MatrixProduct.Matrix;
import org.kindred.models.linalg.MatrixProduct.Product;

/**
 * The rows of a block for which more of the base than was kept lies within rounding of the k-th
 * neighbour: rows that occur many times, features that have collapsed. They are multiplied with the
 * base once more, and all that is near enough is compared exactly.
 */
final class NearTies {

  private final Block block;
  private final Tile base;
  private final boolean excludeSelf;
  private final int width;
  private final int[] rows;
  private final float[] floors;
  private final TopK best;

  /**
   * @param base the rows that the neighbours come from
   * @param excludeSelf whether the base is the block's own tile, where no row is its own neighbour
   * @param width neighbours of each row
   * @param rows of the block
   * @param floors for each of {@code rows}, a similarity that {@code width} rows of the base reach;
   *     negative infinity where none is known
   */
  NearTies(Block block, Tile base, boolean excludeSelf, int width, int[] rows, float[] floors) {
    this.block = block;
    this.base = base;
    this.excludeSelf = excludeSelf;
    this.width = width;
    this.rows = rows;
    this.floors = floors;
    this.best = new TopK(Math.max(1, rows.length), width);
  }

  /** The i-th of the rows, counted from the block's first. */
  int row(int i) {
    return rows[i];
  }

  /** Writes the neighbours of the rows to their place among those of the block's tile. */
  void into(float[] scores, int[] ids, MatrixProduct product, Blocks parts) {
    if (rows.length == 0) {
      return;
    }
    int dim = base.dim();
    try (Matrix queries = product.upload(values(), rows.length, dim)) {
      for (int p = 0; p < parts.count(); p++) {
        try (Product products = product.multiply(queries, parts.get(p).matrix(product))) {
          compare(parts.get(p), products::read);
        }
      }
    }
    drain(scores, ids);
  }

  private FloatBuffer values() {
    FloatBuffer values = FloatBuffer.allocate(rows.length * base.dim());
    for (int row : rows) {
      values.put(block.tile().rows(block.row(row), 1));
    }
    return values.flip();
  }

  /**
   * Compares the rows exactly with those of {@code part} that their products do not rule out.
   *
   * @param products gives the inner products of the i-th of the rows with the rows of {@code part}
   */
  void compare(Block part, BlockSelection.Products products) {
    float[] similarities = new float[part.rows()];
    int[] near = new int[part.rows()];
    float[] norms = part.squaredNorms();
    Tile tile = block.tile();
    for (int i = 0; i < rows.length; i++) {
      int row = block.row(rows[i]);
      int self = excludeSelf ? tile.first() + row : -1;
      float floor = Math.max(floors[i], best.threshold(i));
      float enough = Math.nextDown((float) (floor - tile.errorBound(row, base)));
      products.read(i, similarities);
      tile.similarity().fromProducts(similarities, tile.squaredNorm(row), norms);
      int count = 0;
      for (int other = 0; other < similarities.length; other++) {
        if (similarities[other] >= enough && part.id(other) != self) {
          near[count++] = part.row(other);
        }
      }
      tile.scores(row, base, near, count, similarities);
      for (int c = 0; c < count; c++) {
        best.offer(i, similarities[c], base.first() + near[c]);
      }
    }
  }

  /** Writes what {@link #compare} found, after the last part of the base. */
  void drain(float[] scores, int[] ids) {
    for (int i = 0; i < rows.length; i++) {
      best.drain(i, scores, ids, block.row(rows[i]) * width);
    }
  }
}
