package org.kindred.stages.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kindred.proto.artifact.v1.ComponentSize;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.FeatureSource;
import org.kindred.proto.artifact.v1.HopStatistics;
import org.kindred.proto.artifact.v1.Metric;
import org.kindred.proto.artifact.v1.PositiveSet;
import org.kindred.proto.pipeline.v1.Execution;
import org.kindred.proto.pipeline.v1.FeatureChoice;
import org.kindred.proto.pipeline.v1.GraphConfig;
import org.kindred.proto.pipeline.v1.PositiveDiscovery;
import org.kindred.proto.pipeline.v1.PropagateConfig;
import org.kindred.stages.StageException;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.testing.Artifacts;
import org.kindred.stages.testing.EmbeddingSets;
import org.kindred.stages.testing.EmbeddingSets.Row;
import org.kindred.stages.testing.StageRunner;

class PropagateStageTest {
  private static final GraphConfig GRAPH =
      GraphConfig.newBuilder().setK(2).setMetric(Metric.METRIC_EUCLIDEAN).build();
  private static final PropagateConfig CONFIG =
      PropagateConfig.newBuilder().setK(1).setHops(2).setHardPositives(1).build();

  /** Points of a line, each nearest to the one before it. */
  private static final float[] LINE = {0, 1, 3, 6, 10, 15};

  private static final int[] LABELS = {0, 0, 0, 1, 1, 1};

  @TempDir Path directory;
  private StageRunner runner;

  @BeforeEach
  void open() {
    runner = StageRunner.in(directory.resolve("store"));
  }

