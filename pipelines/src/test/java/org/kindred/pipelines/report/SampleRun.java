package org.kindred.pipelines.report;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.kindred.pipelines.report.RunBuilder.Rows;
import org.kindred.pipelines.report.RunBuilder.Table;
import org.kindred.proto.artifact.v1.Architecture;
import org.kindred.proto.artifact.v1.Clustering;
import org.kindred.proto.artifact.v1.ClusteringResult;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.Dataset;
import org.kindred.proto.artifact.v1.EmbeddingSet;
import org.kindred.proto.artifact.v1.Evaluation;
import org.kindred.proto.artifact.v1.FeatureSource;
import org.kindred.proto.artifact.v1.FeatureTable;
import org.kindred.proto.artifact.v1.GraphApproximation;
import org.kindred.proto.artifact.v1.HopStatistics;
import org.kindred.proto.artifact.v1.HorizontalFlip;
import org.kindred.proto.artifact.v1.ImageEncoding;
import org.kindred.proto.artifact.v1.Layer;
import org.kindred.proto.artifact.v1.LinearProbeFit;
import org.kindred.proto.artifact.v1.Metric;
import org.kindred.proto.artifact.v1.MetricValue;
import org.kindred.proto.artifact.v1.Model;
import org.kindred.proto.artifact.v1.NeighborGraph;
import org.kindred.proto.artifact.v1.Network;
import org.kindred.proto.artifact.v1.Operation;
import org.kindred.proto.artifact.v1.PositiveSet;
import org.kindred.proto.artifact.v1.ViewRecipe;
import org.kindred.proto.artifact.v1.ViewSet;
import org.kindred.proto.pipeline.v1.Run;
import org.kindred.stages.arrow.TableWriter;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.ArtifactStore;
import org.kindred.stages.artifact.StoredArtifact;

/**
 * A run of every stage on nine tiny images, its artifacts real. Examples have ids 10 to 18; example
 * 18 has no label, the others have label id % 3.
 */
final class SampleRun {
  static final List<String> CLASSES =
      List.of("<script>alert('x')</script>", "R&D \"lab\" {{name}}", "cat");
  static final int SIDE = 4;
  static final String KNN_PROTOCOL = "weighted kNN vote, k=3, temperature 0.1, base split train";

  private final RunBuilder run;

  private SampleRun(Path root) {
    run = new RunBuilder(root);
  }

  /** Makes the artifacts of every step. */
  static SampleRun in(Path root) throws IOException {
    SampleRun sample = new SampleRun(root);
    sample.data();
    sample.views();
    sample.model();
    sample.features();
    sample.graph();
    sample.positives();
    sample.clusters();
    sample.evaluation();
    return sample;
  }

  ArtifactStore store() {
    return run.store();
  }

  Run run() {
    return run.build();
  }

  /** Returns the run as if it had only these steps. */
  Run run(String... ids) {
    Run.Builder part = run.build().toBuilder().clearSteps();
    run.build().getStepsList().stream()
        .filter(step -> List.of(ids).contains(step.getId()))
        .forEach(part::addSteps);
    return part.build();
  }

  StoredArtifact artifact(String step) {
    return run.artifact(step);
  }

  static int label(long id) {
    return id == 18 ? -1 : (int) (id % 3);
  }

