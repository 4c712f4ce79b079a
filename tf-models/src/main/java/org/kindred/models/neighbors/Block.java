package org.kindred.models.neighbors;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Some rows of a tile, one side of one product, with the candidates found for each of them.
 *
 * <p>Threading: whoever changes the candidates holds the block's monitor.
 */
final class Block {

  private final Tile tile;
  private final int start;
  private final int rows;
  private final TopK candidates;

  private Block(Tile tile, int start, int rows, TopK candidates) {
    this.tile = tile;
    this.start = start;
    this.rows = rows;
    this.candidates = candidates;
  }

  /** Cuts {@code tile} into blocks of at most {@code blockRows} rows that keep candidates. */
  static List<Block> cut(Tile tile, int blockRows, int candidates) {
    List<Block> blocks = new ArrayList<>();
    for (int start = 0; start < tile.rows(); start += blockRows) {
      int rows = Math.min(blockRows, tile.rows() - start);
      blocks.add(new Block(tile, start, rows, new TopK(rows, candidates)));
    }
    return blocks;
  }

  Tile tile() {
    return tile;
  }

  /** First row, counted from the tile's. */
  int start() {
    return start;
  }

  int rows() {
    return rows;
  }

  TopK candidates() {
    return candidates;
  }

  /** Position of the first row in the whole matrix. */
  int firstId() {
    return tile.first() + start;
  }

  FloatBuffer values() {
    return tile.rows(start, rows);
  }

  float[] squaredNorms() {
    return tile.squaredNorms(start, rows);
  }
}
