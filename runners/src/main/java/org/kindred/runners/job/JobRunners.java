package org.kindred.runners.job;

import java.util.List;
import org.kindred.pipelines.run.JobRunner;

/** The runners by name. */
public final class JobRunners {
  private static final List<JobRunner> ALL = List.of(new EmbeddedRunner(), new FlinkLocalRunner());

  private JobRunners() {}

  /** Returns the names of the runners, the default first. */
  public static List<String> names() {
    return ALL.stream().map(JobRunner::name).toList();
  }

  /**
   * Returns the runner of a name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static JobRunner named(String name) {
    return ALL.stream()
        .filter(runner -> runner.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "unknown runner \"%s\", valid: %s"
                        .formatted(name, String.join(", ", names()))));
  }
}
