package org.kindred.pipelines.run;

import java.util.Map;

/** Whom a runner tells of a job under way, every second or two. */
public interface JobMonitor {

  /**
   * Hears of the job's metrics, all of {@link org.kindred.stages.metrics.StageMetrics}' namespace:
   * counters summed over the workers.
   */
  void metrics(Map<String, Long> metrics);

  /** Hears that the job is not started yet, and for which other job that is. */
  default void waitsFor(String job) {}

  /** Returns whether the job is to be stopped. */
  boolean isCancelled();
}
