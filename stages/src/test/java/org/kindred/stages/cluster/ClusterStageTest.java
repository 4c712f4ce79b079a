package org.kindred.stages.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.protobuf.TextFormat;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.kindred.proto.artifact.v1.Clustering;
import org.kindred.proto.artifact.v1.ClusteringResult;
import org.kindred.proto.artifact.v1.Metric;
import org.kindred.proto.pipeline.v1.BalancedClusters;
import org.kindred.proto.pipeline.v1.ClusterConfig;
import org.kindred.proto.pipeline.v1.ClusterStart;
import org.kindred.proto.pipeline.v1.EmptyClusterRule;
import org.kindred.proto.pipeline.v1.Execution;
import org.kindred.proto.pipeline.v1.GraphClusterKind;
import org.kindred.proto.pipeline.v1.GraphClusters;
import org.kindred.proto.pipeline.v1.GraphConfig;
import org.kindred.stages.StageException;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.graph.GraphStage;
import org.kindred.stages.testing.Artifacts;
import org.kindred.stages.testing.EmbeddingSets;
import org.kindred.stages.testing.EmbeddingSets.Row;
import org.kindred.stages.testing.StageRunner;

class ClusterStageTest {
  private static final List<String> CLASSES = List.of("a", "b", "c");

  @TempDir Path directory;
  private StageRunner runner;

  @BeforeEach
  void open() {
    runner = StageRunner.in(directory.resolve("store"));
  }

  private static List<Row> rows() {
    List<Row> rows = new ArrayList<>(EmbeddingSets.clustered("train", 0, 9, 3));
    rows.addAll(EmbeddingSets.clustered("test", 100, 20, 3));
    return rows;
  }

  private StoredArtifact cluster(List<String> classes, List<Row> rows, ClusterConfig.Builder config)
      throws IOException {
    StoredArtifact embeddings = EmbeddingSets.publish(runner.store(), classes, rows);
    return runner.run(new ClusterStage(), config.build(), Map.of("embeddings", embeddings));
  }

