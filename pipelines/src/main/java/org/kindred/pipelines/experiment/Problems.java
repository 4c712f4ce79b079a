package org.kindred.pipelines.experiment;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/** What is wrong with a document, so that all of it can be reported together. */
final class Problems {
  private record Problem(Location at, String text) {}

  private final List<Problem> problems = new ArrayList<>();

  /** Adds a problem; an empty path means the whole document. */
  void add(Location at, String path, String message) {
    String prefix = path.isEmpty() ? "" : path + ": ";
    problems.add(new Problem(at, at + ": " + prefix + message));
  }

  /** Throws what was found, one line each, in the order of the document; overrides come first. */
  void throwIfAny() {
    if (!problems.isEmpty()) {
      throw new ExperimentException(
          problems.stream()
              .sorted(Comparator.comparingInt(problem -> problem.at().line()))
              .map(Problem::text)
              .collect(Collectors.joining("\n")));
    }
  }
}
