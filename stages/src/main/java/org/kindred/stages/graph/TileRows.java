package org.kindred.stages.graph;

import org.kindred.models.neighbors.ExactSearch;
import org.kindred.proto.pipeline.v1.GraphConfig;
import org.kindred.stages.Memory;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.features.FeatureReader;

/**
 * How many rows of each side a work item compares at a time. Where the configuration leaves that
 * open: as many as are held in {@value #SIDE_BYTES} bytes, so that the lists which travel are few
 * and the search in a tile is long, but no more than an eighth of many rows, so that several
 * workers have work.
 */
final class TileRows {
  /** Bytes that one side holds. */
  private static final double SIDE_BYTES = 128 << 20;

  /** Tiles of many rows, or a few less. */
  private static final int TILES = 8;

  /** Rows that are not worth several tiles. */
  private static final int FEW_ROWS = 16_384;

  private TileRows() {}

  static int of(StageContext<GraphConfig> context) {
    GraphConfig config = context.config();
    return config.getTileRows() > 0
        ? config.getTileRows()
        : of(
            Math.max(GraphSides.nodeRows(context), GraphSides.baseRows(context)),
            GraphSides.nodeFeatures(context).getDimension(),
            config.getK());
  }

  /** Refuses what doesn't fit into this machine's memory. */
  static void check(StageContext<GraphConfig> context) {
    int dimension = GraphSides.nodeFeatures(context).getDimension();
    int k = context.config().getK();
    int tile = of(context);
    int largest = FeatureReader.MAX_VALUES / dimension / NeighborShards.ROWS * NeighborShards.ROWS;
    if (tile > largest && GraphSides.nodeRows(context) > largest) {
      throw new StageException(
          largest == 0
              ? "graph.features have dimension %d, valid are at most %d: a tile has %d rows"
                  .formatted(
                      dimension,
                      FeatureReader.MAX_VALUES / NeighborShards.ROWS,
                      NeighborShards.ROWS)
              : "graph.tile_rows is %d, valid is %d to %d for features of dimension %d"
                  .formatted(tile, NeighborShards.ROWS, largest, dimension));
    }
    double rows = Math.min(tile, GraphSides.nodeRows(context));
    rows += Math.min(tile, GraphSides.baseRows(context));
    double beside = rows * dimension * Float.BYTES;
    double heap = rows * ExactSearch.bytesOfRow(k, dimension) - beside;
    Memory.check(
        "graph.k is %d: comparing two tiles of %d rows of dimension %d"
            .formatted(k, tile, dimension),
        GraphSides.heapBytes(context) + heap,
        beside);
  }

  /** Returns a multiple of the rows of a file of neighbours, one or more. */
  static int of(long rows, int dimension, int k) {
    int fitting = (int) (SIDE_BYTES / ExactSearch.bytesOfRow(k, dimension)) / NeighborShards.ROWS;
    long wanted = Math.max(FEW_ROWS, (rows + TILES - 1) / TILES);
    long files = Math.min(fitting, (wanted + NeighborShards.ROWS - 1) / NeighborShards.ROWS);
    return (int) Math.max(1, files) * NeighborShards.ROWS;
  }
}
