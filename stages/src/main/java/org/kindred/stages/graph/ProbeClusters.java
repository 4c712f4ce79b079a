package org.kindred.stages.graph;

import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.List;
import org.apache.beam.sdk.coders.ByteArrayCoder;
import org.apache.beam.sdk.coders.KvCoder;
import org.apache.beam.sdk.coders.SerializableCoder;
import org.apache.beam.sdk.coders.VarIntCoder;
import org.apache.beam.sdk.metrics.Counter;
import org.apache.beam.sdk.transforms.Combine;
import org.apache.beam.sdk.transforms.Flatten;
import org.apache.beam.sdk.transforms.GroupByKey;
import org.apache.beam.sdk.transforms.MapElements;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.transforms.Reshuffle;
import org.apache.beam.sdk.transforms.View;
import org.apache.beam.sdk.transforms.WithKeys;
import org.apache.beam.sdk.values.KV;
import org.apache.beam.sdk.values.PBegin;
import org.apache.beam.sdk.values.PCollection;
import org.apache.beam.sdk.values.PCollectionList;
import org.apache.beam.sdk.values.PCollectionTuple;
import org.apache.beam.sdk.values.PCollectionView;
import org.apache.beam.sdk.values.TupleTag;
import org.apache.beam.sdk.values.TupleTagList;
import org.apache.beam.sdk.values.TypeDescriptor;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.RowException;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.neighbors.ClusteredSearch;
import org.kindred.models.neighbors.ExactSearch;
import org.kindred.models.neighbors.NeighborLists;
import org.kindred.models.neighbors.RecallCurve;
import org.kindred.models.neighbors.RecallEstimate;
import org.kindred.models.neighbors.RowClusters;
import org.kindred.models.neighbors.Tile;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.GraphApproximation;
import org.kindred.proto.artifact.v1.NeighborGraph;
import org.kindred.proto.pipeline.v1.GraphConfig;
import org.kindred.stages.Part;
import org.kindred.stages.Runs;
import org.kindred.stages.StageContext;
import org.kindred.stages.StepFn;
import org.kindred.stages.WorkItems;
import org.kindred.stages.metrics.StageMetrics;

/**
 * Approximate neighbours by an inverted file. Centres are trained on a sample of the base; runs of
 * the base are divided among them, and compared with a sample of the nodes; from the sample's exact
 * neighbours follow how many clusters each node must look into, and what share of the neighbours
 * that finds; then runs of nodes are searched, and a table of each {@link NeighborShards#ROWS} of
 * them is written. What goes to every worker are the centres and the cluster of each row: 4 bytes.
 */
final class ProbeClusters extends PTransform<PBegin, PCollection<Part>> {
  private static final long serialVersionUID = 1L;

  /** Tiles of a run of nodes: each run reads the whole base, so that few runs are better. */
  private static final int RUN_TILES = 8;

  /** Most rows of a run, where nothing else is asked for. */
  private static final int RUN_ROWS = 131_072;

  private static final int SAMPLES = 2;

  private static final TupleTag<byte[]> CENTERS = new TupleTag<>() {};
  private static final TupleTag<Rows> RUNS = new TupleTag<>() {};
  private static final TupleTag<GraphApproximation> APPROXIMATION = new TupleTag<>() {};
  private static final TupleTag<KV<Integer, byte[]>> CLUSTERS = new TupleTag<>() {};
  private static final TupleTag<KV<Integer, byte[]>> NEIGHBORS = new TupleTag<>() {};

  private final StageContext<GraphConfig> context;
  private final double targetRecall;

  ProbeClusters(StageContext<GraphConfig> context, double targetRecall) {
    this.context = context;
    this.targetRecall = targetRecall;
  }

  /** A run of rows, or all of them. */
  record Rows(int first, int count) implements Serializable {}

  static int runRows(StageContext<GraphConfig> context) {
    long run = (long) RUN_TILES * TileRows.of(context);
    return (int)
        Math.min(context.config().getTileRows() > 0 ? Integer.MAX_VALUE / 2 : RUN_ROWS, run);
  }

  /** Returns the number of tasks. */
  static long workItems(StageContext<GraphConfig> context) {
    int run = runRows(context);
    return 2L
        + Runs.count(GraphSides.baseRows(context), run)
        + Runs.count(GraphSides.nodeRows(context), run);
  }

  private static List<Rows> runs(StageContext<GraphConfig> context, long rows) {
    return Runs.of(Math.toIntExact(rows), runRows(context))
        .map(run -> new Rows(run.first(), run.count()))
        .toList();
  }

