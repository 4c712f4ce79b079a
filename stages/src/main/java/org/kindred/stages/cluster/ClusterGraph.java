package org.kindred.stages.cluster;

import java.io.IOException;
import java.util.Arrays;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;
import org.kindred.models.clustering.DensityPeaks;
import org.kindred.models.clustering.FoundClusters;
import org.kindred.models.clustering.KMeans;
import org.kindred.models.linalg.RowException;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.neighbors.Components;
import org.kindred.models.neighbors.Propagation;
import org.kindred.proto.artifact.v1.ClusteringResult;
import org.kindred.proto.artifact.v1.NeighborGraph;
import org.kindred.proto.pipeline.v1.ClusterConfig;
import org.kindred.proto.pipeline.v1.GraphClusterKind;
import org.kindred.proto.pipeline.v1.GraphClusters;
import org.kindred.stages.Part;
import org.kindred.stages.StageContext;
import org.kindred.stages.StepFn;
import org.kindred.stages.features.FeatureReader;
import org.kindred.stages.neighbors.GraphReader;

/** Finds the clusters of a neighbour graph, in one work item that holds it. */
final class ClusterGraph extends PTransform<PCollection<Integer>, PCollection<Part>> {
  private static final long serialVersionUID = 1L;

  private final StageContext<ClusterConfig> context;

  ClusterGraph(StageContext<ClusterConfig> context) {
    this.context = context;
  }

  @Override
  public PCollection<Part> expand(PCollection<Integer> once) {
    return once.apply("Cluster Graph", ParDo.of(new ClusterFn(context)));
  }

  /** Returns the neighbours of each node that count. */
  static int k(StageContext<ClusterConfig> context) {
    int k = context.config().getGraph().getK();
    return k > 0 ? k : ClusterStage.graph(context).getK();
  }

  static final class ClusterFn extends StepFn<Integer, Part> {
    private static final long serialVersionUID = 1L;

    private final StageContext<ClusterConfig> context;

    ClusterFn(StageContext<ClusterConfig> context) {
      this.context = context;
    }

    @ProcessElement
    public void process(@Element Integer once, OutputReceiver<Part> output) throws IOException {
      NeighborGraph graph = ClusterStage.graph(context);
      try (GraphReader reader =
          GraphReader.open(
              context.step(),
              context.input(ClusterStage.GRAPH),
              context.input(ClusterStage.EMBEDDINGS))) {
        KMeans.Result result = centered(reader.features(), FoundClusters.numbered(find(reader)));
        ClusteringResult.Builder summary =
            ClusteringResult.newBuilder()
                .setMethod(method(context.config().getGraph()))
                .setGraph(context.input(ClusterStage.GRAPH).digest());
        output.output(
            new ClusterWriter(context, graph.getFeatures(), reader.features(), graph.getMetric())
                .write(result, summary));
      }
    }

    private int[] find(GraphReader reader) {
      GraphClusters config = context.config().getGraph();
      int k = k(context);
      int[] neighbors = reader.neighbors(0, reader.nodes(), k);
      Propagation all = new Propagation(neighbors, k, k, 1);
      Propagation graph = config.getMutual() ? all.mutual() : all;
      if (config.getKind() == GraphClusterKind.GRAPH_CLUSTER_KIND_COMPONENTS) {
        return Components.of(graph).roots();
      }
      return peaks(reader, graph, neighbors, k, config.getProminence());
    }

    /** The mutual graph has fewer neighbours of a node, whose similarities move up. */
    private static int[] peaks(
        GraphReader reader, Propagation graph, int[] neighbors, int k, double prominence) {
      int[] followed = new int[neighbors.length];
      Arrays.fill(followed, -1);
      float[] similarities = new float[neighbors.length];
      for (int node = 0; node < graph.nodes(); node++) {
        float[] row = reader.similarities(node);
        int[] kept = graph.followedFrom(node);
        int count = 0;
        for (int place = 0; place < k && count < kept.length; place++) {
          if (neighbors[node * k + place] == kept[count]) {
            followed[node * k + count] = kept[count];
            similarities[node * k + count++] = row[place];
          }
        }
      }
      return DensityPeaks.of(followed, similarities, k, prominence);
    }

    private KMeans.Result centered(FeatureReader features, int[] assignments) {
      Similarity similarity = Similarity.of(ClusterStage.graph(context).getMetric());
      float[] rows = features.vectors(0, features.size());
      try {
        return FoundClusters.of(similarity, rows, features.dimension(), assignments);
      } catch (RowException e) {
        throw features.unusable(e.row(), e.problem());
      }
    }

    private String method(GraphClusters config) {
      String neighbors =
          (config.getMutual() ? "mutual neighbours among the %d nearest" : "the %d nearest")
              .formatted(k(context));
      return config.getKind() == GraphClusterKind.GRAPH_CLUSTER_KIND_COMPONENTS
          ? "connected components, " + neighbors
          : "density peaks, %s, prominence %s".formatted(neighbors, config.getProminence());
    }
  }
}