  static byte[] pixels(long id) {
    byte[] pixels = new byte[SIDE * SIDE * 3];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (id * 11 + i);
    }
    return pixels;
  }

  private void data() throws IOException {
    Dataset dataset =
        Dataset.newBuilder()
            .setExamples(9)
            .addAllClassNames(CLASSES)
            .setEncoding(ImageEncoding.IMAGE_ENCODING_RAW_RGB)
            .setRejected(1)
            .build();
    Table examples =
        new Table(
            Tables.EXAMPLES,
            Tables.examples(),
            Map.of(),
            row -> {
              for (long id = 10; id <= 18; id++) {
                row.nextRow();
                row.put(0, id);
                row.put(1, "train");
                row.putLabel(2, label(id));
                row.put(3, SIDE);
                row.put(4, SIDE);
                row.put(5, id + ".png");
                row.put(6, pixels(id), 0, SIDE * SIDE * 3);
              }
            });
    Table rejects =
        new Table(
            Tables.REJECTS,
            Tables.rejects(),
            Map.of(),
            row -> {
              row.nextRow();
              row.put(0, 99L);
              row.put(1, "broken <i>.png");
              row.put(2, "not a PNG & not a JPEG");
            });
    Content content = Content.newBuilder().setDataset(dataset).build();
    run.step("data", "ingest", List.of(), content, examples, rejects);
  }

  private void views() throws IOException {
    ViewRecipe recipe =
        ViewRecipe.newBuilder()
            .addOperations(
                Operation.newBuilder()
                    .setProbability(0.5)
                    .setHorizontalFlip(HorizontalFlip.getDefaultInstance()))
            .build();
    ViewSet set =
        ViewSet.newBuilder()
            .setRecipe(recipe)
            .setEpochs(2)
            .setViews(2)
            .setSplit("train")
            .setRows(36)
            .build();
    Table views =
        new Table(
            Tables.VIEWS,
            Tables.views(),
            Map.of("height", "" + SIDE, "width", "" + SIDE),
            row -> {
              for (int i = 0; i < 36; i++) {
                long id = 10L + i % 18 / 2;
                row.nextRow();
                row.put(0, id);
                row.put(1, i / 18);
                row.put(2, i % 2);
                row.putLabel(3, label(id));
                row.put(4, pixels(100 + i), 0, SIDE * SIDE * 3);
              }
            });
    run.step(
        "views", "augment", List.of("data"), Content.newBuilder().setViewSet(set).build(), views);
  }

  private void model() throws IOException {
    Model model =
        Model.newBuilder()
            .setNetwork(
                Network.newBuilder()
                    .setArchitecture(Architecture.ARCHITECTURE_RESNET10_HALF)
                    .setEmbeddingDimension(8))
            .setObjective("invaspread")
            .addLayers(Layer.newBuilder().setName("embedding").setDimension(8))
            .setParameters(1_226_400)
            .setEpochs(2)
            .setSteps(6)
            .setExamples(9)
            .build();
    Table curve =
        new Table(
            Tables.CURVE,
            Tables.curve(),
            Map.of(),
            row -> {
              for (int i = 0; i < 6; i++) {
                row.nextRow();
                row.put(0, i / 3);
                row.put(1, (long) i);
                row.put(2, i == 4 ? Float.NaN : 6f - i);
                row.put(3, i < 3 ? 0.03f : 0.003f);
              }
            });
    Table monitor =
        new Table(
            Tables.MEASUREMENTS,
            Tables.measurements(),
            Map.of(),
            row -> {
              for (int epoch = 0; epoch < 2; epoch++) {
                row.nextRow();
                row.put(0, epoch);
                row.put(1, "embedding_std");
                row.put(2, 0.9f);
                row.nextRow();
                row.put(0, epoch);
                row.put(1, "knn_accuracy");
                row.put(2, 0.25f * (epoch + 1));
              }
            });
    Content content = Content.newBuilder().setModel(model).build();
    run.step("pretrain", "pretrain", List.of("data", "views"), content, curve, monitor);
  }

  private void features() throws IOException {
    EmbeddingSet set = EmbeddingSet.newBuilder().setExamples(9).addAllClassNames(CLASSES).build();
    Content content = Content.newBuilder().setEmbeddingSet(set).build();
    run.step("features", "extract", List.of("pretrain", "data"), content);
  }

  private void graph() throws IOException {
    NeighborGraph graph =
        NeighborGraph.newBuilder()
            .setNodes(9)
            .setK(3)
            .setMetric(Metric.METRIC_COSINE)
            .setSplit("train")
            .setApproximation(
                GraphApproximation.newBuilder()
                    .setClusters(3)
                    .setProbes(2)
                    .setRecall(0.95)
                    .setRecallLower(0.94)
                    .setRecallUpper(0.96)
                    .setSampledNodes(4))
            .build();
    Table neighbors =
        new Table(
            Tables.NEIGHBORS,
            Tables.neighbors(3),
            Map.of(),
            row -> {
              for (long id = 10; id <= 18; id++) {
                row.nextRow();
                row.put(0, id);
                row.putLabel(1, label(id));
                row.put(2, new long[] {around(id, 1), around(id, 3), around(id, 2)}, 0);
                row.put(3, new float[] {0.9f, 0.8f, 0.7f}, 0);
              }
            });
    Content content = Content.newBuilder().setNeighborGraph(graph).build();
    run.step("graph", "graph", List.of("features"), content, neighbors);
  }

  /** Of the three neighbours the second, three away, is no positive. */
  private void positives() throws IOException {
    PositiveSet set =
        PositiveSet.newBuilder()
            .setNodes(9)
            .setK(2)
            .setHops(2)
            .setHardPositives(1)
            .setPositives(27)
            .setLargestSet(3)
            .addPerHop(hop(1, 18, 16, 12))
            .addPerHop(hop(2, 9, 0, 0))
            .setHard(hop(0, 9, 8, 2))
            .build();
    Table positives =
        new Table(
            Tables.POSITIVES,
            Tables.positives(),
            Map.of(),
            row -> {
              for (long id = 10; id <= 18; id++) {
                row.nextRow();
                row.put(0, id);
                row.putList(1, new long[] {around(id, 1), around(id, 2), around(id, 6)});
                row.putList(2, new int[] {1, 1, 2});
                row.putList(3, new long[] {around(id, 6)});
                row.putList(4, new float[] {0.125f});
              }
            });
    Content content = Content.newBuilder().setPositiveSet(set).build();
    run.step("positives", "propagate", List.of("graph", "features"), content, positives);
  }

  private static long around(long id, int step) {
    return 10 + (id - 10 + step) % 9;
  }

  private static HopStatistics hop(int hop, long positives, long labelled, long correct) {
    return HopStatistics.newBuilder()
        .setHop(hop)
        .setPositives(positives)
        .setLabelled(labelled)
        .setCorrect(correct)
        .build();
  }

  /** Cluster 0 holds the first five examples, cluster 1 the others. */
  private void clusters() throws IOException {
    ClusteringResult learned =
        ClusteringResult.newBuilder()
            .setFeatures(features(FeatureSource.FEATURE_SOURCE_LEARNED))
            .setClusters(2)
            .setMetric(Metric.METRIC_EUCLIDEAN)
            .setConverged(true)
            .setAssignmentsTable("assignments_learned")
            .setRows(9)
            .build();
    ClusteringResult untrained =
        learned.toBuilder()
            .setFeatures(features(FeatureSource.FEATURE_SOURCE_UNTRAINED))
            .setAssignmentsTable("assignments_untrained")
            .build();
    Rows rows =
        row -> {
          for (long id = 10; id <= 18; id++) {
            row.nextRow();
            row.put(0, id);
            row.putLabel(1, label(id));
            row.put(2, id < 15 ? 0 : 1);
            row.put(3, 0.5f);
          }
        };
    Clustering clustering =
        Clustering.newBuilder().addResults(learned).addResults(untrained).setSplit("train").build();
    run.step(
        "clusters",
        "cluster",
        List.of("features"),
        Content.newBuilder().setClustering(clustering).build(),
        new Table("assignments_learned", Tables.assignments(), Map.of(), rows),
        new Table("assignments_untrained", Tables.assignments(), Map.of(), rows));
  }

  private static FeatureTable features(FeatureSource source) {
    return FeatureTable.newBuilder().setSource(source).setLayer("embedding").build();
  }

  /** Query 11 (class 2) is voted right and has one right neighbour; query 12 (class 0) wrong. */
  private void evaluation() throws IOException {
    Evaluation evaluation =
        Evaluation.newBuilder()
            .addMetrics(metric("knn_top1", 0.75, FeatureSource.FEATURE_SOURCE_LEARNED, "embedding"))
            .addMetrics(
                metric("knn_top1", 0.5, FeatureSource.FEATURE_SOURCE_UNTRAINED, "embedding"))
            .addMetrics(metric("knn_top1", 0.625, FeatureSource.FEATURE_SOURCE_PIXELS, "pixels"))
            .addMetrics(
                metric("linear_probe_top1", 0.5, FeatureSource.FEATURE_SOURCE_LEARNED, "embedding"))
            .addLinearProbes(
                LinearProbeFit.newBuilder()
                    .setFeatures(features(FeatureSource.FEATURE_SOURCE_LEARNED))
                    .setExamples(9)
                    .addLoss(1.0986)
                    .addLoss(0.75)
                    .setBaseTop1(0.875))
            .setQuerySplit("test")
            .setBaseSplit("train")
            .build();
    Table gallery =
        new Table(
            Tables.GALLERY,
            Tables.gallery(2),
            Map.of(),
            row -> {
              gallery(row, 11, 2, new long[] {14, 13}, new int[] {2, 1}, 0.987654f);
              gallery(row, 12, 1, new long[] {18, 13}, new int[] {-1, 1}, 0.5f);
            });
    run.step(
        "evaluate",
        "evaluate",
        List.of("features", "clusters"),
        Content.newBuilder().setEvaluation(evaluation).build(),
        gallery);
  }

  private static void gallery(
      TableWriter row, long id, int predicted, long[] neighbors, int[] labels, float similarity)
      throws IOException {
    row.nextRow();
    row.put(0, id);
    row.putLabel(1, label(id));
    row.put(2, predicted);
    row.put(3, neighbors, 0);
    row.put(4, labels, 0);
    row.put(5, new float[] {similarity, 0.25f}, 0);
  }

  static MetricValue metric(String name, double value, FeatureSource source, String layer) {
    return MetricValue.newBuilder()
        .setName(name)
        .setValue(value)
        .setFeatures(source)
        .setLayer(layer)
        .setProtocol(KNN_PROTOCOL)
        .build();
  }
}
