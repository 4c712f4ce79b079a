package org.kindred.pipelines.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.Evaluation;
import org.kindred.proto.artifact.v1.FeatureSource;
import org.kindred.proto.artifact.v1.MetricValue;
import org.kindred.proto.pipeline.v1.Run;
import org.kindred.proto.pipeline.v1.RunStep;

class MetricTableTest {
  private static final FeatureSource LEARNED = FeatureSource.FEATURE_SOURCE_LEARNED;
  private static final FeatureSource UNTRAINED = FeatureSource.FEATURE_SOURCE_UNTRAINED;
  private static final FeatureSource PIXELS = FeatureSource.FEATURE_SOURCE_PIXELS;

  @TempDir Path root;
  private RunBuilder run;

  @BeforeEach
  void startRun() {
    run = new RunBuilder(root);
  }

  private static MetricValue metric(
      String name, double value, FeatureSource source, String layer, String protocol) {
    return MetricValue.newBuilder()
        .setName(name)
        .setValue(value)
        .setFeatures(source)
        .setLayer(layer)
        .setProtocol(protocol)
        .build();
  }

  private void evaluate(String step, MetricValue... metrics) throws IOException {
    Content content =
        Content.newBuilder()
            .setEvaluation(Evaluation.newBuilder().addAllMetrics(List.of(metrics)))
            .build();
    run.step(step, "evaluate", List.of(), content);
  }

  private MetricTable table() throws IOException {
    return MetricTable.of(run.build(), run.store());
  }

  private static List<String> texts(MetricTable.Line line) {
    return MetricTable.COLUMNS.stream().map(line::text).toList();
  }

  @Test
  void rowsKeepEveryNumberInOrder() throws IOException {
    evaluate(
        "eval",
        metric("knn_top1", 0.5, UNTRAINED, "embedding", "k=3"),
        metric("knn_top1", 0.75, LEARNED, "embedding", "k=3"));
    assertThat(table().rows())
        .containsExactly(
            new MetricTable.Row("eval", "knn_top1", 0.5, "untrained", "embedding", "k=3"),
            new MetricTable.Row("eval", "knn_top1", 0.75, "learned", "embedding", "k=3"));
  }

  @Test
  void pixelsStandBesideEveryLayer() throws IOException {
    evaluate(
        "eval",
        metric("nmi", 0.3, PIXELS, "pixels", "k-means"),
        metric("nmi", 0.5, LEARNED, "embedding", "k-means"),
        metric("nmi", 0.6, LEARNED, "pooled", "k-means"),
        metric("nmi", 0.4, UNTRAINED, "pooled", "k-means"));
    assertThat(table().lines())
        .extracting(MetricTable.Line::layer)
        .containsExactly("embedding", "pooled");
    assertThat(table().lines())
        .extracting(MetricTableTest::texts)
        .containsExactly(List.of("0.5000", "-", "0.3000"), List.of("0.6000", "0.4000", "0.3000"));
  }

  @Test
  void unlikeProtocolsAreNeverInOneLine() throws IOException {
    evaluate(
        "eval",
        metric("knn_top1", 0.5, LEARNED, "embedding", "k=3"),
        metric("knn_top1", 0.9, PIXELS, "pixels", "k=4"),
        metric("knn_top1", 0.9, UNTRAINED, "embedding", "k=4"));
    assertThat(table().lines())
        .extracting(MetricTableTest::texts)
        .containsExactly(List.of("0.5000", "-", "-"), List.of("-", "0.9000", "0.9000"));
    assertThat(table().lines()).allMatch(line -> line.best().isEmpty());
  }

  @Test
  void stepsAreNeverInOneLine() throws IOException {
    evaluate("first", metric("ari", 0.5, LEARNED, "embedding", "k-means"));
    evaluate("second", metric("ari", 0.4, UNTRAINED, "embedding", "k-means"));
    assertThat(table().lines()).hasSize(2);
    assertThat(table().toText()).startsWith("step ").contains("\nsecond  ari");
  }

