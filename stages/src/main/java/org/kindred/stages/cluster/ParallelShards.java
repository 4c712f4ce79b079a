package org.kindred.stages.cluster;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.apache.beam.sdk.transforms.Combine;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.transforms.View;
import org.apache.beam.sdk.transforms.join.CoGbkResult;
import org.apache.beam.sdk.transforms.join.CoGroupByKey;
import org.apache.beam.sdk.transforms.join.KeyedPCollectionTuple;
import org.apache.beam.sdk.values.KV;
import org.apache.beam.sdk.values.PCollection;
import org.apache.beam.sdk.values.PCollectionView;
import org.apache.beam.sdk.values.TupleTag;
import org.kindred.models.clustering.Extent;
import org.kindred.models.clustering.KMeansRun;
import org.kindred.models.clustering.ParallelStart;
import org.kindred.models.clustering.Points;
import org.kindred.models.linalg.Similarity;
import org.kindred.proto.pipeline.v1.ClusterConfig;
import org.kindred.stages.StageContext;
import org.kindred.stages.StepFn;
import org.kindred.stages.cluster.ClusterShards.Rows;
import org.kindred.stages.cluster.ClusterShards.State;

/**
 * Chooses where the centers of each restart start by k-means||, in rounds: in each of them all
 * shards first add up how far their rows are from the candidates, then draw more of these.
 */
final class ParallelShards extends PTransform<PCollection<Rows>, PCollection<KV<Integer, State>>> {
  private static final long serialVersionUID = 1L;

  private static final TupleTag<Candidates> BEFORE = new TupleTag<>("before");
  private static final TupleTag<Drawn> DRAWN = new TupleTag<>("drawn");

  private final StageContext<ClusterConfig> context;
  private final transient PCollection<KV<Integer, Extent>> extents;

  /**
   * @param extents of the rows of each kind of feature
   */
  ParallelShards(StageContext<ClusterConfig> context, PCollection<KV<Integer, Extent>> extents) {
    this.context = context;
    this.extents = extents;
  }

  /** Candidates of each restart so far, {@code [candidates, dim]}. */
  record Candidates(Extent extent, List<float[]> ofRestarts) implements Serializable {}

  /** Rows of a shard that became candidates, of each restart. */
  record Drawn(int first, List<float[]> ofRestarts) implements Serializable {}

  @Override
  public PCollection<KV<Integer, State>> expand(PCollection<Rows> shards) {
    PCollection<KV<Integer, Candidates>> candidates =
        extents
            .apply("First Candidate", ParDo.of(new FirstFn(context)))
            .setCoder(StartShards.coder(Candidates.class));
    for (int round = 0; round < ParallelStart.ROUNDS; round++) {
      candidates = round(round, shards, candidates);
    }
    PCollectionView<Map<Integer, Candidates>> all =
        candidates.apply("All Candidates", View.asMap());
    return shards
        .apply("Weigh", ParDo.of(new WeighFn(context, all)).withSideInputs(all))
        .setCoder(ClusterShards.BYTES)
        .apply("Add Up Weights", Combine.perKey(ClusterShards::sum))
        .apply("Cluster Candidates", ParDo.of(new CentersFn(context, all)).withSideInputs(all))
        .setCoder(ClusterShards.states());
  }

  private PCollection<KV<Integer, Candidates>> round(
      int round, PCollection<Rows> shards, PCollection<KV<Integer, Candidates>> candidates) {
    PCollectionView<Map<Integer, Candidates>> view =
        candidates.apply("Candidates " + round, View.asMap());
    PCollectionView<Map<Integer, byte[]>> costs =
        shards
            .apply("Cost " + round, ParDo.of(new CostFn(context, view)).withSideInputs(view))
            .setCoder(ClusterShards.BYTES)
            .apply("Add Up Cost " + round, Combine.perKey(ClusterShards::sum))
            .apply("Costs " + round, View.asMap());
    PCollection<KV<Integer, Drawn>> drawn =
        shards
            .apply(
                "Draw " + round,
                ParDo.of(new DrawFn(context, round, view, costs)).withSideInputs(view, costs))
            .setCoder(StartShards.coder(Drawn.class));
    return KeyedPCollectionTuple.of(BEFORE, candidates)
        .and(DRAWN, drawn)
        .apply("Meet " + round, CoGroupByKey.create())
        .apply("Add Candidates " + round, ParDo.of(new AddFn()))
        .setCoder(StartShards.coder(Candidates.class));
  }

