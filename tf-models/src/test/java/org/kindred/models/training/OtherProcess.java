package org.kindred.models.training;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs a main method of the tests in a Java process of its own. */
final class OtherProcess {

  private OtherProcess() {}

  /**
   * Starts a process.
   *
   * @param output takes what it prints
   */
  static Process start(Class<?> main, Path output, Path argument) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx512m", "-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(main.getName(), argument.toString()));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(output.toFile())
        .start();
  }
}
