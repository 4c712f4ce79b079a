package org.kindred.models.neighbors;

import java.nio.FloatBuffer;
import java.util.Arrays;
import org.kindred.models.linalg.RowException;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.linalg.UnitRows;

/**
 * Consecutive rows of a feature matrix, checked and ready to be compared: what a work item of the
 * search holds of one side.
 *
 * <p>Immutable, except that it does not copy the array that it is made of.
 */
public final class Tile {

  private final Similarity similarity;
  private final int first;
  private final int dim;
  private final float[] values;
  private final float[] squaredNorms;
  private final double largestNorm;

  private Tile(Similarity similarity, int first, int dim, float[] values) {
    this.similarity = similarity;
    this.first = first;
    this.dim = dim;
    this.values = values;
    this.squaredNorms = new float[values.length / dim];
    double largest = 0;
    for (int row = 0; row < squaredNorms.length; row++) {
      double norm = UnitRows.checkedSquaredNorm(values, row * dim, dim, first + row);
      squaredNorms[row] = (float) norm;
      largest = Math.max(largest, norm);
    }
    this.largestNorm = Math.sqrt(largest);
  }

  /**
   * Makes a tile. With {@link Similarity#COSINE} the rows are normalised in place.
   *
   * @param similarity what the rows are compared by
   * @param first position of the first row in the whole matrix, 0 or more
   * @param dim length of a row, 1 or more
   * @param values {@code [rows, dim]}, row by row, one row or more; the tile takes it over
   * @throws RowException when a row has a value that is not finite, or a squared norm beyond the
   *     range of float
   */
  public static Tile of(Similarity similarity, int first, int dim, float[] values) {
    if (dim < 1) {
      throw new IllegalArgumentException("dimension is " + dim + ", valid is 1 or more");
    }
    if (values.length == 0 || values.length % dim != 0) {
      throw new IllegalArgumentException(
          values.length + " values are not one or more whole rows of length " + dim);
    }
    int rows = values.length / dim;
    if (first < 0 || first > Integer.MAX_VALUE - rows) {
      throw new IllegalArgumentException(
          "first row is " + first + ", valid is 0 to " + (Integer.MAX_VALUE - rows));
    }
    if (similarity == Similarity.COSINE) {
      UnitRows.normalize(values, dim, first);
    }
    return new Tile(similarity, first, dim, values);
  }

  /** What the rows are compared by. */
  public Similarity similarity() {
    return similarity;
  }

  /** Position of the first row in the whole matrix. */
  public int first() {
    return first;
  }

  /** Number of rows. */
  public int rows() {
    return squaredNorms.length;
  }

  /** Length of a row. */
  public int dim() {
    return dim;
  }

  /**
   * Similarity of a row of this tile and a row of {@code other}, both counted from the tile's 0.
   */
  float score(int row, Tile other, int otherRow) {
    return similarity.score(values, row * dim, other.values, otherRow * dim, dim);
  }

  /**
   * Similarities of a row of this tile and some rows of {@code other}.
   *
   * @param otherRows counted from the tile's 0
   * @param count how many of them
   * @param scores takes as many
   */
  void scores(int row, Tile other, int[] otherRows, int count, float[] scores) {
    similarity.scores(values, row * dim, other.values, otherRows, count, dim, scores);
  }

  /** Most that a similarity of {@code row} to any of {@code other}'s, made of a product, is off. */
  double errorBound(int row, Tile other) {
    return similarity.errorBound(dim, Math.sqrt((double) squaredNorms[row]), other.largestNorm);
  }

  float squaredNorm(int row) {
    return squaredNorms[row];
  }

  /** Squared norms of the rows {@code start} to {@code start + count - 1}. */
  float[] squaredNorms(int start, int count) {
    return Arrays.copyOfRange(squaredNorms, start, start + count);
  }

  /** Checks that rows of this tile can be compared with those of {@code other}. */
  void checkComparable(Tile other) {
    if (dim != other.dim || similarity != other.similarity) {
      throw new IllegalArgumentException("cannot compare " + this + " and " + other);
    }
  }

  /**
   * The rows {@code from} to {@code to - 1}, as a tile of their own.
   *
   * @param from counted from the tile's first row
   */
  Tile slice(int from, int to) {
    float[] some = Arrays.copyOfRange(values, from * dim, to * dim);
    return new Tile(similarity, first + from, dim, some);
  }

  /** The rows {@code start} to {@code start + count - 1}. */
  FloatBuffer rows(int start, int count) {
    return FloatBuffer.wrap(values, start * dim, count * dim);
  }

  /** Says what the tile holds; the values are left out. */
  @Override
  public String toString() {
    return "Tile[rows %d to %d, dimension %d, %s]"
        .formatted(first, first + rows() - 1, dim, similarity);
  }
}
