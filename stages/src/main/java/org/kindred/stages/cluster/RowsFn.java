package org.kindred.stages.cluster;

import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ObjIntConsumer;
import org.kindred.models.clustering.KMeansRun;
import org.kindred.models.clustering.Points;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.RowException;
import org.kindred.models.linalg.Similarity;
import org.kindred.proto.artifact.v1.FeatureTable;
import org.kindred.proto.pipeline.v1.ClusterConfig;
import org.kindred.stages.Runs;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.StepFn;
import org.kindred.stages.features.FeatureReader;

/** A function that goes through the rows of shards, a few at a time. */
abstract class RowsFn<I, O> extends StepFn<I, O> {
  private static final long serialVersionUID = 1L;

  /** Values of the rows that are held at a time. */
  private static final int PIECE_VALUES = 1 << 22;

  private final StageContext<ClusterConfig> context;
  private transient Map<Integer, FeatureReader> readers;
  private transient MatrixProduct product;

  RowsFn(StageContext<ClusterConfig> context) {
    this.context = context;
  }

  /** Opens the product. */
  @Setup
  public final void setUp() {
    readers = new TreeMap<>();
    product = new MatrixProduct();
  }

  /** Closes what was opened. */
  @Teardown
  public final void tearDown() {
    if (product != null) {
      readers.values().forEach(FeatureReader::close);
      product.close();
    }
  }

  final StageContext<ClusterConfig> context() {
    return context;
  }

  final ClusterConfig config() {
    return context.config();
  }

  final MatrixProduct product() {
    return product;
  }

  final FeatureTable table(int number) {
    return ClusterStage.features(context).get(number);
  }

  final FeatureReader features(int table) {
    return readers.computeIfAbsent(table, this::open);
  }

  private FeatureReader open(int table) {
    try {
      return FeatureReader.open(
          context.input(ClusterStage.EMBEDDINGS), table(table), config().getSplit());
    } catch (IOException e) {
      throw new StageException("step %s: %s".formatted(context.step(), e.getMessage()), e);
    }
  }

  final ClusterWriter writer(int table) {
    return new ClusterWriter(context, table(table), features(table), config().getMetric());
  }

  /**
   * Returns rows, of unit length for cosine.
   *
   * @throws StageException naming the example of a row that can't be clustered
   */
  final Points rows(int table, int first, int count) {
    FeatureReader features = features(table);
    try {
      return new Points(
          Similarity.of(config().getMetric()),
          features.vectors(first, count),
          features.dimension());
    } catch (RowException e) {
      throw features.unusable(first + e.row(), e.problem());
    } catch (StageException e) {
      throw new StageException(
          "step %s, table %s: %s"
              .formatted(context.step(), table(table).getTable(), e.getMessage()),
          e);
    }
  }

  /** Returns a restart that starts from centers. */
  final KMeansRun newRun(int dim, int restart, float[] centers) {
    Similarity similarity = Similarity.of(config().getMetric());
    return KMeansRun.from(similarity, dim, context.seed(), restart, centers);
  }

  /** Gives the rows of a shard and the position of their first, piece by piece. */
  final void forEachPiece(ClusterShards.Rows shard, ObjIntConsumer<Points> action) {
    int pieceRows = Math.max(1, PIECE_VALUES / features(shard.table()).dimension());
    Runs.of(shard.count(), pieceRows)
        .forEach(
            piece -> {
              int first = shard.first() + piece.first();
              action.accept(rows(shard.table(), first, piece.count()), first);
            });
  }
}
