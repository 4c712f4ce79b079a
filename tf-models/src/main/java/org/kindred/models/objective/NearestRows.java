package org.kindred.models.objective;

import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.neighbors.ExactSearch;
import org.kindred.models.neighbors.Tile;

/** The rows of a matrix that are nearest to each of its rows, by cosine. */
final class NearestRows {

  private NearestRows() {}

  /**
   * Searches.
   *
   * @param values {@code [rows, dim]}, row by row; normalised in place
   * @param k neighbours of each row, 1 to {@code rows - 1}
   * @return {@code [rows, k]}, nearest first, of equally near ones the lower first; no row is its
   *     own neighbour
   */
  static int[] of(float[] values, int dim, int k) {
    try (MatrixProduct product = new MatrixProduct()) {
      return new ExactSearch(product, k).within(Tile.of(Similarity.COSINE, 0, dim, values)).ids();
    }
  }
}
