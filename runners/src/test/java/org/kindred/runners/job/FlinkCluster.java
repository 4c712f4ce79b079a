package org.kindred.runners.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A cluster of processes of its own, by {@code runners/flink/cluster}. */
public final class FlinkCluster implements AutoCloseable {
  private static final Path SCRIPT =
      Path.of(System.getProperty("kindred.testdata")).resolveSibling("runners/flink/cluster");

  private final Path directory;
  private final int port;
  private final String settings;

  private FlinkCluster(Path directory, int port, String settings) {
    this.directory = directory;
    this.port = port;
    this.settings = settings;
  }

  /**
   * Starts a JobManager and some TaskManagers.
   *
   * @param directory takes logs and process ids
   * @param settings words for every process's command line
   */
  public static FlinkCluster start(Path directory, int port, int taskManagers, String settings)
      throws IOException {
    FlinkCluster cluster = new FlinkCluster(Files.createDirectories(directory), port, settings);
    try {
      cluster.script("start", "" + taskManagers);
      return cluster;
    } catch (IOException e) {
      cluster.close();
      throw e;
    }
  }

  /** Returns how `--runner` names it. */
  public String runner() {
    return "flink=" + address();
  }

  /** Returns the address of its REST interface. */
  public String address() {
    return "127.0.0.1:" + port;
  }

  /** Returns the names of the jobs that have not ended. */
  public List<String> activeJobs() throws IOException {
    return new FlinkRest(address())
        .jobs().stream().filter(FlinkRest.Job::isActive).map(FlinkRest.Job::name).toList();
  }

  /** Returns the names of the processes that were started. */
  public List<String> processes() {
    String[] names = directory.resolve("pids").toFile().list();
    return names == null ? List.of() : Arrays.stream(names).sorted().toList();
  }

  /** Returns a process by its name, such as taskmanager-1. */
  public ProcessHandle process(String name) throws IOException {
    long id = Long.parseLong(Files.readString(directory.resolve("pids").resolve(name)).trim());
    return ProcessHandle.of(id).orElseThrow(() -> new IOException(name + " is not running"));
  }

  private void script(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(SCRIPT.toString()));
    command.addAll(List.of(arguments));
    Path log = directory.resolve("script.log");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().put("KINDRED_CLUSTER", directory.toString());
    builder.environment().put("KINDRED_CLUSTER_PORT", "" + port);
    builder.environment().put("KINDRED_CLUSTER_OPTS", settings);
    try {
      if (builder.start().waitFor() != 0) {
        throw new IOException("cluster " + arguments[0] + ": " + Files.readString(log));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  @Override
  public void close() throws IOException {
    script("stop");
  }
}
