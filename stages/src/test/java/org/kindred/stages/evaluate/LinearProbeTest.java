package org.kindred.stages.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import com.google.protobuf.TextFormat;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kindred.proto.artifact.v1.Evaluation;
import org.kindred.proto.artifact.v1.FeatureSource;
import org.kindred.proto.artifact.v1.LinearProbeFit;
import org.kindred.proto.artifact.v1.MetricValue;
import org.kindred.proto.pipeline.v1.Drop;
import org.kindred.proto.pipeline.v1.EvaluateConfig;
import org.kindred.proto.pipeline.v1.KnnProtocol;
import org.kindred.proto.pipeline.v1.LinearProbe;
import org.kindred.proto.pipeline.v1.StepSchedule;
import org.kindred.stages.StageException;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.testing.EmbeddingSets;
import org.kindred.stages.testing.EmbeddingSets.Row;
import org.kindred.stages.testing.StageRunner;

/** Learned features are near the axes, one for each class; the pixels beside them are noise. */
class LinearProbeTest {
  private static final List<String> CLASSES = List.of("a", "b", "c", "d", "e", "f");
  private static final int BASE = 600;
  private static final int QUERIES = 120;

  @TempDir Path directory;
  private StageRunner runner;

  @BeforeEach
  void open() {
    runner = StageRunner.in(directory.resolve("store"));
  }

  private static EvaluateConfig.Builder config() {
    EvaluateConfig.Builder config =
        EvaluateConfig.newBuilder()
            .setKnn(KnnProtocol.newBuilder().setK(5))
            .setGalleryQueries(0)
            .setGalleryNeighbors(1);
    config.getLinearProbeBuilder().addLayers("embedding");
    return config;
  }

  private static List<Row> rows() {
    List<Row> rows = new ArrayList<>(EmbeddingSets.clustered("train", 0, BASE, 6));
    rows.addAll(EmbeddingSets.clustered("test", 10_000, QUERIES, 6));
    return rows;
  }

  private Evaluation evaluate(List<Row> rows, EvaluateConfig.Builder config) throws IOException {
    return artifact(rows, config).content().getEvaluation();
  }

  private StoredArtifact artifact(List<Row> rows, EvaluateConfig.Builder config)
      throws IOException {
    StoredArtifact embeddings = EmbeddingSets.publish(runner.store(), CLASSES, rows);
    return runner.run(new EvaluateStage(), config.build(), Map.of("embeddings", embeddings));
  }

  private static Map<String, Double> probed(Evaluation evaluation, FeatureSource source) {
    Map<String, Double> metrics = new TreeMap<>();
    for (MetricValue metric : evaluation.getMetricsList()) {
      if (metric.getFeatures() == source && metric.getName().startsWith("linear_probe")) {
        metrics.put(metric.getName().substring("linear_probe_".length()), metric.getValue());
      }
    }
    return metrics;
  }

  @Test
  void everySourceIsProbed() throws IOException {
    Evaluation evaluation = evaluate(rows(), config());
    assertThat(probed(evaluation, FeatureSource.FEATURE_SOURCE_LEARNED))
        .containsExactlyEntriesOf(
            new TreeMap<>(Map.of("top1", 1.0, "top5", 1.0, "mean_class_accuracy", 1.0)));
    Map<String, Double> noise = probed(evaluation, FeatureSource.FEATURE_SOURCE_PIXELS);
    assertThat(noise).containsOnlyKeys("top1", "top5", "mean_class_accuracy");
    assertThat(noise.get("top1")).isCloseTo(1 / 6.0, within(0.13));
    assertThat(noise.get("top5")).isCloseTo(5 / 6.0, within(0.13));
    assertThat(evaluation.getMetricsList())
        .filteredOn(metric -> metric.getName().startsWith("linear_probe"))
        .hasSize(6)
        .allSatisfy(
            metric ->
                assertThat(metric.getProtocol())
                    .isEqualTo(
                        "linear probe, fast variant: features computed once, no augmentation,"
                            + " standardised on the base; softmax regression by SGD, 100 epochs,"
                            + " batch 256, learning rate 0.03, cosine to 0, momentum 0.9, weight"
                            + " decay 0.0, seed 0; queries test (120), base train (600)"));
    assertThat(evaluation.getLinearProbesList())
        .extracting(fit -> fit.getFeatures().getTable())
        .containsExactly("learned-embedding", "pixels");
    LinearProbeFit learned = evaluation.getLinearProbes(0);
    assertThat(learned.getExamples()).isEqualTo(BASE);
    assertThat(learned.getBaseTop1()).isEqualTo(1);
    assertThat(learned.getLossList()).hasSize(100);
    assertThat(learned.getLoss(99)).isPositive().isLessThan(learned.getLoss(0));
    assertThat(evaluation.getLinearProbes(1).getBaseTop1()).isLessThan(0.4);
  }

