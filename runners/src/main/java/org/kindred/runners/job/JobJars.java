package org.kindred.runners.job;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What travels to a cluster with each job: this process's class path without what a cluster has in
 * its lib directory.
 *
 * <p>Flink, logging, TensorFlow, JavaCPP and protobuf stay behind. A native library is bound to the
 * class loader that loads it, and every job has a class loader of its own: TensorFlow in a job's
 * jars would be loaded again by the next job, which kills the TaskManager's process.
 */
final class JobJars {
  private static final String LIBRARIES = "cluster-libraries.txt";

  private JobJars() {}

  /** Returns the paths of jars and directories of classes, in the order of the class path. */
  static List<String> list() {
    return of(System.getProperty("java.class.path"));
  }

  static List<String> of(String classPath) {
    Set<String> libraries = clusterLibraries();
    return Arrays.stream(classPath.split(File.pathSeparator, -1))
        .filter(entry -> !entry.isEmpty() && !libraries.contains(fileName(entry)))
        .distinct()
        .toList();
  }

  /** Returns the file names of what a cluster's lib directory holds. */
  static Set<String> clusterLibraries() {
    try (InputStream in = JobJars.class.getResourceAsStream(LIBRARIES)) {
      String paths = new String(in.readAllBytes(), StandardCharsets.UTF_8).trim();
      return Arrays.stream(paths.split(":", -1))
          .map(JobJars::fileName)
          .collect(Collectors.toUnmodifiableSet());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + LIBRARIES, e);
    }
  }

  private static String fileName(String path) {
    return Path.of(path).getFileName().toString();
  }
}
