package org.kindred.stages.evaluate;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;
import org.kindred.proto.artifact.v1.Clustering;
import org.kindred.proto.artifact.v1.ClusteringResult;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.Evaluation;
import org.kindred.proto.artifact.v1.MetricValue;
import org.kindred.proto.pipeline.v1.EvaluateConfig;
import org.kindred.stages.Part;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.StepFn;
import org.kindred.stages.arrow.MappedTable;
import org.kindred.stages.artifact.StoredArtifact;

/** Compares each result of a Clustering, given by its number, with labels. */
final class CompareClusters extends PTransform<PCollection<Integer>, PCollection<Part>> {
  private static final long serialVersionUID = 1L;

  private final StageContext<EvaluateConfig> context;

  CompareClusters(StageContext<EvaluateConfig> context) {
    this.context = context;
  }

  @Override
  public PCollection<Part> expand(PCollection<Integer> results) {
    return results.apply("Score Clusters", ParDo.of(new ScoreFn(context)));
  }

  static final class ScoreFn extends StepFn<Integer, Part> {
    private static final long serialVersionUID = 1L;

    private final StageContext<EvaluateConfig> context;

    ScoreFn(StageContext<EvaluateConfig> context) {
      this.context = context;
    }

    @ProcessElement
    public void process(@Element Integer number, OutputReceiver<Part> output) throws IOException {
      StoredArtifact artifact = context.input(EvaluateStage.CLUSTERING);
      Clustering clustering = artifact.content().getClustering();
      ClusteringResult result = clustering.getResults(number);
      int[] labels;
      int[] clusters;
      try (MappedTable table =
          MappedTable.open(artifact.localTable(result.getAssignmentsTable()))) {
        labels = table.ints("label");
        clusters = table.ints("cluster");
      }
      for (int label : labels) {
        if (label < 0) {
          throw new StageException(
              "step %s: split %s of the clustering has examples without a label"
                  .formatted(context.step(), clustering.getSplit()));
        }
      }
      ClusteringMetrics metrics = ClusteringMetrics.of(labels, clusters);
      String protocol = protocol(clustering.getSplit(), result);
      Evaluation.Builder evaluation = Evaluation.newBuilder();
      add(evaluation, result, "cluster_nmi_arithmetic", metrics.nmiArithmetic(), protocol);
      add(evaluation, result, "cluster_nmi_geometric", metrics.nmiGeometric(), protocol);
      add(
          evaluation,
          result,
          "cluster_accuracy",
          metrics.accuracy(),
          protocol + ", one-to-one (Hungarian)");
      add(evaluation, result, "cluster_ari", metrics.adjustedRand(), protocol);
      add(evaluation, result, "cluster_purity", metrics.purity(), protocol + ", many-to-one");
      output.output(Part.of(List.of(), Content.newBuilder().setEvaluation(evaluation).build()));
    }

    private static String protocol(String split, ClusteringResult result) {
      return String.format(
          Locale.ROOT,
          "%s, %d clusters, %s, %s, on split %s (%d)",
          result.getMethod().isEmpty() ? "k-means" : result.getMethod(),
          result.getClusters(),
          result.getMetric().name().substring("METRIC_".length()).toLowerCase(Locale.ROOT),
          search(result),
          split,
          result.getRows());
    }

    private static String search(ClusteringResult result) {
      if (!result.getGraph().isEmpty()) {
        return "of the neighbour graph";
      }
      if (result.getRestarts() == 0) {
        return "best of an unrecorded number of restarts by inertia";
      }
      return String.format(
          Locale.ROOT,
          "%s start, best of %d restarts by inertia, at most %d iterations, seed %s",
          result.getStart(),
          result.getRestarts(),
          result.getIterations(),
          Long.toUnsignedString(result.getSeed()));
    }

    private static void add(
        Evaluation.Builder evaluation,
        ClusteringResult result,
        String name,
        double value,
        String protocol) {
      evaluation.addMetrics(
          MetricValue.newBuilder()
              .setName(name)
              .setValue(value)
              .setFeatures(result.getFeatures().getSource())
              .setLayer(result.getFeatures().getLayer())
              .setProtocol(protocol));
    }
  }
}
