package org.kindred.models.neighbors;

import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A tile, cut into blocks: row i of the tile is row {@code i / n} of block {@code i % n}, of n. */
final class Blocks implements AutoCloseable {

  private final Tile tile;
  private final Block[] blocks;

  /**
   * Cuts {@code tile} into blocks of at most {@code blockRows} rows, each of which keeps as many
   * candidates.
   */
  Blocks(Tile tile, int blockRows, int candidates) {
    this.tile = tile;
    int count = (tile.rows() + blockRows - 1) / blockRows;
    this.blocks =
        IntStream.range(0, count)
            .parallel()
            .mapToObj(first -> new Block(tile, first, count, candidates))
            .toArray(Block[]::new);
  }

  Tile tile() {
    return tile;
  }

  int count() {
    return blocks.length;
  }

  Block get(int block) {
    return blocks[block];
  }

  /** The block that has a row of the tile. */
  Block of(int row) {
    return blocks[row % blocks.length];
  }

  /** Place of a row of the tile in its block. */
  int place(int row) {
    return row / blocks.length;
  }

  /** The blocks, for all processors. */
  Stream<Block> parallel() {
    return Stream.of(blocks).parallel();
  }

  @Override
  public void close() {
    for (Block block : blocks) {
      block.close();
    }
  }
}