  private StoredArtifact line(long firstId, int[] labels) throws IOException {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < LINE.length; i++) {
      rows.add(new Row(firstId + 10L * i, "train", labels[i], LINE[i]));
    }
    return EmbeddingSets.publish(runner.store(), List.of("a", "b"), rows);
  }

  private StoredArtifact graph(StoredArtifact embeddings) throws IOException {
    return runner.run(new GraphStage(), GRAPH, Map.of("embeddings", embeddings));
  }

  private StoredArtifact propagate(
      StoredArtifact graph, StoredArtifact embeddings, PropagateConfig config) throws IOException {
    return runner.run(
        new PropagateStage(), config, Map.of("graph", graph, "embeddings", embeddings));
  }

  private static HopStatistics statistics(int hop, long positives, long labelled, long correct) {
    return HopStatistics.newBuilder()
        .setHop(hop)
        .setPositives(positives)
        .setLabelled(labelled)
        .setCorrect(correct)
        .build();
  }

  @Test
  void followsNeighboursHopByHop() throws IOException {
    StoredArtifact embeddings = line(0, LABELS);
    StoredArtifact artifact = propagate(graph(embeddings), embeddings, CONFIG);
    assertThat(artifact.content().getPositiveSet())
        .isEqualTo(
            PositiveSet.newBuilder()
                .setSplit("train")
                .setNodes(6)
                .setK(1)
                .setHops(2)
                .setHardPositives(1)
                .setPositives(10)
                .setLargestSet(2)
                .addPerHop(statistics(1, 6, 6, 5))
                .addPerHop(statistics(2, 4, 4, 2))
                .setHard(statistics(0, 6, 6, 4))
                .addComponents(ComponentSize.newBuilder().setNodes(6).setCount(1))
                .build());
    long[][] positives = {{10}, {0}, {10, 0}, {20, 10}, {30, 20}, {40, 30}};
    int[][] hops = {{1}, {1}, {1, 2}, {1, 2}, {1, 2}, {1, 2}};
    long[] hard = {10, 0, 0, 10, 20, 30};
    float[] similarities = {-1, -1, -9, -25, -49, -81};
    Artifacts.read(
        artifact,
        Tables.POSITIVES,
        table -> {
          assertThat(table.metadata())
              .containsEntry("k", "1")
              .containsEntry("hops", "2")
              .containsEntry("metric", "METRIC_EUCLIDEAN")
              .containsEntry("kindred.artifact_type", "PositiveSet");
          assertThat(table.longs("id")).containsExactly(0, 10, 20, 30, 40, 50);
          for (int node = 0; node < 6; node++) {
            assertThat(table.longList("positives", node)).containsExactly(positives[node]);
            assertThat(table.intList("hops", node)).containsExactly(hops[node]);
            assertThat(table.longList("hard_positives", node)).containsExactly(hard[node]);
            assertThat(table.floatList("hard_similarities", node))
                .containsExactly(similarities[node]);
          }
          return null;
        });
  }

  @Test
  void positivesAreLimitedAfterTheHardOnesAreChosen() throws IOException {
    StoredArtifact embeddings = line(0, LABELS);
    PropagateConfig one = CONFIG.toBuilder().setMaxPositives(1).build();
    StoredArtifact artifact = propagate(graph(embeddings), embeddings, one);
    PositiveSet set = artifact.content().getPositiveSet();
    assertThat(set.getPositives()).isEqualTo(6);
    assertThat(set.getLargestSet()).isEqualTo(1);
    assertThat(set.getMaxPositives()).isEqualTo(1);
    assertThat(set.getTruncated()).isEqualTo(4);
    assertThat(set.getPerHopList()).containsExactly(statistics(1, 6, 6, 5), statistics(2, 0, 0, 0));
    assertThat(set.getHard()).isEqualTo(statistics(0, 6, 6, 4));
    Artifacts.read(
        artifact,
        Tables.POSITIVES,
        table -> {
          assertThat(table.longList("positives", 5)).containsExactly(40);
          assertThat(table.longList("hard_positives", 5)).containsExactly(30);
          return null;
        });
    assertThat(PropagateConfig.getDefaultInstance().getMaxPositives()).as("no limit").isZero();
  }

  /** Of two shards, so that walks lead from one to the other. */
  @ParameterizedTest
  @CsvSource({"breadth_first,false", "breadth_first,true", "walks,false", "walks,true"})
  void theGraphMayBeSpreadOverWorkers(String discovery, boolean mutual) throws IOException {
    StoredArtifact embeddings =
        EmbeddingSets.publish(
            runner.store(), List.of("a", "b"), EmbeddingSets.clustered("train", 0, 4500, 2));
    StoredArtifact graph = graph(embeddings);
    PropagateConfig config =
        PropagateConfig.newBuilder()
            .setK(2)
            .setHops(4)
            .setHardPositives(3)
            .setMaxPositives(20)
            .setBackground(2)
            .setMutual(mutual)
            .setDiscovery(
                PositiveDiscovery.valueOf(
                    "POSITIVE_DISCOVERY_" + discovery.toUpperCase(Locale.ROOT)))
            .build();
    StoredArtifact inMemory =
        propagate(
            graph,
            embeddings,
            config.toBuilder().setExecution(Execution.EXECUTION_IN_MEMORY).build());
    StoredArtifact distributed =
        propagate(
            graph,
            embeddings,
            config.toBuilder().setExecution(Execution.EXECUTION_DISTRIBUTED).build());
    assertThat(inMemory.content().getPositiveSet().getPerHop(3).getPositives()).isPositive();
    assertThat(distributed.content()).isEqualTo(inMemory.content());
    assertThat(Artifacts.files(distributed)).hasSize(4);
  }

  @Test
  void walksAreListedWithRepeats() throws IOException {
    StoredArtifact embeddings = line(0, LABELS);
    PropagateConfig walks =
        PropagateConfig.newBuilder()
            .setK(2)
            .setHops(2)
            .setHardPositives(2)
            .setDiscovery(PositiveDiscovery.POSITIVE_DISCOVERY_WALKS)
            .build();
    StoredArtifact artifact = propagate(graph(embeddings), embeddings, walks);
    assertThat(artifact.content().getPositiveSet().getWalks()).isTrue();
    Artifacts.read(
        artifact,
        Tables.POSITIVES,
        table -> {
          assertThat(table.longList("positives", 5)).containsExactly(40, 30, 30, 50, 20, 40);
          assertThat(table.intList("hops", 5)).containsExactly(1, 1, 2, 2, 2, 2);
          assertThat(table.longList("hard_positives", 5)).containsExactly(20, 30);
          assertThat(table.longList("hard_positives", 0)).containsExactly(20, 20);
          return null;
        });
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(
            () -> propagate(graph(embeddings), embeddings, walks.toBuilder().setHops(20).build()))
        .withMessage(
            "propagate.hops is 20: with propagate.k of 2, 2097150 walks start at a node, valid is"
                + " at most 1000000");
    PropagateConfig spread =
        walks.toBuilder().setHops(16).setExecution(Execution.EXECUTION_DISTRIBUTED).build();
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> propagate(graph(embeddings), embeddings, spread))
        .withMessage(
            "propagate.hops is 16: with propagate.k of 2, 131070 walks start at a node, valid is at"
                + " most 65535 where the graph is spread over the workers");
  }

  @Test
  void onlyMutualNeighboursAreFollowed() throws IOException {
    StoredArtifact embeddings = line(0, LABELS);
    StoredArtifact artifact =
        propagate(graph(embeddings), embeddings, CONFIG.toBuilder().setMutual(true).build());
    PositiveSet set = artifact.content().getPositiveSet();
    assertThat(set.getMutual()).isTrue();
    assertThat(set.getPerHopList()).containsExactly(statistics(1, 2, 2, 2), statistics(2, 0, 0, 0));
    assertThat(set.getComponentsList())
        .containsExactly(
            ComponentSize.newBuilder().setNodes(2).setCount(1).build(),
            ComponentSize.newBuilder().setNodes(1).setCount(4).build());
    Artifacts.read(
        artifact,
        Tables.POSITIVES,
        table -> {
          assertThat(table.longList("positives", 0)).containsExactly(10);
          assertThat(table.longList("positives", 5)).isEmpty();
          assertThat(table.longList("hard_positives", 5)).isEmpty();
          return null;
        });
  }

  @Test
  void nearNodesThatAreNotReachedAreHardNegatives() throws IOException {
    StoredArtifact embeddings = line(0, LABELS);
    PropagateConfig config = CONFIG.toBuilder().setHops(1).setBackground(2).build();
    StoredArtifact artifact = propagate(graph(embeddings), embeddings, config);
    assertThat(artifact.content().getPositiveSet().getBackground()).isEqualTo(2);
    assertThat(artifact.content().getPositiveSet().getNegatives())
        .isEqualTo(statistics(0, 6, 6, 6));
    long[] negatives = {20, 20, 0, 40, 50, 30};
    float[] similarities = {-9, -4, -9, -16, -25, -81};
    Artifacts.read(
        artifact,
        Tables.NEGATIVES,
        table -> {
          assertThat(table.longs("id")).containsExactly(0, 10, 20, 30, 40, 50);
          for (int node = 0; node < 6; node++) {
            assertThat(table.longList("negatives", node)).containsExactly(negatives[node]);
            assertThat(table.floatList("similarities", node)).containsExactly(similarities[node]);
          }
          return null;
        });
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(
            () ->
                propagate(
                    graph(embeddings), embeddings, config.toBuilder().setBackground(3).build()))
        .withMessage(
            "propagate.background is 3, valid is 0 to 2, the graph's neighbours of a node");
  }

  @Test
  void withoutLabelsNothingIsJudged() throws IOException {
    StoredArtifact embeddings = line(0, new int[] {-1, -1, -1, -1, -1, -1});
    PositiveSet set = propagate(graph(embeddings), embeddings, CONFIG).content().getPositiveSet();
    assertThat(set.getPerHopList()).containsExactly(statistics(1, 6, 0, 0), statistics(2, 4, 0, 0));
  }

  @Test
  void moreNeighboursThanTheGraphHasAreRefused() throws IOException {
    StoredArtifact embeddings = line(0, LABELS);
    StoredArtifact graph = graph(embeddings);
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> propagate(graph, embeddings, CONFIG.toBuilder().setK(3).build()))
        .withMessage("propagate.k is 3, valid is 1 to 2, the graph's neighbours of a node");
  }

  @Test
  void aGraphOfOtherEmbeddingsIsRefused() throws IOException {
    StoredArtifact embeddings = line(0, LABELS);
    StoredArtifact graph = graph(embeddings);
    List<Row> moved = new ArrayList<>();
    for (int i = 0; i < LINE.length; i++) {
      moved.add(new Row(10L * i, "train", LABELS[i], -LINE[i] * LINE[i]));
    }
    StoredArtifact sameIds = EmbeddingSets.publish(runner.store(), List.of("a", "b"), moved);
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> propagate(graph, sameIds, CONFIG))
        .withMessage(
            "input graph of step propagate was made of embeddings %s, valid is one that was made of"
                + " its input embeddings, %s",
            embeddings.digest(), sameIds.digest());
  }

  /** What was made elsewhere may claim what is not so. */
  @Test
  void aGraphMustHaveTheNodesOfItsEmbeddings() throws IOException {
    StoredArtifact graph = graph(line(0, LABELS));
    StoredArtifact otherIds = line(5, LABELS);
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> propagate(claiming(graph, otherIds), otherIds, CONFIG))
        .withMessage(
            "step propagate: the graph was not made of these embeddings: it has node 0, the"
                + " embeddings have example 5 in its place");
    List<Row> fewer =
        List.of(new Row(0, "train", 0, 1f), new Row(10, "train", 0, 2f), new Row(20, "dev", 0, 3f));
    StoredArtifact otherCount = EmbeddingSets.publish(runner.store(), List.of("a"), fewer);
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> propagate(claiming(graph, otherCount), otherCount, CONFIG))
        .withMessageEndingWith("it has 6 nodes, the embeddings' split train has 2 examples");
  }

  private static StoredArtifact claiming(StoredArtifact graph, StoredArtifact embeddings) {
    Content.Builder content = graph.content().toBuilder();
    content.getNeighborGraphBuilder().setEmbeddings(embeddings.digest());
    return Artifacts.withContent(graph, content.build());
  }

  @Test
  void baselinesHaveGraphsToo() throws IOException {
    StoredArtifact embeddings = line(0, LABELS);
    FeatureChoice pixels =
        FeatureChoice.newBuilder()
            .setSource(FeatureSource.FEATURE_SOURCE_PIXELS)
            .setLayer("pixels")
            .build();
    StoredArtifact graph =
        runner.run(
            new GraphStage(),
            GRAPH.toBuilder().setFeatures(pixels).setMetric(Metric.METRIC_COSINE).build(),
            Map.of("embeddings", embeddings));
    StoredArtifact artifact = propagate(graph, embeddings, CONFIG);
    Artifacts.read(
        artifact,
        Tables.POSITIVES,
        table -> {
          for (int node = 0; node < 6; node++) {
            for (float similarity : table.floatList("hard_similarities", node)) {
              assertThat(similarity).isBetween(-1f, 1f);
            }
          }
          return null;
        });
  }
}
