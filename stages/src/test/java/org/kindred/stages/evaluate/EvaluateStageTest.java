package org.kindred.stages.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.proto.artifact.v1.Evaluation;
import org.kindred.proto.artifact.v1.FeatureSource;
import org.kindred.proto.artifact.v1.MetricValue;
import org.kindred.proto.pipeline.v1.ClusterConfig;
import org.kindred.proto.pipeline.v1.EvaluateConfig;
import org.kindred.proto.pipeline.v1.KnnProtocol;
import org.kindred.stages.StageException;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.cluster.ClusterStage;
import org.kindred.stages.testing.Artifacts;
import org.kindred.stages.testing.EmbeddingSets;
import org.kindred.stages.testing.EmbeddingSets.Row;
import org.kindred.stages.testing.StageRunner;

class EvaluateStageTest {
  private static final List<String> CLASSES = List.of("left", "up");

  @TempDir Path directory;
  private StageRunner runner;

  @BeforeEach
  void open() {
    runner = StageRunner.in(directory.resolve("store"));
  }

  private static EvaluateConfig.Builder config(int k) {
    return EvaluateConfig.newBuilder()
        .setKnn(KnnProtocol.newBuilder().setK(k))
        .setGalleryNeighbors(Math.min(k, 2))
        .setGalleryQueries(2);
  }

  private static Row at(long id, String split, int label, double degrees) {
    double angle = Math.toRadians(degrees);
    return new Row(id, split, label, (float) Math.cos(angle), (float) Math.sin(angle));
  }

  /** Three base examples of each class at 0 and 90 degrees; the last query lies with the others. */
  private static List<Row> rows() {
    List<Row> rows = new ArrayList<>();
    rows.add(at(0, "train", 0, 0));
    rows.add(at(1, "train", 1, 90));
    rows.add(at(2, "train", 0, 2));
    rows.add(at(3, "train", 1, 88));
    rows.add(at(4, "train", 0, 4));
    rows.add(at(5, "train", 1, 86));
    rows.add(at(20, "test", 0, 1.5));
    rows.add(at(21, "test", 1, 87.5));
    rows.add(at(22, "test", 0, 30));
    rows.add(at(23, "test", 1, 10));
    return rows;
  }

  private StoredArtifact evaluate(List<String> classes, List<Row> rows, EvaluateConfig config)
      throws IOException {
    StoredArtifact embeddings = EmbeddingSets.publish(runner.store(), classes, rows);
    return runner.run(new EvaluateStage(), config, Map.of("embeddings", embeddings));
  }