  static final class FirstFn extends RowsFn<KV<Integer, Extent>, KV<Integer, Candidates>> {
    private static final long serialVersionUID = 1L;

    FirstFn(StageContext<ClusterConfig> context) {
      super(context);
    }

    @ProcessElement
    public void process(
        @Element KV<Integer, Extent> table, OutputReceiver<KV<Integer, Candidates>> output) {
      int rows = features(table.getKey()).size();
      List<float[]> firsts = new ArrayList<>();
      for (int restart = 0; restart < config().getRestarts(); restart++) {
        float[] first = new float[table.getValue().dim()];
        int row = ParallelStart.first(rows, context().seed(), restart);
        rows(table.getKey(), row, 1).copy(0, first, 0);
        firsts.add(first);
      }
      output.output(KV.of(table.getKey(), new Candidates(table.getValue(), firsts)));
    }
  }

  /** What compares the rows of shards with the candidates of each restart. */
  abstract static class CandidatesFn<O> extends RowsFn<Rows, O> {
    private static final long serialVersionUID = 1L;

    private final PCollectionView<Map<Integer, Candidates>> view;

    CandidatesFn(
        StageContext<ClusterConfig> context, PCollectionView<Map<Integer, Candidates>> view) {
      super(context);
      this.view = view;
    }

    final Candidates candidates(ProcessContext process) {
      return process.sideInput(view).get(process.element().table());
    }

    /** Returns the squared distance of each row from its nearest candidate. */
    final double[] compare(Points points, float[] candidates, int[] nearest) {
      double[] distances = new double[points.rows()];
      Arrays.fill(distances, Double.POSITIVE_INFINITY);
      ParallelStart.update(product(), points, candidates, 0, distances, nearest);
      return distances;
    }
  }

  /** Gives the cost of each restart, in units of the extent. */
  static final class CostFn extends CandidatesFn<KV<Integer, byte[]>> {
    private static final long serialVersionUID = 1L;

    CostFn(StageContext<ClusterConfig> context, PCollectionView<Map<Integer, Candidates>> view) {
      super(context, view);
    }

    @ProcessElement
    public void process(ProcessContext process) {
      Candidates candidates = candidates(process);
      long[] costs = new long[candidates.ofRestarts().size()];
      forEachPiece(
          process.element(),
          (points, first) -> {
            for (int restart = 0; restart < costs.length; restart++) {
              float[] some = candidates.ofRestarts().get(restart);
              double[] distances = compare(points, some, new int[points.rows()]);
              costs[restart] += ParallelStart.cost(candidates.extent(), distances);
            }
          });
      process.output(KV.of(process.element().table(), bytes(costs)));
    }
  }

  static final class DrawFn extends CandidatesFn<KV<Integer, Drawn>> {
    private static final long serialVersionUID = 1L;

    private final int round;
    private final PCollectionView<Map<Integer, byte[]>> costs;

    DrawFn(
        StageContext<ClusterConfig> context,
        int round,
        PCollectionView<Map<Integer, Candidates>> view,
        PCollectionView<Map<Integer, byte[]>> costs) {
      super(context, view);
      this.round = round;
      this.costs = costs;
    }

