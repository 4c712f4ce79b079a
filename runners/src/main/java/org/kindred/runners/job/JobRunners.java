package org.kindred.runners.job;

import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.kindred.pipelines.run.JobRunner;

/** The runners by name. */
public final class JobRunners {
  /** The runner that is taken when none is named. */
  public static final String DEFAULT = "embedded";

  /** Says how a runner is named. */
  public static final String NAMES = "embedded, flink, flink=HOST:PORT, spark";

  private static final Pattern CLUSTER = Pattern.compile("flink=([^\\s:/]+:(\\d{1,5}))");

  private static final int MOST_PORT = 65_535;

  private JobRunners() {}

  /**
   * Returns the runner of a name.
   *
   * @param parallelism tasks of a job at a time; when empty one for each of this machine's
   *     processors, on a cluster one for each of its slots
   * @throws IllegalArgumentException if there is none, or this build has none
   */
  public static JobRunner named(String name, OptionalInt parallelism) {
    Matcher cluster = CLUSTER.matcher(name);
    if (cluster.matches()) {
      int port = Integer.parseInt(cluster.group(2));
      if (port < 1 || port > MOST_PORT) {
        throw new IllegalArgumentException(
            "runner \"%s\" has port %d, valid is 1 to %d".formatted(name, port, MOST_PORT));
      }
      return new FlinkClusterRunner(cluster.group(1), parallelism);
    }
    int here = parallelism.orElse(Runtime.getRuntime().availableProcessors());
    return switch (name) {
      case "embedded" -> new EmbeddedRunner(parallelism);
      case "flink" -> new FlinkLocalRunner(here);
      case "spark" -> new SparkRunner(here);
      default ->
          throw new IllegalArgumentException(
              "unknown runner \"%s\", valid: %s".formatted(name, NAMES));
    };
  }
}