  private void assertFails(
      List<String> classes, List<Row> rows, EvaluateConfig.Builder config, String message) {
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> evaluate(classes, rows, config.build()))
        .withMessageEndingWith(message);
  }

  /** Returns the metrics of the learned features. */
  private static Map<String, Double> learned(StoredArtifact artifact) {
    Map<String, Double> metrics = new TreeMap<>();
    for (MetricValue metric : artifact.content().getEvaluation().getMetricsList()) {
      if (metric.getFeatures() == FeatureSource.FEATURE_SOURCE_LEARNED) {
        metrics.put(metric.getName(), metric.getValue());
      }
    }
    return metrics;
  }

  @Test
  void votesOfNeighboursGiveTheAccuracy() throws IOException {
    StoredArtifact artifact = evaluate(CLASSES, rows(), config(3).build());
    Evaluation evaluation = artifact.content().getEvaluation();
    assertThat(learned(artifact)).containsExactly(Map.entry("knn_top1", 0.75));
    assertThat(evaluation.getQuerySplit()).isEqualTo("test");
    assertThat(evaluation.getBaseSplit()).isEqualTo("train");
    assertThat(evaluation.getMetricsList())
        .extracting(MetricValue::getLayer)
        .containsExactly("embedding", "pixels");
    assertThat(evaluation.getMetricsList())
        .allSatisfy(
            metric ->
                assertThat(metric.getProtocol())
                    .isEqualTo(
                        "weighted kNN, K=3, temperature 0.1, cosine, queries test (4), base train"
                            + " (6), features recomputed"));
    Artifacts.read(
        artifact,
        Tables.GALLERY,
        table -> {
          assertThat(table.metadata()).containsEntry("metric", "METRIC_COSINE");
          assertThat(table.longs("id")).containsExactly(21, 23);
          assertThat(table.ints("label")).containsExactly(1, 1);
          assertThat(table.ints("predicted")).containsExactly(1, 0);
          assertThat(table.longList("neighbors", 0)).containsExactly(3, 5);
          assertThat(table.intList("neighbor_labels", 0)).containsExactly(1, 1);
          assertThat(table.longList("neighbors", 1)).containsExactly(4, 2);
          assertThat(table.floatList("similarities", 1)[0])
              .isBetween((float) Math.cos(Math.toRadians(6)) - 1e-6f, 1f);
          return null;
        });
  }

  /** Twelve queries in one class of seven: more than five classes have a top 5. */
  @Test
  void topFiveIsForMoreClasses() throws IOException {
    List<String> classes = List.of("a", "b", "c", "d", "e", "f");
    List<Row> rows = new ArrayList<>(EmbeddingSets.clustered("train", 0, 60, 6));
    rows.addAll(EmbeddingSets.clustered("test", 1000, 12, 6));
    Row first = rows.get(60);
    // No neighbour is of its class, which then comes after the class of all votes: by id.
    rows.set(60, new Row(first.id(), "test", 5, first.vector()));
    Row second = rows.get(61);
    rows.set(61, new Row(second.id(), "test", 2, second.vector()));
    StoredArtifact artifact = evaluate(classes, rows, config(10).build());
    assertThat(learned(artifact))
        .containsOnlyKeys("knn_top1", "knn_top5")
        .containsEntry("knn_top1", 10 / 12.0)
        .containsEntry("knn_top5", 11 / 12.0);
  }

  @Test
  void clustersAreComparedWithLabels() throws IOException {
    List<Row> rows = new ArrayList<>(EmbeddingSets.clustered("train", 0, 20, 2));
    rows.addAll(EmbeddingSets.clustered("test", 1000, 20, 2));
    StoredArtifact embeddings = EmbeddingSets.publish(runner.store(), CLASSES, rows);
    StoredArtifact clustering =
        runner.run(
            new ClusterStage(),
            ClusterConfig.getDefaultInstance(),
            Map.of("embeddings", embeddings));
    StoredArtifact artifact =
        runner.run(
            new EvaluateStage(),
            config(5).build(),
            Map.of("embeddings", embeddings, "clustering", clustering));
    assertThat(learned(artifact))
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "knn_top1", 1.0,
                "cluster_accuracy", 1.0,
                "cluster_ari", 1.0,
                "cluster_nmi_arithmetic", 1.0,
                "cluster_nmi_geometric", 1.0,
                "cluster_purity", 1.0));
    assertThat(artifact.content().getEvaluation().getMetricsList())
        .filteredOn(metric -> metric.getName().startsWith("cluster_"))
        .hasSize(10)
        .allSatisfy(
            metric ->
                assertThat(metric.getProtocol())
                    .startsWith(
                        "k-means, 2 clusters, euclidean, k-means++ start, best of 10 restarts by"
                            + " inertia, at most 300 iterations, seed 7, on split test (20)"));
    assertThat(artifact.content().getEvaluation().getMetrics(0).getProtocol())
        .endsWith(", one-to-one (Hungarian)");
  }

  @Test
  void noGalleryIsNoTable() throws IOException {
    StoredArtifact artifact = evaluate(CLASSES, rows(), config(1).setGalleryQueries(0).build());
    assertThat(artifact.content().getFilesList()).isEmpty();
  }

  /** Every vote is for the base's only class. */
  @Test
  void aSplitMayHoldOneClassOnly() throws IOException {
    List<Row> rows = new ArrayList<>();
    for (Row row : rows()) {
      if (row.split().equals("test") || row.label() == 1) {
        rows.add(row);
      }
    }
    assertThat(learned(evaluate(CLASSES, rows, config(3).build())))
        .containsExactly(Map.entry("knn_top1", 0.5));

    List<Row> oneClass = new ArrayList<>(EmbeddingSets.clustered("train", 0, 20, 2));
    for (Row row : EmbeddingSets.clustered("test", 1000, 20, 2)) {
      oneClass.add(new Row(row.id(), "test", 1, row.vector()));
    }
    StoredArtifact embeddings = EmbeddingSets.publish(runner.store(), CLASSES, oneClass);
    StoredArtifact clustering =
        runner.run(
            new ClusterStage(),
            ClusterConfig.getDefaultInstance(),
            Map.of("embeddings", embeddings));
    Map<String, Double> metrics =
        learned(
            runner.run(
                new EvaluateStage(),
                config(3).build(),
                Map.of("embeddings", embeddings, "clustering", clustering)));
    assertThat(metrics)
        .containsEntry("knn_top1", 0.5)
        .containsEntry("cluster_nmi_arithmetic", 0.0)
        .containsEntry("cluster_ari", 0.0)
        .containsEntry("cluster_accuracy", 0.5)
        .containsEntry("cluster_purity", 1.0);
  }

  @Test
  void labelsAreNeeded() throws IOException {
    List<Row> none =
        rows().stream().map(row -> new Row(row.id(), row.split(), -1, row.vector())).toList();
    assertFails(
        List.of(),
        none,
        config(1),
        "step evaluate: the embeddings have class labels of 0 kind(s), valid is 2 or more");
    assertFails(
        List.of("only"),
        none,
        config(1),
        "step evaluate: the embeddings have class labels of 1 kind(s), valid is 2 or more");
    List<Row> some = rows();
    some.set(8, new Row(22, "test", -1, 1, 0));
    assertFails(
        CLASSES,
        some,
        config(1),
        "split test has labels for 3 of 4 examples, evaluation needs all");
    List<Row> third = rows();
    third.addAll(List.of(at(30, "dev", -1, 20), at(31, "dev", 1, 70)));
    StoredArtifact embeddings = EmbeddingSets.publish(runner.store(), CLASSES, third);
    StoredArtifact clustering =
        runner.run(
            new ClusterStage(),
            ClusterConfig.newBuilder().setSplit("dev").build(),
            Map.of("embeddings", embeddings));
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(
            () ->
                runner.run(
                    new EvaluateStage(),
                    config(1).build(),
                    Map.of("embeddings", embeddings, "clustering", clustering)))
        .withMessage("step evaluate: split dev of the clustering has examples without a label");
  }

  @Test
  void clustersOfOtherEmbeddingsAreRefused() throws IOException {
    List<Row> turned =
        rows().stream()
            .map(row -> new Row(row.id(), row.split(), row.label(), row.vector()[1], 0.5f))
            .toList();
    StoredArtifact others = EmbeddingSets.publish(runner.store(), CLASSES, turned);
    StoredArtifact clustering =
        runner.run(
            new ClusterStage(), ClusterConfig.getDefaultInstance(), Map.of("embeddings", others));
    StoredArtifact embeddings = EmbeddingSets.publish(runner.store(), CLASSES, rows());
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(
            () ->
                runner.run(
                    new EvaluateStage(),
                    config(1).build(),
                    Map.of("embeddings", embeddings, "clustering", clustering)))
        .withMessage(
            "input clustering of step evaluate was made of embeddings %s, valid is one that was"
                + " made of its input embeddings, %s",
            others.digest(), embeddings.digest());
  }

  /** Of two rows that have nothing in common the cosine is 0. */
  @Test
  void aRowOfZerosVotesToo() throws IOException {
    List<Row> rows = rows();
    rows.set(3, new Row(3, "train", 1, 0, 0));
    assertThat(learned(evaluate(CLASSES, rows, config(3).build())))
        .containsExactly(Map.entry("knn_top1", 0.75));
  }

  @Test
  void whatCannotBeMeasuredIsNamed() {
    List<Row> rows = rows();
    assertFails(
        CLASSES,
        rows,
        config(7),
        "evaluate.knn.k is 7, valid is 1 to 6, the examples of split train");
    assertFails(
        CLASSES,
        rows,
        config(3).setQuerySplit("dev"),
        "evaluate.query_split is \"dev\", valid are the embeddings' splits: test, train");
    assertFails(
        CLASSES,
        rows,
        config(3).setBaseSplit("test"),
        "evaluate.query_split and evaluate.base_split are both \"test\": every query would find"
            + " itself");
    assertFails(
        CLASSES,
        rows,
        config(3).addLayers("pooled"),
        "step evaluate reads learned features of layer \"pooled\", valid are: learned embedding,"
            + " pixels pixels");
    assertFails(
        CLASSES,
        rows,
        config(3).setGalleryNeighbors(4),
        "evaluate.gallery_neighbors is 4, valid is 1 to evaluate.knn.k, 3");
    rows.set(3, new Row(3, "train", 1, Float.NaN, 0));
    assertFails(
        CLASSES,
        rows,
        config(3),
        ": table learned-embedding: value 0 of example 3 is NaN, valid are finite numbers");
  }
}