  /**
   * Each step's last task gives the next step's work, which so never waits for a side input: the
   * embedded runner would ask again and again whether that is there.
   */
  @Override
  public PCollection<Part> expand(PBegin begin) {
    PCollectionTuple trained =
        begin
            .apply("List Base", WorkItems.of(Rows.class, List.of(all(context))))
            .apply(
                "Train Centers",
                ParDo.of(new TrainFn(context)).withOutputTags(CENTERS, TupleTagList.of(RUNS)));
    PCollectionView<byte[]> centers =
        trained
            .get(CENTERS)
            .setCoder(ByteArrayCoder.of())
            .apply("Share Centers", View.asSingleton());
    PCollectionTuple divided =
        spread("Spread Base", trained)
            .apply(
                "Divide Base",
                ParDo.of(new DivideFn(context, centers))
                    .withSideInputs(centers)
                    .withOutputTags(CLUSTERS, TupleTagList.of(NEIGHBORS)));
    PCollectionView<Iterable<KV<Integer, byte[]>>> clusters =
        divided
            .get(CLUSTERS)
            .setCoder(KvCoder.of(VarIntCoder.of(), ByteArrayCoder.of()))
            .apply("Share Clusters", View.asIterable());
    SharedClusters shared = new SharedClusters(context, centers, clusters);
    PCollectionTuple measured =
        divided
            .get(NEIGHBORS)
            .setCoder(KvCoder.of(VarIntCoder.of(), ByteArrayCoder.of()))
            .apply("Merge Samples", Combine.perKey(FindNeighbors::merge))
            .apply("Key Samples Alike", WithKeys.of(0))
            .setCoder(
                KvCoder.of(VarIntCoder.of(), KvCoder.of(VarIntCoder.of(), ByteArrayCoder.of())))
            .apply("Gather Samples", GroupByKey.create())
            .apply(
                "Measure Recall",
                ParDo.of(new MeasureFn(context, shared, targetRecall))
                    .withSideInputs(centers, clusters)
                    .withOutputTags(APPROXIMATION, TupleTagList.of(RUNS)));
    PCollection<GraphApproximation> approximation =
        measured.get(APPROXIMATION).setCoder(SerializableCoder.of(GraphApproximation.class));
    PCollectionView<GraphApproximation> probes =
        approximation.apply("Share Recall", View.asSingleton());
    PCollection<Part> written =
        spread("Spread Nodes", measured)
            .apply(
                "Search Clusters",
                ParDo.of(new SearchFn(context, shared, probes))
                    .withSideInputs(centers, clusters, probes))
            .setCoder(SerializableCoder.of(Part.class));
    PCollection<Part> recall =
        approximation
            .apply(
                "Tell Recall",
                MapElements.into(TypeDescriptor.of(Part.class)).via(ProbeClusters::part))
            .setCoder(SerializableCoder.of(Part.class));
    return PCollectionList.of(written).and(recall).apply("All Parts", Flatten.pCollections());
  }

  private static Rows all(StageContext<GraphConfig> context) {
    return new Rows(0, Math.toIntExact(GraphSides.baseRows(context)));
  }

  private static PCollection<Rows> spread(String name, PCollectionTuple work) {
    return work.get(RUNS)
        .setCoder(SerializableCoder.of(Rows.class))
        .apply(name, Reshuffle.viaRandomKey());
  }

  private static Part part(GraphApproximation approximation) {
    NeighborGraph graph = NeighborGraph.newBuilder().setApproximation(approximation).build();
    return Part.of(List.of(), Content.newBuilder().setNeighborGraph(graph).build());
  }

  /** A function that reads both sides and multiplies. */
  abstract static class SidesFn<I, O> extends StepFn<I, O> {
    private static final long serialVersionUID = 1L;

    final StageContext<GraphConfig> context;
    transient GraphSides sides;
    transient MatrixProduct product;

    SidesFn(StageContext<GraphConfig> context) {
      this.context = context;
    }

    @Setup
    public final void setUp() throws IOException {
      sides = GraphSides.open(context);
      product = new MatrixProduct();
    }

    @Teardown
    public final void tearDown() {
      if (sides != null) {
        sides.close();
      }
      if (product != null) {
        product.close();
      }
    }

    /** Neighbours sought of a sampled node, which in a plain graph may be found as its own. */
    final int sampleK() {
      return context.config().getK() + (sides.isCross() ? 0 : 1);
    }
  }

  static final class TrainFn extends SidesFn<Rows, byte[]> {
    private static final long serialVersionUID = 1L;

    TrainFn(StageContext<GraphConfig> context) {
      super(context);
    }

    @ProcessElement
    public void process(@Element Rows base, MultiOutputReceiver output) {
      int[] sample = RowSample.training(base.count(), RowClusters.trainingRows(base.count()));
      float[] centers = train(sample, RowClusters.count(base.count()));
      ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * centers.length);
      bytes.asFloatBuffer().put(centers);
      output.get(CENTERS).output(bytes.array());
      runs(context, base.count()).forEach(output.get(RUNS)::output);
    }

