package org.kindred.stages.graph;

import java.io.Serializable;
import org.kindred.stages.Runs;

/**
 * How the rows of a search are cut: into tiles, which are compared as a whole, and blocks of whole
 * tiles. A pair of blocks is a work item; the lists of its rows are merged before they travel, so
 * that work items and bytes do not grow with the square of the rows.
 *
 * @param rows rows in all
 * @param tileRows rows of a tile
 * @param blockTiles tiles of a block
 */
record RowBlocks(int rows, int tileRows, int blockTiles) implements Serializable {
  /** Most blocks, and so most lists of a row that travel; of their pairs there are 8,256. */
  static final int MAX_BLOCKS = 128;

  /** Cuts rows into blocks of as few tiles as there may be. */
  static RowBlocks of(int rows, int tileRows) {
    int blockTiles = Math.max(1, Runs.count(Runs.count(rows, tileRows), MAX_BLOCKS));
    return new RowBlocks(rows, tileRows, blockTiles);
  }

  private int tiles() {
    return Runs.count(rows, tileRows);
  }

  /** Returns the number of blocks. */
  int count() {
    return Runs.count(tiles(), blockTiles);
  }

  /** Returns the number of pairs, those of a block with itself among them. */
  long pairs() {
    return count() * (count() + 1L) / 2;
  }

  /** Returns the number of a block's first tile; of the block behind the last one, all tiles. */
  int firstTile(int block) {
    return (int) Math.min(tiles(), (long) block * blockTiles);
  }

  /** Returns the position of a tile's first row. */
  int firstRow(int tile) {
    return tile * tileRows;
  }

  /** Returns the rows of a tile. */
  int rowsOf(int tile) {
    return Math.min(tileRows, rows - firstRow(tile));
  }

  /** Returns the most rows of a block. */
  int blockRows() {
    return (int) Math.min(rows, (long) blockTiles * tileRows);
  }
}
