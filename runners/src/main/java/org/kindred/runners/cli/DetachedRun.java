package org.kindred.runners.cli;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A run in a process of its own, which goes on when this one ends. */
final class DetachedRun {
  private static final String CHILD = "kindred.detached";
  private static final String STARTED = "run ";
  private static final long POLL_MILLIS = 100;

  private final Process process;
  private final Path log;

  private DetachedRun(Process process, Path log) {
    this.process = process;
    this.log = log;
  }

  /** Returns whether this process is a detached run's own. */
  static boolean isThis() {
    return Boolean.getBoolean(CHILD);
  }

  /**
   * Starts this program once more, with the same Java options.
   *
   * @param arguments its command line
   */
  static DetachedRun start(List<String> arguments) throws IOException {
    Path log = Files.createTempFile("kindred-run-", ".log");
    List<String> command = new ArrayList<>();
    // Closing the terminal must not end it.
    command.add("nohup");
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(option -> !option.startsWith("-agentlib") && !option.startsWith("-javaagent"))
        .forEach(command::add);
    command.addAll(List.of("-D" + CHILD + "=true", "-Dkindred.terminal=false"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(arguments);
    Process process =
        new ProcessBuilder(command)
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    return new DetachedRun(process, log);
  }

  /** Returns the file that takes what the process prints. */
  Path log() {
    return log;
  }

  /** Waits for the run's id; nothing if the process ended without one. */
  Optional<String> id() throws IOException {
    try {
      boolean ended = false;
      while (true) {
        Optional<String> id =
            Files.readAllLines(log).stream()
                .filter(line -> line.startsWith(STARTED))
                .map(line -> line.substring(STARTED.length()))
                .findFirst();
        if (id.isPresent() || ended) {
          return id;
        }
        // What it printed last is read once more.
        ended = process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while a run started");
    }
  }

  /** Returns the exit code of a process that has ended. */
  int exitCode() {
    return process.exitValue();
  }
}
