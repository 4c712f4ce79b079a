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
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What travels to a cluster with each job: Kindred, Beam, and what the user added to the class
 * path.
 *
 * <p>All other libraries are in the cluster's lib directory and stay behind. For TensorFlow,
 * JavaCPP and protobuf this is a must: a native library is bound to the class loader that loads it,
 * and every job has a class loader of its own, so TensorFlow in a job's jars would be loaded again
 * by the next job, which kills the TaskManager's process. For the others it saves each job the
 * upload and the loading of their classes. Beam has to travel: it deserialises Kindred's classes,
 * which only the job's class loader knows.
 */
final class JobJars {
  private static final String LIBRARIES = "libraries.txt";

  private static final Pattern BEAM = Pattern.compile("beam-(?!vendor-).*");

  /** Of use to the client only. */
  private static final Pattern CLIENT = Pattern.compile("beam-runners-(direct|spark)-.*");

  private JobJars() {}

  /** Returns the paths of jars and directories of classes, in the order of the class path. */
  static List<String> list() {
    return of(System.getProperty("java.class.path"));
  }

  static List<String> of(String classPath) {
    Set<String> stay = clusterLibraries();
    return Arrays.stream(classPath.split(File.pathSeparator, -1))
        .filter(entry -> !entry.isEmpty() && !stay.contains(fileName(entry)))
        .filter(entry -> !CLIENT.matcher(fileName(entry)).matches())
        .distinct()
        .toList();
  }

  /** Returns the file names of what a cluster's lib directory holds. */
  static Set<String> clusterLibraries() {
    try (InputStream in = JobJars.class.getResourceAsStream(LIBRARIES)) {
      String paths = new String(in.readAllBytes(), StandardCharsets.UTF_8).trim();
      return Arrays.stream(paths.split(":", -1))
          .map(JobJars::fileName)
          .filter(BEAM.asMatchPredicate().negate())
          .collect(Collectors.toUnmodifiableSet());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + LIBRARIES, e);
    }
  }

  private static String fileName(String path) {
    return Path.of(path).getFileName().toString();
  }
}
