package org.kindred.stages.cluster;

import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.apache.beam.sdk.coders.ByteArrayCoder;
import org.apache.beam.sdk.coders.KvCoder;
import org.apache.beam.sdk.coders.SerializableCoder;
import org.apache.beam.sdk.coders.VarIntCoder;
import org.apache.beam.sdk.transforms.Combine;
import org.apache.beam.sdk.transforms.Flatten;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.transforms.View;
import org.apache.beam.sdk.transforms.join.CoGbkResult;
import org.apache.beam.sdk.transforms.join.CoGroupByKey;
import org.apache.beam.sdk.transforms.join.KeyedPCollectionTuple;
import org.apache.beam.sdk.values.KV;
import org.apache.beam.sdk.values.PCollection;
import org.apache.beam.sdk.values.PCollectionList;
import org.apache.beam.sdk.values.PCollectionView;
import org.apache.beam.sdk.values.TupleTag;
import org.kindred.models.clustering.ClusterSums;
import org.kindred.models.clustering.Extent;
import org.kindred.models.clustering.KMeans.EmptyClusters;
import org.kindred.models.clustering.KMeansRun;
import org.kindred.models.clustering.NearestCenters;
import org.kindred.models.clustering.Points;
import org.kindred.proto.artifact.v1.ClusteringResult;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.pipeline.v1.ClusterConfig;
import org.kindred.stages.Part;
import org.kindred.stages.StageContext;

/**
 * Does what {@link ClusterFeatures} does, of rows that are spread over the workers: to the byte,
 * since nearest centers are exact and sums are in fixed point. In each iteration every shard's rows
 * are assigned to the centers, which all workers get, and add up; what they add up to moves the
 * centers. All kinds of feature and all restarts go through their iterations together.
 */
final class ClusterShards extends PTransform<PCollection<ClusterShards.Rows>, PCollection<Part>> {
  private static final long serialVersionUID = 1L;

  /** Most iterations: each is a part of the pipeline. */
  static final int MAX_ITERATIONS = 100;

  static final KvCoder<Integer, byte[]> BYTES = KvCoder.of(VarIntCoder.of(), ByteArrayCoder.of());

  private static final TupleTag<State> STATE = new TupleTag<>("state");
  private static final TupleTag<byte[]> SUMS = new TupleTag<>("sums");

  private final StageContext<ClusterConfig> context;

  ClusterShards(StageContext<ClusterConfig> context) {
    this.context = context;
  }

  /**
   * A shard.
   *
   * @param table number of the kind of feature
   * @param number of the shard
   * @param first position of its first row
   * @param count rows
   */
  record Rows(int table, int number, int first, int count) implements Serializable {}

  /** All restarts of one kind of feature. */
  record State(Extent extent, List<KMeansRun> runs) implements Serializable {
    List<KMeansRun> active(int iterations) {
      return runs.stream().filter(run -> !run.done(iterations)).toList();
    }

    KMeansRun best() {
      KMeansRun best = runs.get(0);
      for (KMeansRun run : runs) {
        best = run.lastInertia() < best.lastInertia() ? run : best;
      }
      return best;
    }
  }

  static KvCoder<Integer, State> states() {
    return KvCoder.of(VarIntCoder.of(), SerializableCoder.of(State.class));
  }

  @Override
  public PCollection<Part> expand(PCollection<Rows> shards) {
    PCollection<KV<Integer, State>> states = shards.apply("Start", new StartShards(context));
    int iterations = context.config().getIterations();
    for (int iteration = 0; iteration < iterations; iteration++) {
      PCollectionView<Map<Integer, State>> view =
          states.apply("Centers Of " + iteration, View.asMap());
      PCollection<KV<Integer, byte[]>> sums =
          shards
              .apply(
                  "Assign " + iteration, ParDo.of(new AssignFn(context, view)).withSideInputs(view))
              .setCoder(BYTES)
              .apply("Add Up " + iteration, Combine.perKey(ClusterShards::sum));
      states =
          KeyedPCollectionTuple.of(STATE, states)
              .and(SUMS, sums)
              .apply("Meet " + iteration, CoGroupByKey.create())
              .apply("Move Centers " + iteration, ParDo.of(new MoveFn(context)))
              .setCoder(states());
    }
    PCollectionView<Map<Integer, State>> last = states.apply("Last Centers", View.asMap());
    PCollection<Part> assignments =
        shards.apply(
            "Write Assignments", ParDo.of(new WriteFn(context, last)).withSideInputs(last));
    PCollection<Part> centers =
        states.apply("Write Centers", ParDo.of(new WriteCentersFn(context)));
    return PCollectionList.of(assignments).and(centers).apply("Parts", Flatten.pCollections());
  }

  /** Adds up longs, those of {@link ClusterSums} among them. */
  static byte[] sum(Iterable<byte[]> all) {
    byte[] sum = null;
    for (byte[] some : all) {
      sum = sum == null ? some : ClusterSums.plus(sum, some);
    }
    return sum == null ? new byte[0] : sum;
  }

