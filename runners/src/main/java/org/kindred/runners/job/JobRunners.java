package org.kindred.runners.job;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.kindred.pipelines.run.JobRunner;

/** The runners by name. */
public final class JobRunners {
  /** The runner that is taken when none is named. */
  public static final String DEFAULT = "embedded";

  /** Says how a runner is named. */
  public static final String NAMES = "embedded, flink, flink=HOST:PORT";

  private static final Pattern CLUSTER = Pattern.compile("flink=([^\\s:/]+:\\d{1,5})");

  private JobRunners() {}

  /**
   * Returns the runner of a name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static JobRunner named(String name) {
    Matcher cluster = CLUSTER.matcher(name);
    if (cluster.matches()) {
      return new FlinkClusterRunner(cluster.group(1));
    }
    return switch (name) {
      case "embedded" -> new EmbeddedRunner();
      case "flink" -> new FlinkLocalRunner();
      default ->
          throw new IllegalArgumentException(
              "unknown runner \"%s\", valid: %s".formatted(name, NAMES));
    };
  }
}