  /** Of two queries of class 0 one lies with class 1; class 5 has no query. */
  @Test
  void classesCountAlike() throws IOException {
    List<Row> rows = new ArrayList<>(EmbeddingSets.clustered("train", 0, BASE, 6));
    List<Row> queries = EmbeddingSets.clustered("test", 10_000, 5, 6);
    rows.addAll(queries);
    rows.add(new Row(20_000, "test", 0, queries.get(1).vector()));
    Evaluation evaluation = evaluate(rows, config());
    assertThat(probed(evaluation, FeatureSource.FEATURE_SOURCE_LEARNED))
        .containsEntry("top1", 5 / 6.0)
        .containsEntry("mean_class_accuracy", 4.5 / 5);
  }

  @Test
  void offUnlessSet() throws IOException {
    Evaluation evaluation = evaluate(rows(), config().clearLinearProbe());
    assertThat(evaluation.getMetricsList())
        .extracting(MetricValue::getName)
        .allMatch(name -> name.startsWith("knn"));
    assertThat(evaluation.getLinearProbesList()).isEmpty();
  }

  @Test
  void sameInputsSameContent() throws IOException {
    EvaluateConfig.Builder config = config();
    config.getLinearProbeBuilder().setEpochs(3);
    StoredArtifact first = artifact(rows(), config);
    StageRunner elsewhere = new StageRunner(StageRunner.in(directory.resolve("other")).store(), 1);
    StoredArtifact embeddings = EmbeddingSets.publish(elsewhere.store(), CLASSES, rows());
    StoredArtifact again =
        elsewhere.run(new EvaluateStage(), config.build(), Map.of("embeddings", embeddings));
    assertThat(again.digest()).isEqualTo(first.digest());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "standardize: false",
        "epochs: 4",
        "batch_size: 100",
        "learning_rate: 0.01",
        "schedule { cosine { final_factor: 0.5 } }",
        "schedule { restart_epochs: 2 }",
        "momentum: 0.5",
        "weight_decay: 0.1",
        "seed: 1",
      })
  void everyFieldIsReadAndNamed(String field) throws IOException {
    EvaluateConfig.Builder plain = config();
    plain.getLinearProbeBuilder().setEpochs(3);
    EvaluateConfig.Builder changed = plain.clone();
    TextFormat.merge("linear_probe { " + field + " }", changed);
    Evaluation before = evaluate(rows(), plain);
    Evaluation after = evaluate(rows(), changed);
    assertThat(after.getLinearProbes(1).getLossList())
        .isNotEqualTo(before.getLinearProbes(1).getLossList());
    assertThat(protocols(after)).doesNotContainAnyElementsOf(protocols(before));
  }

  private static Set<String> protocols(Evaluation evaluation) {
    return evaluation.getMetricsList().stream()
        .map(MetricValue::getProtocol)
        .filter(protocol -> protocol.startsWith("linear"))
        .collect(Collectors.toSet());
  }

  @Test
  void protocolsNameTheirSchedule() throws IOException {
    EvaluateConfig.Builder config = config();
    LinearProbe.Builder probe = config.getLinearProbeBuilder().setStandardize(false).setEpochs(2);
    probe
        .getScheduleBuilder()
        .setSteps(StepSchedule.newBuilder().addDrops(Drop.newBuilder().setEpoch(1).setFactor(0.2)));
    probe.getScheduleBuilder().setRestartEpochs(2);
    assertThat(protocols(evaluate(rows(), config)))
        .singleElement()
        .asString()
        .contains(
            "not standardised",
            "learning rate 0.03, schedule steps { drops { epoch: 1 factor: 0.2 } } in rounds of 2"
                + " epochs,");
  }

  private void assertFails(List<Row> rows, EvaluateConfig.Builder config, String message) {
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> evaluate(rows, config))
        .withMessageEndingWith(message);
  }

  @Test
  void whatCannotBeMeasuredIsNamed() {
    EvaluateConfig.Builder pooled = config();
    pooled.getLinearProbeBuilder().clearLayers();
    assertFails(
        rows(),
        pooled,
        "step evaluate reads learned features of layer \"pooled\", valid are: learned embedding,"
            + " pixels pixels");
    EvaluateConfig.Builder falling = config();
    falling
        .getLinearProbeBuilder()
        .getScheduleBuilder()
        .setSteps(
            StepSchedule.newBuilder()
                .addDrops(Drop.newBuilder().setEpoch(5).setFactor(0.2))
                .addDrops(Drop.newBuilder().setEpoch(3).setFactor(0.1)));
    assertFails(
        rows(),
        falling,
        "evaluate.linear_probe.schedule.steps.drops[1].epoch is 3, valid is above the one before"
            + " it, 5");
    EvaluateConfig.Builder still = config();
    still.getLinearProbeBuilder().setMomentum(1);
    assertFails(rows(), still, "evaluate.linear_probe.momentum is 1.0, valid is 0 to below 1");
    List<Row> mislabelled = rows();
    mislabelled.set(2, new Row(6, "train", 6, mislabelled.get(2).vector()));
    EvaluateConfig.Builder config = config().setKnn(KnnProtocol.newBuilder().setK(1));
    // Tables are read side by side: any of them may be the first.
    assertFails(mislabelled, config, ": example 6 has label 6, valid is 0 to 5");
  }
}