  static final class AssignFn extends RowsFn<Rows, KV<Integer, byte[]>> {
    private static final long serialVersionUID = 1L;

    private final PCollectionView<Map<Integer, State>> view;

    AssignFn(StageContext<ClusterConfig> context, PCollectionView<Map<Integer, State>> view) {
      super(context);
      this.view = view;
    }

    @ProcessElement
    public void process(ProcessContext process) {
      Rows shard = process.element();
      State state = process.sideInput(view).get(shard.table());
      List<KMeansRun> active = state.active(config().getIterations());
      if (active.isEmpty()) {
        return;
      }
      List<float[]> centers = active.stream().map(KMeansRun::centers).toList();
      int clusters = centers.get(0).length / state.extent().dim();
      List<ClusterSums> sums =
          centers.stream().map(unused -> new ClusterSums(state.extent(), clusters)).toList();
      forEachPiece(
          shard,
          (points, first) -> {
            try (NearestCenters nearest = new NearestCenters(product(), points, centers)) {
              nearest.addTo(sums);
            }
          });
      process.output(KV.of(shard.table(), joined(sums)));
    }

    private static byte[] joined(List<ClusterSums> sums) {
      List<byte[]> parts = sums.stream().map(ClusterSums::toBytes).toList();
      ByteBuffer all = ByteBuffer.allocate(Math.multiplyExact(parts.size(), parts.get(0).length));
      parts.forEach(all::put);
      return all.array();
    }
  }

  static final class MoveFn extends RowsFn<KV<Integer, CoGbkResult>, KV<Integer, State>> {
    private static final long serialVersionUID = 1L;

    MoveFn(StageContext<ClusterConfig> context) {
      super(context);
    }

    @ProcessElement
    public void process(
        @Element KV<Integer, CoGbkResult> table, OutputReceiver<KV<Integer, State>> output) {
      State state = table.getValue().getOnly(STATE);
      byte[] sums = table.getValue().getOnly(SUMS, new byte[0]);
      ByteBuffer parts = ByteBuffer.wrap(sums);
      int iterations = config().getIterations();
      EmptyClusters emptyClusters = KMeansOptions.emptyClusters(config());
      int active = state.active(iterations).size();
      List<KMeansRun> runs = new ArrayList<>();
      for (KMeansRun run : state.runs()) {
        if (run.done(iterations)) {
          runs.add(run);
        } else {
          byte[] own = new byte[sums.length / active];
          parts.get(own);
          ClusterSums ofRun =
              ClusterSums.fromBytes(
                  state.extent(), run.centers().length / state.extent().dim(), own);
          runs.add(run.end(ofRun, state.extent(), iterations, emptyClusters));
        }
      }
      output.output(
          KV.of(table.getKey(), new State(state.extent(), Collections.unmodifiableList(runs))));
    }
  }

  static final class WriteFn extends RowsFn<Rows, Part> {
    private static final long serialVersionUID = 1L;

    private final PCollectionView<Map<Integer, State>> view;

    WriteFn(StageContext<ClusterConfig> context, PCollectionView<Map<Integer, State>> view) {
      super(context);
      this.view = view;
    }

    @ProcessElement
    public void process(ProcessContext process) throws IOException {
      Rows shard = process.element();
      float[] centers = process.sideInput(view).get(shard.table()).best().centers();
      int[] assignments = new int[shard.count()];
      float[] distances = new float[shard.count()];
      forEachPiece(
          shard,
          (points, first) -> {
            int at = first - shard.first();
            int[] nearest = nearest(points, centers);
            float[] squared = points.squaredDistances(centers, nearest);
            System.arraycopy(nearest, 0, assignments, at, nearest.length);
            System.arraycopy(squared, 0, distances, at, squared.length);
          });
      process.output(
          Part.of(
              List.of(
                  writer(shard.table())
                      .writeAssignments(shard.number(), shard.count(), 0, assignments, distances)),
              Content.getDefaultInstance()));
    }

    private int[] nearest(Points points, float[] centers) {
      try (NearestCenters nearest = new NearestCenters(product(), points, List.of(centers))) {
        return nearest.all();
      }
    }
  }

  static final class WriteCentersFn extends RowsFn<KV<Integer, State>, Part> {
    private static final long serialVersionUID = 1L;

    WriteCentersFn(StageContext<ClusterConfig> context) {
      super(context);
    }

    @ProcessElement
    public void process(@Element KV<Integer, State> table, OutputReceiver<Part> output)
        throws IOException {
      KMeansRun best = table.getValue().best();
      ClusteringResult.Builder summary =
          KMeansOptions.summary(config(), context().seed(), best.restart());
      ClusterWriter writer = writer(table.getKey());
      writer.describe(summary, best.centers(), best.inertia(), best.converged());
      output.output(ClusterWriter.part(List.of(writer.writeCenters(best.centers())), summary));
    }
  }
}
