package org.kindred.stages.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;
import org.kindred.proto.artifact.v1.GraphApproximation;
import org.kindred.proto.artifact.v1.Metric;
import org.kindred.proto.pipeline.v1.GraphConfig;
import org.kindred.proto.pipeline.v1.NeighborSearch;
import org.kindred.stages.StageException;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.testing.Artifacts;
import org.kindred.stages.testing.EmbeddingSets;
import org.kindred.stages.testing.EmbeddingSets.Row;
import org.kindred.stages.testing.StageRunner;

class ProbeClustersTest {
  private static final int DIMENSION = 12;

  @TempDir Path directory;
  private StageRunner runner;

  @BeforeEach
  void open() {
    runner = StageRunner.in(directory.resolve("store"));
  }

  /** Rows all over a sphere, so that clusters have neighbours on either side of their borders. */
  private static List<Row> scattered(String split, int first, int count) {
    List<Row> rows = new ArrayList<>();
    for (int id = first; id < first + count; id++) {
      CounterRandom random = new CounterRandom(Domain.VIEW, 11, 0, id, 0);
      float[] vector = new float[DIMENSION];
      for (int d = 0; d < DIMENSION; d++) {
        vector[d] = (float) ((random.nextDouble() - 0.5) / (1 + d));
      }
      rows.add(new Row(id, split, -1, vector));
    }
    return rows;
  }

  private static NeighborSearch approximate(double recall) {
    NeighborSearch.Builder search = NeighborSearch.newBuilder();
    search.getApproximateBuilder().setTargetRecall(recall);
    return search.build();
  }

  private StoredArtifact graph(Map<String, StoredArtifact> inputs, GraphConfig.Builder config)
      throws IOException {
    return runner.run(new GraphStage(), config.build(), inputs);
  }

  private static List<Set<Long>> neighbors(StoredArtifact artifact) throws IOException {
    return Artifacts.read(
        artifact,
        Tables.NEIGHBORS,
        table -> {
          List<Set<Long>> sets = new ArrayList<>();
          for (int row = 0; row < table.rows(); row++) {
            Set<Long> set = new HashSet<>();
            Arrays.stream(table.longList("neighbors", row)).forEach(set::add);
            sets.add(set);
          }
          return sets;
        });
  }

  private static double recall(StoredArtifact found, StoredArtifact exact) throws IOException {
    List<Set<Long>> expected = neighbors(exact);
    List<Set<Long>> actual = neighbors(found);
    assertThat(actual).hasSameSizeAs(expected);
    long common = 0;
    long all = 0;
    for (int row = 0; row < expected.size(); row++) {
      all += expected.get(row).size();
      common += expected.get(row).stream().filter(actual.get(row)::contains).count();
    }
    return (double) common / all;
  }

  @Test
  void itsRecallIsWhatItTells() throws IOException {
    List<Row> rows = scattered("train", 0, 5000);
    rows.addAll(scattered("test", 5000, 600));
    Map<String, StoredArtifact> inputs =
        Map.of("embeddings", EmbeddingSets.publish(runner.store(), List.of(), rows));
    for (String base : List.of("", "train")) {
      GraphConfig.Builder config =
          GraphConfig.newBuilder()
              .setK(8)
              .setMetric(Metric.METRIC_EUCLIDEAN)
              .setSplit(base.isEmpty() ? "train" : "test")
              .setBaseSplit(base);
      StoredArtifact exact = graph(inputs, config);
      StoredArtifact found = graph(inputs, config.setSearch(approximate(0.9)));
      GraphApproximation told = found.content().getNeighborGraph().getApproximation();
      assertThat(told.getTargetRecall()).isEqualTo(0.9);
      assertThat(told.getClusters()).isEqualTo(141);
      assertThat(told.getProbes()).isBetween(2, 60);
      assertThat(told.getSampledNodes()).isEqualTo(base.isEmpty() ? 1000 : 300);
      assertThat(told.getRecall()).isBetween(told.getRecallLower(), told.getRecallUpper());
      double actual = recall(found, exact);
      assertThat(actual).isBetween(0.9, 0.99);
      assertThat(actual).isBetween(told.getRecallLower() - 0.01, told.getRecallUpper() + 0.01);
      assertThat(exact.content().getNeighborGraph().hasApproximation()).isFalse();
    }
  }

