package org.kindred.runners.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.stages.artifact.ArtifactStore;

/** Runs in processes of their own: detached, looked at, stopped, lost. */
final class RunCommandsTest {
  @TempDir private Path folder;
  private String experiment;
  private String ingest;
  private String store;
  private DetachedRuns runs;

  @BeforeEach
  void prepare() throws IOException {
    Path photographs = folder.resolve("photographs");
    Photographs.unpack(photographs, 20, 4);
    experiment = SmallExperiment.write(folder.resolve("small.yaml"), photographs);
    ingest = SmallExperiment.writeIngest(folder.resolve("ingest.yaml"), photographs);
    store = folder.resolve("store").toString();
    runs = new DetachedRuns(store);
  }

  private CommandLineRun kindred(String... arguments) {
    String[] all = new String[arguments.length + 2];
    System.arraycopy(arguments, 0, all, 0, arguments.length);
    all[arguments.length] = "--store";
    all[arguments.length + 1] = store;
    return CommandLineRun.of(all);
  }

  @Test
  void detachedRunGoesOnByItself() throws Exception {
    JsonNode started = kindred("run", ingest, "--detach", "--json").succeeded().json();
    String run = started.get("run").asText();
    JsonNode status = runs.await(run, DetachedRuns::hasEnded);
    assertThat(status.get("state").asText()).isEqualTo("RUN_STATE_DONE");
    assertThat(ArtifactStore.open(store).list()).hasSize(1);
    assertThat(Files.readString(Path.of(started.get("log").asText())))
        .contains("ingest       made ");
    assertThat(kindred("runs").succeeded().out()).isEqualTo(run + "  done\n");
    assertThat(kindred("status").succeeded().out())
        .startsWith(run + "  done\n")
        .contains("ingest ", "ran ");
    kindred("cancel", run).failed(Main.FAILED, run, "is not running: it is done");
  }

  @Test
  void detachedRunThatCannotStartSaysWhy() {
    CommandLineRun refused =
        kindred("run", experiment, "--detach", "--only", "nothing", "--set", "graph.k=3");
    refused.failed(Main.USAGE, "nothing");
  }

  @Test
  void cancelledRunStopsAndKeepsWhatItMade() throws Exception {
    String run =
        kindred("run", experiment, "--set", "pretrain.epochs=1000", "--detach", "--json")
            .succeeded()
            .json()
            .get("run")
            .asText();
    JsonNode training =
        runs.await(
            run,
            status ->
                DetachedRuns.hasEnded(status) || status.at("/steps/2/progress/step").asLong() > 0);
    assertThat(training.at("/steps/2/action").asText()).isEqualTo("STEP_ACTION_STARTED");
    assertThat(kindred("status").succeeded().out())
        .contains("pretrain ", "running", "loss", "images/s");
    kindred("cancel", run).succeeded();
    JsonNode end = runs.await(run, DetachedRuns::hasEnded);
    assertThat(end.get("state").asText()).isEqualTo("RUN_STATE_CANCELLED");
    assertThat(ArtifactStore.open(store).list()).hasSize(2);
    String[] staging = folder.resolve("store/staging").toFile().list();
    assertThat(staging).isNullOrEmpty();
    assertThat(kindred("plan", experiment).succeeded().out())
        .contains("ingest       reuse", "augment      reuse", "pretrain     run");
  }

  @Test
  void runWhoseProcessDiedIsToldAsLost() throws Exception {
    String run = kindred("run", ingest, "--json").succeeded().json().get("run").asText();
    Path record = folder.resolve("store/runs").resolve(run).resolve("run.json");
    Files.writeString(
        record,
        Files.readString(record)
            .replace("RUN_STATE_DONE", "RUN_STATE_RUNNING")
            .replaceAll("\"updated\": \"[^\"]*\"", "\"updated\": \"2024-02-03T04:05:06Z\""));
    Files.setLastModifiedTime(
        record.resolveSibling("alive"), FileTime.from(Instant.parse("2024-01-01T00:00:00Z")));
    assertThat(kindred("status").succeeded().out())
        .contains("lost: the process that ran it was last seen at 2024-02-03T04:05:06Z");
    kindred("cancel", run).succeeded();
    assertThat(kindred("runs").succeeded().out()).isEqualTo(run + "  cancelled\n");
  }

  @Test
  void runThatLeftNoTraceAfterItsStartIsToldAsLostFromThenOn() throws Exception {
    String run = kindred("run", ingest, "--json").succeeded().json().get("run").asText();
    Path record = folder.resolve("store/runs").resolve(run).resolve("run.json");
    Files.writeString(
        record,
        Files.readString(record)
            .replace("RUN_STATE_DONE", "RUN_STATE_RUNNING")
            .replaceAll("\"started\": \"[^\"]*\"", "\"started\": \"2024-02-03T04:05:06Z\"")
            .replaceAll(",\\s*\"updated\": \"[^\"]*\"", ""));
    Files.delete(record.resolveSibling("alive"));
    assertThat(kindred("status").succeeded().out())
        .contains("lost: the process that ran it was last seen at 2024-02-03T04:05:06Z");
  }
}