  @Test
  void bestIsTheHighestOfItsLine() throws IOException {
    evaluate(
        "eval",
        metric("recall_at_10", 0.5, LEARNED, "embedding", "p"),
        metric("recall_at_10", 0.7, UNTRAINED, "embedding", "p"),
        metric("recall_at_10", Double.NaN, PIXELS, "pixels", "p"));
    assertThat(table().lines().get(0).best()).containsExactly(UNTRAINED);
  }

  @Test
  void numbersThatLookAlikeShareTheMark() throws IOException {
    evaluate(
        "eval",
        metric("knn_top1", 0.700001, LEARNED, "embedding", "p"),
        metric("knn_top1", 0.700002, UNTRAINED, "embedding", "p"),
        metric("knn_top1", 0.6, PIXELS, "pixels", "p"));
    assertThat(table().lines().get(0).best()).isEqualTo(Set.of(LEARNED, UNTRAINED));
  }

  @Test
  void nothingIsBestWithoutComparisonOrKnownDirection() throws IOException {
    evaluate(
        "eval",
        metric("knn_top1", 0.7, LEARNED, "embedding", "alone"),
        metric("overlap", 0.7, LEARNED, "embedding", "p"),
        metric("overlap", 0.6, UNTRAINED, "embedding", "p"),
        metric("nmi", 0.6, LEARNED, "embedding", "alike"),
        metric("nmi", 0.6, UNTRAINED, "embedding", "alike"));
    assertThat(table().lines()).hasSize(3).allMatch(line -> line.best().isEmpty());
    assertThat(table().toText()).doesNotContain("*");
  }

  @Test
  void textIsAligned() throws IOException {
    evaluate(
        "eval",
        metric("knn_top1", 0.75, LEARNED, "embedding", "k=200"),
        metric("knn_top1", 0.5, UNTRAINED, "embedding", "k=200"),
        metric("knn_top1", 0.625, PIXELS, "pixels", "k=200"),
        metric("candidates", 1500, LEARNED, "pooled", "per query"));
    assertThat(table().toText())
        .isEqualTo(
            """
            metric      layer      learned   untrained   pixels   protocol
            knn_top1    embedding   0.7500*     0.5000   0.6250   k=200
            candidates  pooled       1,500           -        -   per query
            * best of its line; a line's numbers were measured alike
            """);
  }

  @Test
  void longProtocolsStandBelow() throws IOException {
    String longProtocol = "weighted kNN vote ".repeat(12).strip();
    evaluate(
        "eval",
        metric("knn_top1", 0.75, LEARNED, "embedding", longProtocol),
        metric("knn_top5", 0.9, LEARNED, "embedding", longProtocol),
        metric("nmi", 0.5, LEARNED, "embedding", "k-means"));
    List<String> lines = table().toText().lines().toList();
    assertThat(lines).allMatch(line -> line.length() <= 120);
    assertThat(lines.subList(1, 4))
        .extracting(line -> line.substring(line.length() - 3))
        .containsExactly("[1]", "[1]", "[2]");
    assertThat(lines.get(4)).startsWith("[1] weighted kNN vote");
    assertThat(lines.get(5)).startsWith("    ");
    assertThat(lines.get(lines.size() - 1)).isEqualTo("[2] k-means");
    assertThat(String.join(" ", lines).replaceAll(" +", " ")).contains(longProtocol);
  }

  @Test
  void runWithoutEvaluationHasNoMetrics() throws IOException {
    Run unfinished =
        run.build().toBuilder()
            .addSteps(RunStep.newBuilder().setId("unfinished"))
            .addSteps(RunStep.newBuilder().setId("gone").setArtifact("0".repeat(64)))
            .build();
    MetricTable table = MetricTable.of(unfinished, run.store());
    assertThat(table.rows()).isEmpty();
    assertThat(table.toText()).isEmpty();
  }
}