  @Test
  void runsAndParallelismDoNotChangeTheFiles() throws IOException {
    StoredArtifact embeddings =
        EmbeddingSets.publish(runner.store(), List.of(), scattered("train", 0, 40_000));
    Map<String, StoredArtifact> inputs = Map.of("embeddings", embeddings);
    GraphConfig.Builder config = GraphConfig.newBuilder().setK(4).setSearch(approximate(0.8));
    StoredArtifact runs = graph(inputs, config.setTileRows(4096));
    StoredArtifact one =
        new StageRunner(runner.store(), 1)
            .run(new GraphStage(), config.setTileRows(16384).build(), inputs);
    assertThat(runs.parts(Tables.NEIGHBORS)).hasSize(10);
    assertThat(Artifacts.files(one)).isEqualTo(Artifacts.files(runs));
    assertThat(one.content().getNeighborGraph().getApproximation())
        .isEqualTo(runs.content().getNeighborGraph().getApproximation());
  }

  @Test
  void veryFewNodesAreSearchedToo() throws IOException {
    List<Row> rows = scattered("train", 0, 3);
    rows.addAll(scattered("test", 3, 1));
    Map<String, StoredArtifact> inputs =
        Map.of("embeddings", EmbeddingSets.publish(runner.store(), List.of(), rows));
    GraphConfig.Builder config = GraphConfig.newBuilder().setK(2).setSearch(approximate(0.5));
    StoredArtifact all = graph(inputs, config);
    assertThat(neighbors(all)).containsExactly(Set.of(1L, 2L), Set.of(0L, 2L), Set.of(0L, 1L));
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> graph(inputs, config.clone().setSplit("test").setBaseSplit("train")))
        .withMessage(
            "graph.search is approximate, but split test has 1 examples, valid are 2 or more");
  }

  /** By FLOPs: 50,000 rows are compared with one another, of 1,000,000 only the near ones. */
  @Test
  void autoIsDecidedByTheNumbersOfRows() throws IOException {
    NeighborSearch.Builder auto = NeighborSearch.newBuilder();
    auto.getAutoBuilder().setTargetRecall(0.95);
    GraphConfig config = GraphConfig.newBuilder().setK(2).setSearch(auto).build();
    StoredArtifact few =
        EmbeddingSets.publish(runner.store(), List.of(), scattered("train", 0, 300));
    var context = runner.context(new GraphStage(), config, Map.of("embeddings", few));
    assertThat(SearchPlan.of(context).targetRecall()).isEmpty();
    assertThat(new GraphStage().estimate(context).orElseThrow().notes().get(0))
        .matches(
            "exact 1.1e\\+06 FLOPs, approximate about .* at recall 0.95: exact, approximate must be"
                + " below a quarter");
    assertThat(graph(Map.of("embeddings", few), config.toBuilder()).content().getNeighborGraph())
        .matches(made -> !made.hasApproximation());

    StoredArtifact many = planned(few, 1_000_000);
    var large = runner.context(new GraphStage(), config, Map.of("embeddings", many));
    assertThat(SearchPlan.of(large).targetRecall()).contains(0.95);
    assertThat(new GraphStage().estimate(large).orElseThrow().notes().get(0))
        .endsWith("at recall 0.95: approximate");
  }

  private static StoredArtifact planned(StoredArtifact like, int rows) {
    var content = like.content().toBuilder();
    content.getEmbeddingSetBuilder().setExamples(rows).getSplitsBuilder(0).setExamples(rows);
    return StoredArtifact.planned("many", content.build(), like.manifest().getProducer());
  }
}
