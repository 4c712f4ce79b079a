package org.kindred.runners.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.proto.artifact.v1.DataFile;
import org.kindred.stages.artifact.ArtifactStore;
import org.kindred.stages.artifact.StoredArtifact;

/** The whole workflow on real photographs through the command line, on both runners. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class WorkflowTest {
  private static final List<String> STEPS =
      List.of(
          "ingest", "augment", "pretrain", "extract", "graph", "propagate", "cluster", "evaluate");

  @TempDir private static Path folder;
  private static String experiment;
  private static String store;
  private static JsonNode first;

  @BeforeAll
  static void runAll() throws IOException {
    Photographs.unpack(folder.resolve("photographs"), 40, 12);
    experiment = SmallExperiment.write(folder.resolve("small.yaml"), folder.resolve("photographs"));
    store = folder.resolve("store").toString();
    first = run(store, "--json").json();
  }

  private static CommandLineRun run(String store, String... more) {
    return CommandLineRun.of(
            Stream.concat(Stream.of("run", experiment, "--store", store), Stream.of(more))
                .toArray(String[]::new))
        .succeeded();
  }

  private static Map<String, String> actions(JsonNode document) {
    return column(document, "action");
  }

  private static Map<String, String> column(JsonNode document, String name) {
    Map<String, String> values = new LinkedHashMap<>();
    for (JsonNode step : document.get("steps")) {
      values.put(step.get("id").asText(), step.get(name).asText());
    }
    return values;
  }

  private static Map<String, String> expected(String action, List<String> others, String other) {
    Map<String, String> expected = new LinkedHashMap<>();
    STEPS.forEach(step -> expected.put(step, others.contains(step) ? other : action));
    return expected;
  }

  @Test
  @Order(1)
  void everyStepRanAndIsWhole() {
    assertThat(actions(first)).isEqualTo(expected("ran", List.of(), ""));
    for (JsonNode step : first.get("steps")) {
      assertThat(Path.of(step.get("path").asText(), "artifact.json")).exists();
      assertThat(step.get("seconds").asDouble()).isPositive();
      String digest = step.get("artifact").asText();
      CommandLineRun verified =
          CommandLineRun.of("verify", digest.substring(0, 10), "--store", store).succeeded();
      assertThat(verified.out()).startsWith(digest + " is whole");
    }
  }

  @Test
  @Order(2)
  void aBackboneIsWrittenForOtherFrameworks() {
    String file = folder.resolve("backbone.safetensors").toString();
    String digest = column(first, "artifact").get("pretrain");
    String[] export = {"export", digest.substring(0, 12), "-o", file, "--store", store};
    assertThat(CommandLineRun.of(export).succeeded().out()).isEqualTo(file + "\n");
    assertThat(Path.of(file)).isNotEmptyFile();
    CommandLineRun.of(export).failed(Main.FAILED, "exists already", file);
    export[1] = column(first, "artifact").get("graph");
    CommandLineRun.of(export).failed(Main.FAILED, export[1], "valid is Model");
  }

  @Test
  @Order(2)
  void metricsStandBesideBothBaselines() {
    Map<String, Integer> features = new TreeMap<>();
    Map<String, String> probed = new TreeMap<>();
    for (JsonNode metric : first.get("metrics")) {
      assertThat(metric.get("step").asText()).isEqualTo("evaluate");
      assertThat(metric.get("protocol").asText()).isNotEmpty();
      assertThat(metric.get("value").isNumber()).isTrue();
      if (metric.get("name").asText().equals("knn_top1")) {
        features.merge(metric.get("features").asText(), 1, Integer::sum);
        assertThat(metric.get("value").asDouble()).isBetween(0.0, 1.0);
        assertThat(metric.get("protocol").asText()).contains("K=10", "test (36)", "train (120)");
      } else if (metric.get("name").asText().equals("linear_probe_top1")) {
        probed.put(metric.get("features").asText(), metric.get("layer").asText());
        assertThat(metric.get("value").asDouble()).isBetween(0.0, 1.0);
        assertThat(metric.get("protocol").asText()).contains("5 epochs", "test (36)");
      }
    }
    assertThat(features).containsOnlyKeys("learned", "untrained", "pixels");
    assertThat(probed)
        .isEqualTo(Map.of("learned", "pooled", "untrained", "pooled", "pixels", "pixels"));
  }

  /** Planned from the source on, with and without it, beside what the manifests say. */
  @Test
  @Order(3)
  void thePlanForetoldTheSizes() throws IOException {
    String nowhere = folder.resolve("nowhere").toString();
    JsonNode there =
        CommandLineRun.of("plan", experiment, "--store", nowhere, "--json").succeeded().json();
    DataFile examples = files("ingest").get(0);
    JsonNode assumed =
        CommandLineRun.of(
                "plan",
                experiment,
                "--store",
                nowhere,
                "--json",
                "--images=120",
                "--images=test=36",
                "--classes=3",
                "--image-bytes=" + examples.getBytes() / examples.getRows(),
                "--set",
                "ingest.source=/does/not/exist")
            .succeeded()
            .json();
    JsonNode reused =
        CommandLineRun.of("plan", experiment, "--store", store, "--json").succeeded().json();
    for (JsonNode plan : List.of(there, assumed, reused)) {
      for (int i = 0; i < STEPS.size(); i++) {
        JsonNode size = plan.get("steps").get(i).get("size");
        List<DataFile> files = files(STEPS.get(i));
        assertThat(size.get("shards").asLong())
            .as(STEPS.get(i))
            .isEqualTo(files.stream().filter(file -> !file.getTable().isEmpty()).count());
        double bytes = files.stream().mapToDouble(DataFile::getBytes).sum();
        double metadata = 256.0 * files.size();
        // Of positives it is the most that there can be.
        double most = STEPS.get(i).equals("propagate") ? 2 * bytes : 1.03 * bytes;
        assertThat(size.get("bytes_written").asDouble())
            .as(STEPS.get(i))
            .isBetween(0.97 * bytes - metadata, most + metadata);
      }
    }
    assertThat(column(there, "stage")).hasSize(STEPS.size());
    assertThat(Path.of(nowhere)).doesNotExist();
  }

  private static List<DataFile> files(String step) throws IOException {
    return ArtifactStore.open(store)
        .resolve(column(first, "artifact").get(step))
        .content()
        .getFilesList();
  }

  @Test
  @Order(3)
  void theReportIsOneFile() throws IOException {
    String html = Files.readString(Path.of(first.get("report").asText()));
    assertThat(html)
        .startsWith("<!DOCTYPE html>")
        .contains("knn_top1", "linear_probe_top1", "data:image/");
    assertThat(html).doesNotContainPattern("(src|href)=\"https?:");
    assertThat(html.length()).isLessThan(3_000_000);
    Path again = folder.resolve("again.html");
    CommandLineRun.of("report", "latest", "-o", again.toString(), "--store", store).succeeded();
    assertThat(again).hasContent(html);
  }

  @Test
  @Order(4)
  void secondRunReusesEverything() throws IOException {
    JsonNode second = run(store, "--json").json();
    assertThat(actions(second)).isEqualTo(expected("reused", List.of(), ""));
    assertThat(column(second, "artifact")).isEqualTo(column(first, "artifact"));
    assertThat(second.get("metrics")).isEqualTo(first.get("metrics"));
  }

  @Test
  @Order(5)
  void oneChangedFieldRerunsItsStepAndTheReaders() throws IOException {
    CommandLineRun plan =
        CommandLineRun.of("plan", experiment, "--store", store, "--set", "graph.k=7", "--why")
            .succeeded();
    assertThat(plan.out().lines().filter(line -> line.contains("graph.k: 5 -> 7"))).hasSize(1);
    JsonNode changed = run(store, "--json", "--set", "graph.k=7").json();
    assertThat(actions(changed))
        .isEqualTo(expected("reused", List.of("graph", "propagate"), "ran"));
    String probe = "evaluate.linear_probe.weight_decay";
    assertThat(
            CommandLineRun.of(
                    "plan", experiment, "--store", store, "--set", probe + "=1e-3", "--why")
                .succeeded()
                .out())
        .contains(probe + ": 0 -> 0.001");
  }

  @Test
  @Order(6)
  void selectionsSayWhichStepsRun() throws IOException {
    assertThat(actions(run(store, "--json", "--force", "cluster").json()))
        .as("the same bytes again, so its reader is spared")
        .isEqualTo(expected("reused", List.of("cluster"), "ran"));
    assertThat(actions(run(store, "--json", "--from", "cluster").json()))
        .isEqualTo(expected("reused", List.of("cluster", "evaluate"), "ran"));
    assertThat(actions(run(store, "--json", "--only", "graph").json()))
        .containsOnlyKeys("ingest", "augment", "pretrain", "extract", "graph");
  }

  @Test
  @Order(7)
  void withoutJsonTheTableAndTheReportsPathAreTheOutput() {
    CommandLineRun plain = run(store);
    assertThat(plain.out()).contains("knn_top1", "learned", "untrained", "pixels");
    assertThat(plain.out().lines().reduce((a, b) -> b).orElseThrow())
        .matches("report: .*report\\.html");
    assertThat(plain.err()).contains("reused");
  }

  @Test
  @Order(8)
  void flinkMakesTheSameBytes() throws IOException {
    String other = folder.resolve("flink").toString();
    // Training is not promised to be the same, so what follows it reads the first run's model.
    String model = first.get("steps").get(STEPS.indexOf("pretrain")).get("path").asText();
    String yaml = Files.readString(Path.of(experiment));
    Path linked = folder.resolve("linked.yaml");
    Files.writeString(
        linked,
        yaml.replace(
            "- stage: extract\n",
            "- stage: extract\n    inputs: {model: \"artifact:%s\"}\n".formatted(model)));
    JsonNode document =
        CommandLineRun.of("run", linked.toString(), "--store", other, "--runner", "flink", "--json")
            .succeeded()
            .json();
    assertThat(actions(document)).isEqualTo(expected("ran", List.of(), ""));
    for (String step : STEPS) {
      if (!step.equals("pretrain")) {
        assertThat(dataFiles(other, document, step))
            .as(step)
            .isNotEmpty()
            .isEqualTo(dataFiles(store, first, step));
      }
    }
    assertThat(column(document, "artifact").get("evaluate"))
        .as("and the same figures")
        .isEqualTo(column(first, "artifact").get("evaluate"));
  }

  private static Map<String, String> dataFiles(String store, JsonNode document, String step)
      throws IOException {
    StoredArtifact artifact =
        ArtifactStore.open(store).resolve(column(document, "artifact").get(step));
    Map<String, String> digests = new TreeMap<>();
    artifact
        .content()
        .getFilesList()
        .forEach(file -> digests.put(file.getPath(), file.getSha256()));
    return digests;
  }

  @Test
  @Order(9)
  void theStoreCanBeLookedInto() throws IOException {
    String digest = column(first, "artifact").get("graph");
    CommandLineRun list = CommandLineRun.of("artifacts", "--store", store).succeeded();
    assertThat(list.out()).contains(digest.substring(0, 12));
    CommandLineRun manifest = CommandLineRun.of("show", digest, "--store", store).succeeded();
    assertThat(manifest.json().get("digest").asText()).isEqualTo(digest);
  }

  @Test
  @Order(10)
  void flippedByteIsFoundAndMadeGoodByTheNextRun() throws IOException {
    Path artifact = Path.of(column(first, "path").get("cluster"));
    Path file =
        Photographs.files(artifact).stream()
            .filter(path -> path.toString().endsWith(".arrow"))
            .findFirst()
            .orElseThrow();
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    file.toFile().setWritable(true);
    Files.write(file, bytes);
    CommandLineRun.of("verify", artifact.getFileName().toString(), "--store", store)
        .failed(Main.FAILED, file.getFileName().toString(), "SHA-256");
    Path reader = folder.resolve("reader.yaml");
    Files.writeString(
        reader,
        Files.readString(Path.of(experiment))
            .replace("clustering: cluster", "clustering: \"artifact:" + artifact + "\""));
    CommandLineRun.of("run", reader.toString(), "--store", store)
        .failed(Main.FAILED, file.getFileName().toString(), "SHA-256");
    JsonNode mended = run(store, "--json").json();
    assertThat(actions(mended)).isEqualTo(expected("reused", List.of("cluster"), "ran"));
    assertThat(column(mended, "artifact")).isEqualTo(column(first, "artifact"));
    CommandLineRun.of("verify", artifact.getFileName().toString(), "--store", store).succeeded();
  }
}
