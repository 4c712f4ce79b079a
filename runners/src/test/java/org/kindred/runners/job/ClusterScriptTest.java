package org.kindred.runners.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;

/** {@code runners/flink}: what its script does when something is wrong, and its settings. */
final class ClusterScriptTest {
  private static final Path FLINK =
      Path.of(System.getProperty("kindred.testdata")).resolveSibling("runners/flink");

  @TempDir private Path folder;

  private record Ended(int code, String output) {}

  private Ended cluster(String settings, String... words) throws IOException, InterruptedException {
    return cluster(1, settings, words);
  }

  private Ended cluster(int port, String settings, String... words)
      throws IOException, InterruptedException {
    Path output = folder.resolve("output");
    List<String> command = new ArrayList<>(List.of(words));
    command.add(0, FLINK.resolve("cluster").toString());
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
    builder.environment().put("KINDRED_CLUSTER", folder.resolve("cluster").toString());
    builder.environment().put("KINDRED_CLUSTER_PORT", "" + port);
    builder.environment().put("KINDRED_CLUSTER_OPTS", settings);
    int code = builder.start().waitFor();
    return new Ended(code, Files.readString(output));
  }

  /** The system gives the number of a process that died to another one. */
  @Test
  void processThatIsNotTheClustersIsNotStopped() throws Exception {
    Process other = new ProcessBuilder("sleep", "60").start();
    try {
      Path pids = Files.createDirectories(folder.resolve("cluster/pids"));
      Files.writeString(pids.resolve("taskmanager-1"), other.pid() + "\n");
      assertThat(cluster("", "status").output())
          .startsWith("taskmanager-1 " + other.pid() + " dead");
      assertThat(cluster("", "stop").code()).isZero();
      assertThat(other.isAlive()).isTrue();
      assertThat(pids).isEmptyDirectory();
    } finally {
      other.destroyForcibly();
    }
  }

  @Test
  void processOfTheClusterIsStopped() throws Exception {
    Path cluster = folder.resolve("cluster");
    // A shell that waits for a line, with a further word on its command line.
    Process own =
        new ProcessBuilder("bash", "-c", "read", "-Dlog.file=" + cluster + "/log/jobmanager.log")
            .start();
    Files.createDirectories(cluster.resolve("pids"));
    Files.writeString(cluster.resolve("pids/jobmanager"), own.pid() + "\n");
    try {
      assertThat(cluster("", "status").output()).startsWith("jobmanager " + own.pid() + " running");
      assertThat(cluster("", "stop").code()).isZero();
      assertThat(own.waitFor()).isNotZero();
    } finally {
      own.destroyForcibly();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "abc", "-1", "100"})
  void aNumberThatIsNoneIsRefusedBeforeAnythingStarts(String number) throws Exception {
    Ended refused = cluster("", "start", number);
    assertThat(refused.code()).isEqualTo(2);
    assertThat(refused.output())
        .isEqualTo("cluster: N is " + number + ", valid is 1 to 99 TaskManagers\n");
    assertThat(folder.resolve("cluster/pids")).doesNotExist();
  }

  /** Its slots would pass for those of the cluster that is to be started. */
  @Test
  void anotherClustersPortIsNotTaken() throws Exception {
    try (FakeFlink other = new FakeFlink("job", "RUNNING")) {
      int port = Integer.parseInt(other.address().substring(other.address().indexOf(':') + 1));
      Ended refused = cluster(port, "", "start");
      assertThat(refused.code()).isEqualTo(1);
      assertThat(refused.output()).contains("something answers at http://127.0.0.1:" + port);
    }
    assertThat(folder.resolve("cluster/pids")).doesNotExist();
  }

  /** Nothing was started then. */
  @Test
  void settingsThatFlinkRefusesAreRefusedInItsOwnWords() throws Exception {
    for (String process : List.of("jobmanager", "taskmanager")) {
      Ended refused = cluster("-D" + process + ".memory.process.size=64m", "start");
      assertThat(refused.code()).isNotZero();
      assertThat(refused.output())
          .contains("cluster: Flink refuses the memory settings", "64.000mb (67108864 bytes)");
      assertThat(folder.resolve("cluster/pids")).isEmptyDirectory();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"session.yaml", "session-gpu.yaml"})
  void kubernetesHasTheSettingsOfTheScript(String manifest) throws IOException {
    Map<?, ?> script = read(FLINK.resolve("conf/config.yaml"));
    Map<?, ?> spec = (Map<?, ?>) read(FLINK.resolve("kubernetes").resolve(manifest)).get("spec");
    Map<?, ?> kubernetes = (Map<?, ?>) spec.get("flinkConfiguration");
    for (String setting :
        List.of(
            "classloader.parent-first-patterns.additional",
            "env.java.opts.all",
            "heartbeat.interval",
            "heartbeat.timeout")) {
      assertThat("" + kubernetes.get(setting)).as(setting).isEqualTo("" + script.get(setting));
    }
  }

  private static Map<?, ?> read(Path yaml) throws IOException {
    return new Yaml().load(Files.readString(yaml));
  }
}