  private void assertFails(
      List<String> classes, List<Row> rows, ClusterConfig.Builder config, String message) {
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> cluster(classes, rows, config))
        .withMessageEndingWith(message);
  }

  @ParameterizedTest
  @EnumSource(
      value = Metric.class,
      names = {"METRIC_COSINE", "METRIC_EUCLIDEAN"})
  void findsTheClustersThatAreThere(Metric metric) throws IOException {
    StoredArtifact artifact =
        cluster(CLASSES, rows(), ClusterConfig.newBuilder().setMetric(metric));
    Clustering clustering = artifact.content().getClustering();
    assertThat(clustering.getSplit()).isEqualTo("test");
    assertThat(clustering.getResultsList())
        .extracting(result -> result.getFeatures().getTable())
        .containsExactly("learned-embedding", "pixels");
    ClusteringResult learned = clustering.getResults(0);
    assertThat(learned.getClusters()).isEqualTo(3);
    assertThat(learned.getRows()).isEqualTo(20);
    assertThat(learned.getMetric()).isEqualTo(metric);
    assertThat(learned.getConverged()).isTrue();
    assertThat(learned.getRestarts()).isEqualTo(10);
    assertThat(learned.getIterations()).isEqualTo(300);
    assertThat(learned.getStart()).isEqualTo("k-means++");
    assertThat(learned.getSeed()).isEqualTo(StageRunner.SEED);
    List<Double> inertia = learned.getInertiaList();
    assertThat(inertia).isNotEmpty().isSortedAccordingTo((a, b) -> Double.compare(b, a));
    Artifacts.read(
        artifact,
        learned.getAssignmentsTable(),
        table -> {
          assertThat(table.longs("id")).hasSize(20).startsWith(100, 103, 106);
          int[] labels = table.ints("label");
          int[] clusters = table.ints("cluster");
          Set<String> pairs = new TreeSet<>();
          double sum = 0;
          for (int row = 0; row < 20; row++) {
            assertThat(labels[row]).isEqualTo(row % 3);
            pairs.add(labels[row] + "-" + clusters[row]);
            sum += table.floats("squared_distance")[row];
          }
          assertThat(pairs).as("each class is a cluster").hasSize(3);
          assertThat(inertia.get(inertia.size() - 1)).isBetween(sum - 1e-5, sum + 1e-5);
          return null;
        });
    assertThat(Artifacts.vectors(artifact, learned.getCentersTable())).hasSize(9);
  }

  @Test
  void filesDoNotDependOnTheRunnersParallelism() throws IOException {
    StoredArtifact embeddings =
        EmbeddingSets.publish(runner.store(), CLASSES, EmbeddingSets.clustered("test", 0, 300, 5));
    Map<String, StoredArtifact> inputs = Map.of("embeddings", embeddings);
    // So many that the restarts are two work items.
    ClusterConfig config = ClusterConfig.newBuilder().setClusters(60).build();
    assertThat(new StageRunner(runner.store(), 1).run(new ClusterStage(), config, inputs).digest())
        .isEqualTo(
            new StageRunner(runner.store(), 4).run(new ClusterStage(), config, inputs).digest());
  }

  /** Few clusters have rounds in which no row is drawn; more rows than 65,536 are two shards. */
  @ParameterizedTest
  @CsvSource({
    "300,12,parallel,split,METRIC_EUCLIDEAN",
    "300,2,parallel,split,METRIC_EUCLIDEAN",
    "300,3,parallel,unchanged,METRIC_COSINE",
    "300,12,random_rows,split,METRIC_EUCLIDEAN",
    "70000,3,parallel,split,METRIC_EUCLIDEAN",
    "70000,12,random_rows,unchanged,METRIC_COSINE"
  })
  void rowsMayBeSpreadOverWorkers(
      int count, int clusters, String start, String emptyClusters, Metric metric)
      throws IOException {
    List<Row> rows = EmbeddingSets.clustered("test", 0, count, 5);
    StoredArtifact embeddings = EmbeddingSets.publish(runner.store(), CLASSES, rows);
    ClusterConfig config =
        ClusterConfig.newBuilder()
            .setClusters(clusters)
            .setMetric(metric)
            .setRestarts(6)
            .setIterations(5)
            .setStart(ClusterStart.valueOf("CLUSTER_START_" + start.toUpperCase(Locale.ROOT)))
            .setEmptyClusters(
                EmptyClusterRule.valueOf(
                    "EMPTY_CLUSTER_RULE_" + emptyClusters.toUpperCase(Locale.ROOT)))
            .build();
    Map<String, StoredArtifact> inputs = Map.of("embeddings", embeddings);
    StoredArtifact inMemory =
        runner.run(
            new ClusterStage(),
            config.toBuilder().setExecution(Execution.EXECUTION_IN_MEMORY).build(),
            inputs);
    StoredArtifact distributed =
        runner.run(
            new ClusterStage(),
            config.toBuilder().setExecution(Execution.EXECUTION_DISTRIBUTED).build(),
            inputs);
    assertThat(distributed.content()).isEqualTo(inMemory.content());
    assertThat(inMemory.content().getClustering().getResults(0).getInertiaCount()).isGreaterThan(1);
  }

  @Test
  void whatOnlyWorksInMemoryIsRefusedOtherwise() {
    ClusterConfig.Builder spread =
        ClusterConfig.newBuilder().setExecution(Execution.EXECUTION_DISTRIBUTED);
    String when = ", when the rows are spread over the workers";
    assertFails(
        CLASSES,
        rows(),
        spread,
        "cluster.start is plus_plus, valid are parallel and random_rows" + when);
    spread.setStart(ClusterStart.CLUSTER_START_PARALLEL);
    assertFails(
        CLASSES,
        rows(),
        spread,
        "cluster.empty_clusters is farthest_row, valid are split and unchanged" + when);
    spread.setEmptyClusters(EmptyClusterRule.EMPTY_CLUSTER_RULE_SPLIT);
    assertFails(CLASSES, rows(), spread, "cluster.iterations is 300, valid is 1 to 100" + when);
    assertFails(
        CLASSES,
        EmbeddingSets.clustered("test", 0, 9000, 200),
        spread.clone().setIterations(5).setClusters(9000).setRestarts(1000),
        "cluster.restarts is 1000, valid is 1 to 74, when the rows are spread over the workers: the"
            + " sums of 9000 clusters of table learned-embedding, of dimension 200, take 14.5 MB"
            + " each");
    spread.setBalanced(BalancedClusters.getDefaultInstance());
    assertFails(CLASSES, rows(), spread, "cluster.balanced is set, valid is k-means alone" + when);
  }

  @Test
  void aRowThatCannotBeClusteredIsNamedWhereverItIs() {
    List<Row> rows = rows();
    rows.set(11, new Row(106, "test", 2, 1, 2, Float.NaN));
    assertFails(
        CLASSES,
        rows,
        ClusterConfig.newBuilder()
            .setStart(ClusterStart.CLUSTER_START_RANDOM_ROWS)
            .setEmptyClusters(EmptyClusterRule.EMPTY_CLUSTER_RULE_SPLIT)
            .setIterations(1)
            .setExecution(Execution.EXECUTION_DISTRIBUTED),
        ": table learned-embedding: value 2 of example 106 is NaN, valid are finite numbers");
  }

  @Test
  void balancedClustersHaveEqualSizes() throws IOException {
    List<Row> rows = new ArrayList<>(EmbeddingSets.clustered("test", 0, 90, 3));
    rows.addAll(EmbeddingSets.clustered("test", 1000, 30, 1).stream().map(this::widened).toList());
    StoredArtifact artifact =
        cluster(
            CLASSES,
            rows,
            ClusterConfig.newBuilder()
                .setClusters(3)
                .setMetric(Metric.METRIC_COSINE)
                .setBalanced(BalancedClusters.newBuilder().setSinkhornIterations(200)));
    int[] sizes = new int[3];
    for (int cluster : Artifacts.ints(artifact, "assignments-learned-embedding", "cluster")) {
      sizes[cluster]++;
    }
    assertThat(sizes).as("60, 30 and 30 rows are near to the axes").containsOnly(40);
    ClusteringResult learned = artifact.content().getClustering().getResults(0);
    assertThat(learned.getMethod())
        .isEqualTo(
            "k-means and 3 rounds of balanced assignment, Sinkhorn with epsilon 0.05 and 200"
                + " iterations");
  }

  private Row widened(Row row) {
    return new Row(row.id(), row.split(), 0, row.vector()[0], 0.03f, 0.02f);
  }

  private StoredArtifact clusterGraph(List<Row> rows, GraphClusters.Builder clusters)
      throws IOException {
    StoredArtifact embeddings = EmbeddingSets.publish(runner.store(), CLASSES, rows);
    StoredArtifact graph =
        runner.run(
            new GraphStage(),
            GraphConfig.newBuilder().setK(4).setSplit("test").build(),
            Map.of("embeddings", embeddings));
    return runner.run(
        new ClusterStage(),
        ClusterConfig.newBuilder().setGraph(clusters).build(),
        Map.of("embeddings", embeddings, "graph", graph));
  }

  @ParameterizedTest
  @CsvSource({
    "GRAPH_CLUSTER_KIND_COMPONENTS,'connected components, the 4 nearest'",
    "GRAPH_CLUSTER_KIND_DENSITY_PEAKS,'density peaks, the 4 nearest, prominence 1.0'"
  })
  void clustersOfTheGraphAreThoseThatAreThere(GraphClusterKind kind, String method)
      throws IOException {
    StoredArtifact artifact =
        clusterGraph(rows(), GraphClusters.newBuilder().setKind(kind).setProminence(1));
    ClusteringResult learned = artifact.content().getClustering().getResults(0);
    assertThat(artifact.content().getClustering().getSplit()).isEqualTo("test");
    assertThat(learned.getClusters()).isEqualTo(3);
    assertThat(learned.getMethod()).isEqualTo(method);
    assertThat(learned.getGraph()).hasSize(64);
    assertThat(learned.getInertiaList()).hasSize(1);
    Artifacts.read(
        artifact,
        learned.getAssignmentsTable(),
        table -> {
          int[] clusters = table.ints("cluster");
          for (int row = 0; row < 20; row++) {
            assertThat(clusters[row]).as("by size, then by row").isEqualTo(row % 3);
          }
          return null;
        });
    assertThat(Artifacts.vectors(artifact, learned.getCentersTable())).hasSize(9);
  }

  @Test
  void aGraphAndWhatToDoWithItComeTogether() throws IOException {
    StoredArtifact embeddings = EmbeddingSets.publish(runner.store(), CLASSES, rows());
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(
            () ->
                runner.run(
                    new ClusterStage(),
                    ClusterConfig.newBuilder().setGraph(GraphClusters.getDefaultInstance()).build(),
                    Map.of("embeddings", embeddings)))
        .withMessage("cluster.graph is set, but step cluster has no input graph");
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> clusterGraph(rows(), GraphClusters.newBuilder().setK(5)))
        .withMessage("cluster.graph.k is 5, valid is 0 to 4, the graph's neighbours of a node");
  }

  @Test
  void aCrossGraphHasNoClusters() throws IOException {
    StoredArtifact embeddings = EmbeddingSets.publish(runner.store(), CLASSES, rows());
    List<Row> others = new ArrayList<>(rows());
    others.remove(0);
    StoredArtifact base = EmbeddingSets.publish(runner.store(), CLASSES, others);
    StoredArtifact cross =
        runner.run(
            new GraphStage(),
            GraphConfig.newBuilder().setK(4).setSplit("test").setBaseSplit("test").build(),
            Map.of("embeddings", embeddings, "base", base));
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(
            () ->
                runner.run(
                    new ClusterStage(),
                    ClusterConfig.newBuilder().setGraph(GraphClusters.getDefaultInstance()).build(),
                    Map.of("embeddings", embeddings, "graph", cross)))
        .withMessage(
            "the graph of step cluster is a cross graph: its neighbours, of split test, are no"
                + " nodes of it");
  }

  @ParameterizedTest
  @CsvSource({
    "split: \"train\", cluster.split is train",
    "layer: \"pooled\", cluster.layer is pooled",
    "clusters: 7, cluster.clusters is 7",
    "execution: EXECUTION_DISTRIBUTED, cluster.execution is EXECUTION_DISTRIBUTED"
  })
  void whatTheClustersOfAGraphDoNotReadIsRefused(String field, String message) throws Exception {
    StoredArtifact embeddings = EmbeddingSets.publish(runner.store(), CLASSES, rows());
    StoredArtifact graph =
        runner.run(
            new GraphStage(),
            GraphConfig.newBuilder().setK(4).setSplit("test").build(),
            Map.of("embeddings", embeddings));
    ClusterConfig config =
        TextFormat.parse(field, ClusterConfig.class).toBuilder()
            .setGraph(GraphClusters.getDefaultInstance())
            .build();
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(
            () ->
                runner.run(
                    new ClusterStage(), config, Map.of("embeddings", embeddings, "graph", graph)))
        .withMessageStartingWith(message + ", valid with cluster.graph is ");
  }

  @Test
  void oneClassIsOneCluster() throws IOException {
    List<Row> rows =
        rows().stream().map(row -> new Row(row.id(), row.split(), 0, row.vector())).toList();
    StoredArtifact artifact = cluster(List.of("only"), rows, ClusterConfig.newBuilder());
    assertThat(Artifacts.ints(artifact, "assignments-learned-embedding", "cluster"))
        .containsOnly(0);
  }

  @Test
  void withoutLabelsTheNumberOfClustersIsNeeded() throws IOException {
    List<Row> rows =
        rows().stream().map(row -> new Row(row.id(), row.split(), -1, row.vector())).toList();
    assertFails(
        List.of(),
        rows,
        ClusterConfig.newBuilder(),
        "cluster.clusters is 0, which is as many as classes, but the embeddings have none: valid is"
            + " 1 to 20");
    StoredArtifact artifact = cluster(List.of(), rows, ClusterConfig.newBuilder().setClusters(3));
    assertThat(Artifacts.ints(artifact, "assignments-learned-embedding", "label")).containsOnly(-1);
  }

  @Test
  void whatCannotBeClusteredIsNamed() {
    List<Row> rows = rows();
    assertFails(
        CLASSES,
        rows,
        ClusterConfig.newBuilder().setClusters(21),
        "cluster.clusters is 21, valid is 1 to 20, the examples of split test");
    assertFails(
        CLASSES,
        rows,
        ClusterConfig.newBuilder().setSplit("dev"),
        "cluster.split is \"dev\", valid are the embeddings' splits: test, train");
    assertFails(
        CLASSES,
        rows,
        ClusterConfig.newBuilder().setLayer("pooled"),
        "step cluster reads learned features of layer \"pooled\", valid are: learned embedding,"
            + " pixels pixels");
    rows.set(11, new Row(106, "test", 2, 1, 2, Float.POSITIVE_INFINITY));
    assertFails(
        CLASSES,
        rows,
        ClusterConfig.newBuilder(),
        ": table learned-embedding: value 2 of example 106 is Infinity, valid are finite numbers");
    rows.set(11, new Row(106, "test", 2, 0, 0, 2e19f));
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> cluster(CLASSES, rows, ClusterConfig.newBuilder()))
        .withMessageContaining(": table learned-embedding: example 106 has squared norm 3.9");
  }

  @Test
  void aRowOfZerosIsInAClusterToo() throws IOException {
    List<Row> rows = rows();
    rows.set(11, new Row(106, "test", 2, 0, 0, 0));
    StoredArtifact artifact =
        cluster(CLASSES, rows, ClusterConfig.newBuilder().setMetric(Metric.METRIC_COSINE));
    int[] clusters = Artifacts.ints(artifact, "assignments-learned-embedding", "cluster");
    assertThat(clusters[2]).isBetween(0, 2);
    for (int row = 3; row < 20; row++) {
      assertThat(clusters[row] == clusters[row % 3 == 2 ? 5 : row % 3]).as("row %d", row).isTrue();
    }
  }
}
