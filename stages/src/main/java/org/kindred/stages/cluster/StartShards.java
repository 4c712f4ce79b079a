package org.kindred.stages.cluster;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.beam.sdk.coders.KvCoder;
import org.apache.beam.sdk.coders.SerializableCoder;
import org.apache.beam.sdk.coders.VarIntCoder;
import org.apache.beam.sdk.transforms.Max;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.transforms.Sum;
import org.apache.beam.sdk.transforms.View;
import org.apache.beam.sdk.values.KV;
import org.apache.beam.sdk.values.PCollection;
import org.apache.beam.sdk.values.PCollectionView;
import org.kindred.models.clustering.Extent;
import org.kindred.models.clustering.KMeansRun;
import org.kindred.models.clustering.RandomRows;
import org.kindred.proto.pipeline.v1.ClusterConfig;
import org.kindred.proto.pipeline.v1.ClusterStart;
import org.kindred.stages.StageContext;
import org.kindred.stages.cluster.ClusterShards.Rows;
import org.kindred.stages.cluster.ClusterShards.State;

/**
 * Measures how far the rows reach, and chooses where the centers of each restart start: random rows
 * here, by k-means|| in {@link ParallelShards}.
 */
final class StartShards extends PTransform<PCollection<Rows>, PCollection<KV<Integer, State>>> {
  private static final long serialVersionUID = 1L;

  private final StageContext<ClusterConfig> context;

  StartShards(StageContext<ClusterConfig> context) {
    this.context = context;
  }

  static <T extends Serializable> KvCoder<Integer, T> coder(Class<T> type) {
    return KvCoder.of(VarIntCoder.of(), SerializableCoder.of(type));
  }

  @Override
  public PCollection<KV<Integer, State>> expand(PCollection<Rows> shards) {
    PCollectionView<Map<Integer, Double>> largest =
        shards
            .apply("Measure Rows", ParDo.of(new LargestFn(context)))
            .apply("Largest Coordinate", Max.doublesPerKey())
            .apply("Reach", View.asMap());
    PCollection<KV<Integer, Extent>> extents =
        shards
            .apply(
                "Measure Spread", ParDo.of(new SpreadFn(context, largest)).withSideInputs(largest))
            .apply("Add Up Spread", Sum.longsPerKey())
            .apply("Extent", ParDo.of(new ExtentFn(context, largest)).withSideInputs(largest))
            .setCoder(coder(Extent.class));
    if (context.config().getStart() == ClusterStart.CLUSTER_START_RANDOM_ROWS) {
      return extents
          .apply("Choose Random Rows", ParDo.of(new RandomRowsFn(context)))
          .setCoder(ClusterShards.states());
    }
    return shards.apply("Choose Candidates", new ParallelShards(context, extents));
  }

  static final class LargestFn extends RowsFn<Rows, KV<Integer, Double>> {
    private static final long serialVersionUID = 1L;

    LargestFn(StageContext<ClusterConfig> context) {
      super(context);
    }

    @ProcessElement
    public void process(@Element Rows shard, OutputReceiver<KV<Integer, Double>> output) {
      forEachPiece(shard, (points, first) -> output.output(KV.of(shard.table(), points.largest())));
    }
  }

  /** What needs the extent of a table's rows, known but for the spread. */
  abstract static class ExtentUser<I, O> extends RowsFn<I, O> {
    private static final long serialVersionUID = 1L;

    ExtentUser(StageContext<ClusterConfig> context) {
      super(context);
    }

    final Extent extent(int table, double largest) {
      float[] origin = new float[features(table).dimension()];
      rows(table, 0, 1).copy(0, origin, 0);
      return Extent.of(features(table).size(), origin, largest);
    }
  }

  static final class SpreadFn extends ExtentUser<Rows, KV<Integer, Long>> {
    private static final long serialVersionUID = 1L;

    private final PCollectionView<Map<Integer, Double>> largest;

    SpreadFn(StageContext<ClusterConfig> context, PCollectionView<Map<Integer, Double>> largest) {
      super(context);
      this.largest = largest;
    }

    @ProcessElement
    public void process(ProcessContext process) {
      Rows shard = process.element();
      Extent extent = extent(shard.table(), process.sideInput(largest).get(shard.table()));
      forEachPiece(
          shard, (points, first) -> process.output(KV.of(shard.table(), extent.spreadOf(points))));
    }
  }

  static final class ExtentFn extends ExtentUser<KV<Integer, Long>, KV<Integer, Extent>> {
    private static final long serialVersionUID = 1L;

    private final PCollectionView<Map<Integer, Double>> largest;

    ExtentFn(StageContext<ClusterConfig> context, PCollectionView<Map<Integer, Double>> largest) {
      super(context);
      this.largest = largest;
    }

    @ProcessElement
    public void process(ProcessContext process) {
      int table = process.element().getKey();
      Extent extent = extent(table, process.sideInput(largest).get(table));
      process.output(KV.of(table, extent.withSpread(process.element().getValue())));
    }
  }

  static final class RandomRowsFn extends RowsFn<KV<Integer, Extent>, KV<Integer, State>> {
    private static final long serialVersionUID = 1L;

    RandomRowsFn(StageContext<ClusterConfig> context) {
      super(context);
    }

    @ProcessElement
    public void process(
        @Element KV<Integer, Extent> table, OutputReceiver<KV<Integer, State>> output) {
      int dim = table.getValue().dim();
      int clusters = ClusterStage.clusters(context());
      List<KMeansRun> runs = new ArrayList<>();
      for (int restart = 0; restart < config().getRestarts(); restart++) {
        int[] drawn =
            RandomRows.draw(features(table.getKey()).size(), clusters, context().seed(), restart);
        float[] centers = new float[Math.multiplyExact(clusters, dim)];
        for (int center = 0; center < clusters; center++) {
          rows(table.getKey(), drawn[center], 1).copy(0, centers, center * dim);
        }
        runs.add(newRun(dim, restart, centers));
      }
      output.output(KV.of(table.getKey(), new State(table.getValue(), runs)));
    }
  }
}
