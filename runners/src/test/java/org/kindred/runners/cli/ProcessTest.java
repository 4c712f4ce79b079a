package org.kindred.runners.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.stages.artifact.ArtifactStore;

/** The command line as a process: what comes out of it with its logs, and a disk that is full. */
final class ProcessTest {
  @TempDir private Path folder;
  private String experiment;
  private String store;

  @BeforeEach
  void prepare() throws IOException {
    Path photographs = folder.resolve("photographs");
    Photographs.unpack(photographs, 20, 1);
    experiment = SmallExperiment.writeIngest(folder.resolve("small.yaml"), photographs);
    store = folder.resolve("store").toString();
  }

  /** Runs `kindred` in a shell that has run {@code before}. */
  private CommandLineRun kindred(String before, String... arguments)
      throws IOException, InterruptedException {
    Path out = folder.resolve("out");
    Path err = folder.resolve("err");
    Process process =
        new ProcessBuilder(command(before, arguments))
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    int code = process.waitFor();
    return new CommandLineRun(code, Files.readString(out), Files.readString(err));
  }

  private static List<String> command(String before, String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                "bash",
                "-c",
                before + "exec \"$0\" \"$@\"",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-opens=java.base/java.nio=ALL-UNNAMED",
                "--add-opens=java.base/java.util=ALL-UNNAMED",
                "--add-opens=java.base/java.lang=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
    command.addAll(List.of(arguments));
    return command;
  }

  @Test
  void jsonIsAllThatIsOnStandardOutput() throws Exception {
    CommandLineRun run = kindred("", "run", experiment, "--store", store, "--json").succeeded();
    assertThat(new ObjectMapper().readTree(run.out()).get("steps")).hasSize(1);
    assertThat(run.json().get("run").asText()).endsWith("-small");
    assertThat(run.err()).doesNotContain("Exception", "WARN", "ERROR");
  }

  @Test
  void stackTraceOnlyWhenAskedFor() throws Exception {
    String[] run = {"run", experiment, "--store", store, "--set", "ingest.source=" + bad()};
    kindred("", run).failed(Main.FAILED, "step ingest");
    String[] debug = Arrays.copyOf(run, run.length + 1);
    debug[run.length] = "--debug";
    CommandLineRun traced = kindred("", debug);
    assertThat(traced.err()).contains("\tat ", "StepFailedException");
    assertThat(traced.code()).isEqualTo(Main.FAILED);
  }

  private Path bad() throws IOException {
    Path file = folder.resolve("bad/train/pants/1.jpg");
    Files.createDirectories(file.getParent());
    Files.write(file, "no image".getBytes(StandardCharsets.UTF_8));
    return folder.resolve("bad");
  }

  @Test
  void fullDisk() throws Exception {
    // Of all files that are written, only the data files of this data set exceed 4 MiB.
    String[] run = {
      "run",
      experiment,
      "--store",
      store,
      "--set",
      "ingest.shard_rows=1000",
      "--set",
      "ingest.source=" + Path.of(System.getProperty("kindred.testdata"), "clothing-64.zip")
    };
    kindred("ulimit -f 4096; ", run).failed(Main.FAILED, "step ingest", "File too large");
    ArtifactStore opened = ArtifactStore.open(store);
    assertThat(opened.list()).isEmpty();
    kindred("", run).succeeded();
    assertThat(opened.list()).hasSize(1);
    assertThat(opened.verify(opened.list().get(0))).isEmpty();
  }
}
