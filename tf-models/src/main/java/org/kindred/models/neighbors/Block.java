package org.kindred.models.neighbors;

import java.nio.FloatBuffer;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.MatrixProduct.Matrix;

/**
 * Some rows of a tile, one side of one product, with the candidates found for each of them.
 *
 * <p>A block has every n-th row of the tile: a sample of it, however the tile is ordered, by class
 * say.
 *
 * <p>Threading: whoever changes the candidates does it {@link #alone}.
 */
final class Block implements AutoCloseable {

  private final Tile tile;
  private final int first;
  private final int stride;
  private final float[] squaredNorms;
  private final TopK candidates;
  private Matrix matrix;

  Block(Tile tile, int first, int stride, int candidates) {
    this.tile = tile;
    this.first = first;
    this.stride = stride;
    this.squaredNorms = new float[(tile.rows() - first + stride - 1) / stride];
    for (int row = 0; row < squaredNorms.length; row++) {
      squaredNorms[row] = tile.squaredNorm(row(row));
    }
    this.candidates = new TopK(squaredNorms.length, candidates);
  }

  Tile tile() {
    return tile;
  }

  int rows() {
    return squaredNorms.length;
  }

  TopK candidates() {
    return candidates;
  }

  /** Does what changes the candidates; who keeps none need not wait for others. */
  void alone(Runnable change) {
    if (candidates.k() == 0) {
      change.run();
    } else {
      synchronized (candidates) {
        change.run();
      }
    }
  }

  /** Prepares the candidates for offers of another block, all of whose tile will be offered. */
  void expect(Block other) {
    if (candidates.k() > 0) {
      candidates.expect(other.rows(), other.tile.rows());
    }
  }

  /** Place of a row among the tile's. */
  int row(int row) {
    return first + row * stride;
  }

  /** Position of a row in the whole matrix. */
  int id(int row) {
    return tile.first() + row(row);
  }

  /** Squared norms of the rows; not to be modified. */
  float[] squaredNorms() {
    return squaredNorms;
  }

  /** The rows in native memory, from the first call on until the block is closed. */
  synchronized Matrix matrix(MatrixProduct product) {
    if (matrix == null) {
      matrix = product.upload(rows(), tile.dim(), this::copyRows);
    }
    return matrix;
  }

  private void copyRows(FloatBuffer target) {
    for (int row = 0; row < rows(); row++) {
      target.put(tile.rows(row(row), 1));
    }
  }

  @Override
  public void close() {
    if (matrix != null) {
      matrix.close();
    }
  }
}