    private float[] train(int[] sample, int clusters) {
      try {
        return RowClusters.train(
            product,
            Similarity.of(context.config().getMetric()),
            sides.base().vectors(sample),
            sides.base().dimension(),
            clusters);
      } catch (RowException e) {
        throw sides.base().unusable(sample[e.row()], e.problem());
      }
    }
  }

  /** Tells each row's cluster, and the nearest of a run of the base to the sampled nodes. */
  static final class DivideFn extends SidesFn<Rows, KV<Integer, byte[]>> {
    private static final long serialVersionUID = 1L;

    private final PCollectionView<byte[]> centers;

    DivideFn(StageContext<GraphConfig> context, PCollectionView<byte[]> centers) {
      super(context);
      this.centers = centers;
    }

    @ProcessElement
    public void process(@Element Rows rows, ProcessContext process, MultiOutputReceiver output) {
      Tile run = sides.baseTile(rows.first(), rows.count());
      Tile means = SharedClusters.tile(context, run.dim(), process.sideInput(centers));
      int[] clusters = new ExactSearch(product, 1).search(run, means).ids();
      ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * clusters.length);
      bytes.asIntBuffer().put(clusters);
      output.get(CLUSTERS).output(KV.of(rows.first(), bytes.array()));
      ExactSearch search = new ExactSearch(product, sampleK());
      for (int which = 0; which < SAMPLES; which++) {
        Tile nodes = sides.nodeTile(RowSample.nodes(sides.nodes().size(), which));
        output.get(NEIGHBORS).output(KV.of(which, search.search(nodes, run).toBytes()));
      }
    }
  }

  /** Chooses how many clusters are looked into, by one sample, and measures recall by the other. */
  static final class MeasureFn
      extends SidesFn<KV<Integer, Iterable<KV<Integer, byte[]>>>, GraphApproximation> {
    private static final long serialVersionUID = 1L;

    private final SharedClusters shared;
    private final double targetRecall;

    MeasureFn(StageContext<GraphConfig> context, SharedClusters shared, double targetRecall) {
      super(context);
      this.shared = shared;
      this.targetRecall = targetRecall;
    }

    @ProcessElement
    public void process(
        @Element KV<Integer, Iterable<KV<Integer, byte[]>>> samples,
        ProcessContext process,
        MultiOutputReceiver output) {
      RowClusters clusters = shared.read(process::sideInput, sides.base().dimension());
      int nodes = sides.nodes().size();
      RecallCurve[] curves = new RecallCurve[SAMPLES];
      for (KV<Integer, byte[]> lists : samples.getValue()) {
        int[] sample = RowSample.nodes(nodes, lists.getKey());
        curves[lists.getKey()] =
            RecallCurve.of(
                product,
                clusters,
                sides.nodeTile(sample),
                sides.isCross() ? new int[0] : sample,
                NeighborLists.fromBytes(lists.getValue()),
                context.config().getK());
      }
      int probes = curves[0].probesFor(targetRecall);
      RecallEstimate recall = curves[1].at(probes);
      output
          .get(APPROXIMATION)
          .output(
              GraphApproximation.newBuilder()
                  .setTargetRecall(targetRecall)
                  .setClusters(clusters.count())
                  .setProbes(probes)
                  .setRecall(recall.mean())
                  .setRecallLower(recall.lower())
                  .setRecallUpper(recall.upper())
                  .setSampledNodes(recall.queries())
                  .build());
      runs(context, nodes).forEach(output.get(RUNS)::output);
    }
  }

  static final class SearchFn extends SidesFn<Rows, Part> {
    private static final long serialVersionUID = 1L;

    private final SharedClusters shared;
    private final PCollectionView<GraphApproximation> probes;
    private final Counter searched = StageMetrics.counter("nodes");

    SearchFn(
        StageContext<GraphConfig> context,
        SharedClusters shared,
        PCollectionView<GraphApproximation> probes) {
      super(context);
      this.shared = shared;
      this.probes = probes;
    }

    @ProcessElement
    public void process(@Element Rows rows, ProcessContext process) throws IOException {
      ClusteredSearch search =
          new ClusteredSearch(
              product,
              shared.read(process::sideInput, sides.base().dimension()),
              context.config().getK(),
              process.sideInput(probes).getProbes(),
              !sides.isCross());
      Tile nodes = sides.nodeTile(rows.first(), rows.count());
      NeighborLists lists = search.search(nodes, sides::baseTile);
      for (int from = 0; from < lists.rows(); from += NeighborShards.ROWS) {
        int to = Math.min(lists.rows(), from + NeighborShards.ROWS);
        process.output(NeighborShards.write(context, sides, lists.slice(from, to)));
      }
      searched.inc(rows.count());
    }
  }
}
