package org.kindred.stages.graph;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.kindred.models.neighbors.NeighborLists;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.pipeline.v1.GraphConfig;
import org.kindred.stages.Part;
import org.kindred.stages.StageContext;
import org.kindred.stages.arrow.TableWriter;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.Staging.Shard;

/** Writes lists of neighbours as the data files of a NeighborGraph, cut alike however found. */
final class NeighborShards {
  /** Nodes of a data file, and of the lists that travel between workers. */
  static final int ROWS = 4096;

  private NeighborShards() {}

  /**
   * Writes one data file.
   *
   * @param lists of all of its nodes, the first of which is a multiple of {@link #ROWS}
   */
  static Part write(StageContext<GraphConfig> context, GraphSides sides, NeighborLists lists)
      throws IOException {
    int k = lists.width();
    Map<String, String> metadata = Map.of("metric", context.config().getMetric().name());
    long[] ids = new long[lists.ids().length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = sides.base().id(lists.ids()[i]);
    }
    try (Shard shard =
        context
            .staging()
            .newShard(Tables.NEIGHBORS, lists.first() / ROWS, Tables.neighbors(k), metadata)) {
      TableWriter row = shard.writer();
      for (int i = 0; i < lists.rows(); i++) {
        row.nextRow();
        row.put(0, sides.nodes().id(lists.first() + i));
        row.putLabel(1, sides.nodes().label(lists.first() + i));
        row.put(2, ids, i * k);
        row.put(3, lists.similarities(), i * k);
      }
      return Part.of(List.of(shard.finish()), Content.getDefaultInstance());
    }
  }
}