    @ProcessElement
    public void process(ProcessContext process) {
      Rows shard = process.element();
      Candidates candidates = candidates(process);
      ByteBuffer all = ByteBuffer.wrap(process.sideInput(costs).get(shard.table()));
      long[] cost = new long[candidates.ofRestarts().size()];
      all.asLongBuffer().get(cost);
      int clusters = ClusterStage.clusters(context());
      forEachPiece(
          shard,
          (points, first) -> {
            List<float[]> drawn = new ArrayList<>();
            for (int restart = 0; restart < cost.length; restart++) {
              double[] distances =
                  compare(points, candidates.ofRestarts().get(restart), new int[points.rows()]);
              int[] rows =
                  ParallelStart.draw(
                      distances,
                      first,
                      candidates.extent().squaresOf(cost[restart]),
                      clusters,
                      context().seed(),
                      restart,
                      round);
              drawn.add(points.rows(rows));
            }
            process.output(KV.of(shard.table(), new Drawn(first, drawn)));
          });
    }
  }

  /** Adds what was drawn to the candidates, in order of the rows. */
  static final class AddFn extends StepFn<KV<Integer, CoGbkResult>, KV<Integer, Candidates>> {
    private static final long serialVersionUID = 1L;

    @ProcessElement
    public void process(
        @Element KV<Integer, CoGbkResult> table, OutputReceiver<KV<Integer, Candidates>> output) {
      Candidates before = table.getValue().getOnly(BEFORE);
      List<Drawn> drawn = new ArrayList<>();
      table.getValue().getAll(DRAWN).forEach(drawn::add);
      drawn.sort(Comparator.comparingInt(Drawn::first));
      List<float[]> after = new ArrayList<>(before.ofRestarts());
      for (Drawn some : drawn) {
        for (int restart = 0; restart < after.size(); restart++) {
          after.set(
              restart, ParallelStart.joined(after.get(restart), some.ofRestarts().get(restart)));
        }
      }
      output.output(KV.of(table.getKey(), new Candidates(before.extent(), after)));
    }
  }

  /** Counts the rows nearest to each candidate, those of all restarts one after the other. */
  static final class WeighFn extends CandidatesFn<KV<Integer, byte[]>> {
    private static final long serialVersionUID = 1L;

    WeighFn(StageContext<ClusterConfig> context, PCollectionView<Map<Integer, Candidates>> view) {
      super(context, view);
    }

    @ProcessElement
    public void process(ProcessContext process) {
      Candidates candidates = candidates(process);
      int dim = candidates.extent().dim();
      int count = candidates.ofRestarts().stream().mapToInt(some -> some.length / dim).sum();
      long[] weights = new long[count];
      forEachPiece(
          process.element(),
          (points, first) -> {
            int offset = 0;
            for (float[] some : candidates.ofRestarts()) {
              int[] nearest = new int[points.rows()];
              compare(points, some, nearest);
              for (int candidate : nearest) {
                weights[offset + candidate]++;
              }
              offset += some.length / dim;
            }
          });
      process.output(KV.of(process.element().table(), bytes(weights)));
    }
  }

  static final class CentersFn extends RowsFn<KV<Integer, byte[]>, KV<Integer, State>> {
    private static final long serialVersionUID = 1L;

    private final PCollectionView<Map<Integer, Candidates>> view;

    CentersFn(StageContext<ClusterConfig> context, PCollectionView<Map<Integer, Candidates>> view) {
      super(context);
      this.view = view;
    }

    @ProcessElement
    public void process(ProcessContext process) {
      int table = process.element().getKey();
      Candidates candidates = process.sideInput(view).get(table);
      LongBuffer all = ByteBuffer.wrap(process.element().getValue()).asLongBuffer();
      int dim = candidates.extent().dim();
      List<KMeansRun> runs = new ArrayList<>();
      for (int restart = 0; restart < candidates.ofRestarts().size(); restart++) {
        float[] some = candidates.ofRestarts().get(restart);
        long[] weights = new long[some.length / dim];
        all.get(weights);
        float[] centers =
            ParallelStart.centers(
                product(),
                Similarity.of(config().getMetric()),
                some,
                weights,
                ClusterStage.clusters(context()),
                context().seed(),
                restart);
        runs.add(newRun(dim, restart, centers));
      }
      process.output(KV.of(table, new State(candidates.extent(), runs)));
    }
  }

  private static byte[] bytes(long[] values) {
    ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(values.length, Long.BYTES));
    bytes.asLongBuffer().put(values);
    return bytes.array();
  }
}
