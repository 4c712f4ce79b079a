package org.kindred.stages.graph;

import java.io.Serializable;
import java.nio.ByteBuffer;
import org.apache.beam.sdk.values.KV;
import org.apache.beam.sdk.values.PCollectionView;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.neighbors.RowClusters;
import org.kindred.models.neighbors.Tile;
import org.kindred.proto.pipeline.v1.GraphConfig;
import org.kindred.stages.StageContext;

/** The clusters of the base as they reach every worker; read once by each function. */
final class SharedClusters implements Serializable {
  private static final long serialVersionUID = 1L;

  private final StageContext<GraphConfig> context;
  private final PCollectionView<byte[]> centers;
  private final PCollectionView<Iterable<KV<Integer, byte[]>>> clusters;
  private transient RowClusters read;

  /**
   * @param centers bytes of {@code [clusters, dim]} floats
   * @param clusters by position of the first of some rows the bytes of their clusters, ints
   */
  SharedClusters(
      StageContext<GraphConfig> context,
      PCollectionView<byte[]> centers,
      PCollectionView<Iterable<KV<Integer, byte[]>>> clusters) {
    this.context = context;
    this.centers = centers;
    this.clusters = clusters;
  }

  /** Gives the value of a side input. */
  interface SideInputs {
    <T> T get(PCollectionView<T> view);
  }

  RowClusters read(SideInputs inputs, int dim) {
    if (read == null) {
      int[] assignments = new int[Math.toIntExact(GraphSides.baseRows(context))];
      for (KV<Integer, byte[]> some : inputs.get(clusters)) {
        int count = some.getValue().length / Integer.BYTES;
        ByteBuffer.wrap(some.getValue()).asIntBuffer().get(assignments, some.getKey(), count);
      }
      read = new RowClusters(tile(context, dim, inputs.get(centers)), assignments);
    }
    return read;
  }

  static Tile tile(StageContext<GraphConfig> context, int dim, byte[] centers) {
    float[] values = new float[centers.length / Float.BYTES];
    ByteBuffer.wrap(centers).asFloatBuffer().get(values);
    return Tile.of(Similarity.of(context.config().getMetric()), 0, dim, values);
  }
}
