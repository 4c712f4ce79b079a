package org.kindred.runners.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kindred.runners.job.FlinkCluster;
import org.kindred.stages.artifact.ArtifactStore;
import org.kindred.stages.artifact.StoredArtifact;

/**
 * The workflow on a Flink cluster of processes: a JobManager and two TaskManagers of two slots
 * each.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class ClusterTest {
  private static final List<String> DATA_PARALLEL =
      List.of("ingest", "augment", "extract", "graph", "propagate", "cluster", "evaluate");

  /** Of these, who computes with TensorFlow. */
  private static final List<String> TENSORFLOW = List.of("extract", "graph", "cluster", "evaluate");

  @TempDir private static Path folder;
  private static FlinkCluster cluster;
  private static String experiment;
  private static JsonNode embedded;
  private static List<ProcessHandle> atFirst;
  private static int tensorFlowJobs;

  @BeforeAll
  static void start() throws IOException {
    Photographs.unpack(folder.resolve("photographs"), 40, 12);
    experiment = SmallExperiment.write(folder.resolve("small.yaml"), folder.resolve("photographs"));
    embedded = run("embedded", experiment);
    cluster =
        FlinkCluster.start(
            folder.resolve("flink"),
            freePort(),
            2,
            "-Dtaskmanager.numberOfTaskSlots=2 -Dtaskmanager.memory.process.size=3g"
                + " -Dtaskmanager.memory.task.off-heap.size=1g");
    atFirst = taskManagers();
  }

  @AfterAll
  static void stop() throws IOException {
    if (cluster != null) {
      cluster.close();
    }
  }

  /** The script takes the port after the next too; nobody else is likely to ask for it. */
  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort() - 2;
    }
  }

  private static JsonNode run(String store, String yaml, String... more) throws IOException {
    String[] arguments =
        Stream.concat(
                Stream.of("run", yaml, "--json", "--store", folder.resolve(store).toString()),
                Stream.of(more))
            .toArray(String[]::new);
    return CommandLineRun.of(arguments).succeeded().json();
  }

  /** The experiment, with the model of the embedded run in place of one trained anew. */
  private static String withModel() throws IOException {
    String model = null;
    for (JsonNode step : embedded.get("steps")) {
      if (step.get("id").asText().equals("pretrain")) {
        model = step.get("path").asText();
      }
    }
    Path linked = folder.resolve("linked.yaml");
    Files.writeString(
        linked,
        Files.readString(Path.of(experiment))
            .replace(
                "- stage: extract\n",
                "- stage: extract\n    inputs: {model: \"artifact:%s\"}\n".formatted(model)));
    return linked.toString();
  }

  private static Map<String, Map<String, String>> dataFiles(String store, JsonNode document)
      throws IOException {
    ArtifactStore opened = ArtifactStore.open(folder.resolve(store).toString());
    Map<String, Map<String, String>> files = new TreeMap<>();
    for (JsonNode step : document.get("steps")) {
      if (DATA_PARALLEL.contains(step.get("id").asText())) {
        StoredArtifact artifact = opened.resolve(step.get("artifact").asText());
        Map<String, String> digests = new TreeMap<>();
        artifact
            .content()
            .getFilesList()
            .forEach(file -> digests.put(file.getPath(), file.getSha256()));
        files.put(step.get("id").asText(), digests);
      }
    }
    return files;
  }

  @ParameterizedTest
  @Order(1)
  @CsvSource({
    "embedded, 1",
    "embedded, 4",
    "flink, 1",
    "flink, 2",
    "flink, 4",
    "cluster, 1",
    "cluster, 2",
    "cluster, 4",
    "spark, 1",
    "spark, 4"
  })
  void theSameBytesOnEveryRunnerAtEveryParallelism(String runner, String parallelism)
      throws IOException {
    assumeTrue(!runner.equals("spark") || CommandLineRun.hasSpark(), "built without Spark");
    String store = runner + "-" + parallelism;
    String name = runner.equals("cluster") ? cluster.runner() : runner;
    JsonNode document = run(store, withModel(), "--runner", name, "--parallelism", parallelism);
    Map<String, Map<String, String>> expected = dataFiles("embedded", embedded);
    assertThat(expected).containsOnlyKeys(DATA_PARALLEL);
    assertThat(dataFiles(store, document)).isEqualTo(expected);
    if (runner.equals("cluster")) {
      tensorFlowJobs += TENSORFLOW.size();
    }
  }

  /** TensorFlow's native library is loaded once, however many jobs use it one after the other. */
  @Test
  @Order(2)
  void taskManagersSurviveTenTensorFlowJobsInARow() throws IOException {
    assertThat(tensorFlowJobs).isGreaterThanOrEqualTo(10);
    assertThat(taskManagers()).isEqualTo(atFirst).allMatch(ProcessHandle::isAlive);
  }

  /**
   * What a job says of itself comes through Flink; a detached run that is cancelled takes its job
   * with it.
   */
  @Test
  @Order(3)
  void cancelledRunStopsItsJob() throws Exception {
    String store = folder.resolve("embedded").toString();
    String run =
        run(
                "embedded",
                experiment,
                "--runner",
                cluster.runner(),
                "--set",
                "pretrain.epochs=1000",
                "--only",
                "pretrain",
                "--detach")
            .get("run")
            .asText();
    DetachedRuns runs = new DetachedRuns(store);
    JsonNode training =
        runs.await(
            run,
            status ->
                DetachedRuns.hasEnded(status) || status.at("/steps/2/progress/step").asLong() > 0);
    assertThat(training.at("/steps/2/progress").fieldNames())
        .toIterable()
        .contains("loss_micros", "epoch", "images_per_second", "examples");
    assertThat(training.get("ui").asText()).isEqualTo("http://" + cluster.address());
    assertThat(cluster.activeJobs()).singleElement().asString().startsWith("pretrain: pretrain ");
    CommandLineRun.of("cancel", run, "--store", store).succeeded();
    JsonNode end = runs.await(run, DetachedRuns::hasEnded);
    assertThat(end.get("state").asText()).isEqualTo("RUN_STATE_CANCELLED");
    for (int i = 0; i < 100 && !cluster.activeJobs().isEmpty(); i++) {
      Thread.sleep(100);
    }
    assertThat(cluster.activeJobs()).isEmpty();
  }

  private static List<ProcessHandle> taskManagers() throws IOException {
    List<ProcessHandle> handles = new ArrayList<>();
    for (String name : cluster.processes()) {
      if (name.startsWith("taskmanager")) {
        handles.add(cluster.process(name));
      }
    }
    return handles;
  }
}
