package org.kindred.stages.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatException;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.linalg.UnitRows;
import org.kindred.proto.artifact.v1.Metric;
import org.kindred.proto.artifact.v1.NeighborGraph;
import org.kindred.proto.pipeline.v1.FeatureChoice;
import org.kindred.proto.pipeline.v1.GraphConfig;
import org.kindred.proto.pipeline.v1.NeighborSearch;
import org.kindred.stages.StageException;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.testing.Artifacts;
import org.kindred.stages.testing.EmbeddingSets;
import org.kindred.stages.testing.EmbeddingSets.Row;
import org.kindred.stages.testing.StageRunner;

class GraphStageTest {
  private static final List<String> CLASSES = List.of("a", "b", "c");

  @TempDir Path directory;
  private StageRunner runner;

  @BeforeEach
  void open() {
    runner = StageRunner.in(directory.resolve("store"));
  }

  private StoredArtifact publish(List<Row> rows) throws IOException {
    return EmbeddingSets.publish(runner.store(), CLASSES, rows);
  }

  private StoredArtifact graph(List<Row> rows, GraphConfig.Builder config) throws IOException {
    return runner.run(new GraphStage(), config.build(), Map.of("embeddings", publish(rows)));
  }

  private void assertFails(List<Row> rows, GraphConfig.Builder config, String message) {
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> graph(rows, config))
        .withMessageEndingWith(message);
  }

  /** Rows of two splits; some of the first are equal, so that there are ties. */
  private static List<Row> rowsWithTies() {
    List<Row> rows = new ArrayList<>(EmbeddingSets.clustered("train", 3, 30, 3));
    for (int i = 20; i < 30; i++) {
      Row row = rows.get(i);
      rows.set(i, new Row(row.id(), row.split(), -1, rows.get(i - 18).vector()));
    }
    rows.addAll(EmbeddingSets.clustered("test", 200, 5, 3));
    return rows;
  }

  @ParameterizedTest
  @EnumSource(
      value = Metric.class,
      names = {"METRIC_COSINE", "METRIC_EUCLIDEAN"})
  void neighboursAreThoseOfASearchThroughAll(Metric metric) throws IOException {
    List<Row> rows = rowsWithTies();
    List<Row> nodes = rows.subList(0, 30);
    StoredArtifact artifact = graph(rows, GraphConfig.newBuilder().setK(7).setMetric(metric));
    NeighborGraph graph = artifact.content().getNeighborGraph();
    assertThat(graph.getNodes()).isEqualTo(30);
    assertThat(graph.getK()).isEqualTo(7);
    assertThat(graph.getMetric()).isEqualTo(metric);
    assertThat(graph.getSplit()).isEqualTo("train");
    assertThat(graph.getFeatures().getTable()).isEqualTo("learned-embedding");
    Artifacts.read(
        artifact,
        Tables.NEIGHBORS,
        table -> {
          assertThat(table.metadata()).containsEntry("metric", metric.name());
          assertThat(table.longs("id"))
              .containsExactly(nodes.stream().mapToLong(Row::id).toArray());
          assertThat(table.ints("label"))
              .containsExactly(nodes.stream().mapToInt(Row::label).toArray());
          for (int node = 0; node < 30; node++) {
            List<Neighbor> expected = search(nodes, node, metric).subList(0, 7);
            assertThat(table.longList("neighbors", node))
                .as("node %d", node)
                .containsExactly(expected.stream().mapToLong(Neighbor::id).toArray());
            for (int i = 0; i < 7; i++) {
              assertThat(table.floatList("similarities", node)[i])
                  .isEqualTo(expected.get(i).similarity());
            }
          }
          return null;
        });
  }

  private record Neighbor(long id, float similarity) {}

  private static List<Neighbor> search(List<Row> nodes, int node, Metric metric) {
    List<Row> others = new ArrayList<>(nodes);
    return search(others.remove(node), others, metric);
  }

  private static List<Neighbor> search(Row node, List<Row> base, Metric metric) {
    float[] query = vector(node, metric);
    return base.stream()
        .map(
            row ->
                new Neighbor(
                    row.id(),
                    Similarity.of(metric).score(query, 0, vector(row, metric), 0, query.length)))
        .sorted(
            Comparator.comparing(Neighbor::similarity).reversed().thenComparingLong(Neighbor::id))
        .toList();
  }

  private static float[] vector(Row row, Metric metric) {
    float[] vector = row.vector().clone();
    if (metric == Metric.METRIC_COSINE) {
      UnitRows.normalize(vector, vector.length, 0);
    }
    return vector;
  }

  @Test
  void tilesAndParallelismDoNotChangeTheFiles() throws IOException {
    StoredArtifact embeddings = publish(EmbeddingSets.clustered("train", 0, 9000, 3));
    Map<String, StoredArtifact> inputs = Map.of("embeddings", embeddings);
    GraphConfig.Builder config = GraphConfig.newBuilder().setK(4);
    StoredArtifact tiled = runner.run(new GraphStage(), config.setTileRows(4096).build(), inputs);
    StoredArtifact whole =
        new StageRunner(runner.store(), 1)
            .run(new GraphStage(), config.setTileRows(16384).build(), inputs);
    assertThat(tiled.parts(Tables.NEIGHBORS)).hasSize(3);
    assertThat(Artifacts.files(whole)).isEqualTo(Artifacts.files(tiled));
  }

  @Test
  void shardsOfTheEmbeddingsDoNotChangeTheFiles() throws IOException {
    List<Row> rows = rowsWithTies();
    GraphConfig config = GraphConfig.newBuilder().setK(7).build();
    StoredArtifact whole =
        runner.run(new GraphStage(), config, Map.of("embeddings", publish(rows)));
    for (int shardRows : new int[] {1, 7, 32}) {
      StoredArtifact shards = EmbeddingSets.publish(runner.store(), CLASSES, rows, shardRows);
      assertThat(
              Artifacts.files(runner.run(new GraphStage(), config, Map.of("embeddings", shards))))
          .isEqualTo(Artifacts.files(whole));
    }
  }

  @Test
  void shardsOfOtherDimensionsAreNamed() throws IOException {
    List<Row> rows = new ArrayList<>(EmbeddingSets.clustered("train", 0, 6, 3));
    rows.addAll(EmbeddingSets.clustered("train", 18, 6, 4));
    StoredArtifact mixed = EmbeddingSets.publish(runner.store(), CLASSES, rows, 6);
    assertThatException()
        .isThrownBy(
            () ->
                runner.run(
                    new GraphStage(),
                    GraphConfig.newBuilder().setK(2).build(),
                    Map.of("embeddings", mixed)))
        .withStackTraceContaining("learned-embedding-000001.arrow")
        .withStackTraceContaining("the parts before it");
  }

  @Test
  void everyOtherNodeMayBeANeighbour() throws IOException {
    List<Row> rows = EmbeddingSets.clustered("train", 0, 5, 3);
    assertThat(graph(rows, GraphConfig.newBuilder().setK(4)).rows(Tables.NEIGHBORS)).isEqualTo(5);
    assertFails(
        rows,
        GraphConfig.newBuilder().setK(5),
        "graph.k is 5, valid is 1 to 4: split train has 5 examples");
  }

  @Test
  void labelsAreNotNeeded() throws IOException {
    List<Row> rows =
        EmbeddingSets.clustered("train", 0, 6, 3).stream()
            .map(row -> new Row(row.id(), row.split(), -1, row.vector()))
            .toList();
    StoredArtifact artifact = graph(rows, GraphConfig.newBuilder().setK(1));
    assertThat(Artifacts.ints(artifact, Tables.NEIGHBORS, "label")).containsOnly(-1);
  }

  private static NeighborSearch search(boolean isApproximate) {
    NeighborSearch.Builder search = NeighborSearch.newBuilder();
    if (isApproximate) {
      search.getApproximateBuilder().setTargetRecall(0.9);
    } else {
      search.getExactBuilder();
    }
    return search.build();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatCannotBeComparedIsNamed(boolean isApproximate) {
    List<Row> rows = EmbeddingSets.clustered("train", 0, 12, 3);
    GraphConfig.Builder config = GraphConfig.newBuilder().setK(2).setSearch(search(isApproximate));
    assertFails(
        rows,
        config.clone().setK(12),
        "graph.k is 12, valid is 1 to 11: split train has 12 examples");
    assertFails(
        rows,
        config.clone().setSplit("dev"),
        "graph.split is \"dev\", valid are the embeddings' splits: train");
    assertFails(
        rows,
        config.clone().setFeatures(FeatureChoice.newBuilder().setLayer("pooled")),
        "step graph reads learned features of layer \"pooled\", valid are: learned embedding,"
            + " pixels pixels");
    assertFails(
        rows,
        config.clone().setTileRows(5000),
        "graph.tile_rows is 5000, valid are multiples of 4096");
    rows.set(4, new Row(12, "train", 1, 0, Float.NaN, 0));
    assertFails(
        rows,
        config,
        ": table learned-embedding: value 1 of example 12 is NaN, valid are finite numbers");
    rows.set(4, new Row(12, "train", 1, 0, 0, Float.NEGATIVE_INFINITY));
    assertFails(
        rows,
        config.setMetric(Metric.METRIC_EUCLIDEAN),
        ": table learned-embedding: value 2 of example 12 is -Infinity, valid are finite numbers");
    rows.set(4, new Row(12, "train", 1, 0, 2e19f, 0));
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> graph(rows, config))
        .withMessageContaining(": table learned-embedding: example 12 has squared norm 3.9");
  }

  /** Of two rows that have nothing in common the cosine is 0. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aRowOfZerosHasNeighboursToo(boolean isApproximate) throws IOException {
    List<Row> rows = EmbeddingSets.clustered("train", 0, 6, 3);
    rows.set(4, new Row(12, "train", 1, 0, 0, 0));
    StoredArtifact artifact =
        graph(rows, GraphConfig.newBuilder().setK(2).setSearch(search(isApproximate)));
    Artifacts.read(
        artifact,
        Tables.NEIGHBORS,
        table -> {
          assertThat(table.longList("neighbors", 4)).as("ties, by id").containsExactly(0, 3);
          assertThat(table.floatList("similarities", 4)).containsExactly(0, 0);
          return null;
        });
  }

  /** Ids of the base lie below and above the nodes', and some are the same as nodes'. */
  @ParameterizedTest
  @EnumSource(
      value = Metric.class,
      names = {"METRIC_COSINE", "METRIC_EUCLIDEAN"})
  void aCrossGraphTakesNeighboursFromElsewhere(Metric metric) throws IOException {
    List<Row> rows = rowsWithTies();
    List<Row> nodes = rows.subList(0, 30);
    List<Row> others = EmbeddingSets.clustered("dev", 0, 9, 3);
    GraphConfig.Builder config =
        GraphConfig.newBuilder().setMetric(metric).setK(5).setBaseSplit("test");
    StoredArtifact split = graph(rows, config);
    assertCross(split, nodes, rows.subList(30, 35), metric, 5);
    StoredArtifact set =
        runner.run(
            new GraphStage(),
            config.setK(9).setBaseSplit("dev").build(),
            Map.of("embeddings", publish(rows), "base", publish(others)));
    assertCross(set, nodes, others, metric, 9);
  }

  private static void assertCross(
      StoredArtifact artifact, List<Row> nodes, List<Row> base, Metric metric, int k)
      throws IOException {
    NeighborGraph graph = artifact.content().getNeighborGraph();
    assertThat(graph.getNodes()).isEqualTo(nodes.size());
    assertThat(graph.getBase().getRows()).isEqualTo(base.size());
    assertThat(graph.getBase().getSplit()).isEqualTo(base.get(0).split());
    assertThat(graph.getBase().getEmbeddings()).isNotEmpty();
    assertThat(graph.hasApproximation()).isFalse();
    Artifacts.read(
        artifact,
        Tables.NEIGHBORS,
        table -> {
          for (int node = 0; node < nodes.size(); node++) {
            List<Neighbor> expected = search(nodes.get(node), base, metric).subList(0, k);
            assertThat(table.longList("neighbors", node))
                .as("node %d", node)
                .containsExactly(expected.stream().mapToLong(Neighbor::id).toArray());
            assertThat(table.floatList("similarities", node)[k - 1])
                .isEqualTo(expected.get(k - 1).similarity());
          }
          return null;
        });
  }

  @Test
  void tilesDoNotChangeACrossGraph() throws IOException {
    List<Row> rows = new ArrayList<>(EmbeddingSets.clustered("train", 0, 9000, 3));
    rows.addAll(EmbeddingSets.clustered("test", 100_000, 5000, 3));
    Map<String, StoredArtifact> inputs = Map.of("embeddings", publish(rows));
    GraphConfig.Builder config =
        GraphConfig.newBuilder().setK(4).setSplit("test").setBaseSplit("train");
    StoredArtifact tiled = runner.run(new GraphStage(), config.setTileRows(4096).build(), inputs);
    StoredArtifact whole =
        new StageRunner(runner.store(), 1)
            .run(new GraphStage(), config.setTileRows(16384).build(), inputs);
    assertThat(tiled.parts(Tables.NEIGHBORS)).hasSize(2);
    assertThat(Artifacts.files(whole)).isEqualTo(Artifacts.files(tiled));
  }

  @Test
  void aBaseThatCannotServeIsNamed() throws IOException {
    List<Row> rows = rowsWithTies();
    GraphConfig.Builder config = GraphConfig.newBuilder().setK(6);
    assertFails(
        rows,
        config.clone().setBaseSplit("test"),
        "graph.k is 6, valid is 1 to 5: split test has 5 examples");
    assertFails(
        rows,
        config.clone().setBaseSplit("train"),
        "graph.split and graph.base_split are both \"train\": every node would find itself");
    assertFails(
        rows,
        config.clone().setBaseSplit("dev"),
        "graph.base_split is \"dev\", valid are the embeddings' splits: test, train");
    Map<String, StoredArtifact> inputs =
        Map.of(
            "embeddings", publish(rows), "base", publish(EmbeddingSets.clustered("dev", 0, 9, 4)));
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(
            () -> runner.run(new GraphStage(), config.clone().setBaseSplit("dev").build(), inputs))
        .withMessage("features of input base have dimension 4, valid is that of the nodes, 3");
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> runner.run(new GraphStage(), config.build(), inputs))
        .withMessage(
            "graph.base_split is empty, but there is an input base: valid is one of its splits");
  }

  @Test
  void anIdThatComesTwiceIsNamed() {
    List<Row> rows = EmbeddingSets.clustered("train", 0, 6, 3);
    rows.set(4, new Row(9, "train", 1, 0, 1, 0));
    assertFails(
        rows,
        GraphConfig.newBuilder().setK(2),
        ": table learned-embedding: id 9 comes after id 9, valid are ids in order, each once in a split");
  }
}
