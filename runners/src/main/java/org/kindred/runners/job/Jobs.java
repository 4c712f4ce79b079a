package org.kindred.runners.job;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.TreeMap;
import org.apache.beam.sdk.PipelineResult;
import org.apache.beam.sdk.metrics.MetricNameFilter;
import org.apache.beam.sdk.metrics.MetricQueryResults;
import org.apache.beam.sdk.metrics.MetricsFilter;
import org.joda.time.Duration;
import org.kindred.pipelines.run.JobMonitor;
import org.kindred.pipelines.run.RunCancelledException;
import org.kindred.stages.metrics.StageMetrics;

/** What runners share. */
final class Jobs {
  /** How often a job is looked at. */
  static final Duration POLL = Duration.millis(500);

  private static final MetricsFilter METRICS =
      MetricsFilter.builder()
          .addNameFilter(MetricNameFilter.inNamespace(StageMetrics.NAMESPACE))
          .build();

  private Jobs() {}

  /**
   * Waits for the end of a job that runs.
   *
   * @throws RunCancelledException if the monitor says so
   * @throws IllegalStateException if it ended without being done: some runners do not throw then
   */
  static void await(PipelineResult result, JobMonitor monitor) {
    while (true) {
      PipelineResult.State state = result.waitUntilFinish(POLL);
      if (state != null && state.isTerminal()) {
        requireDone(state);
        return;
      }
      monitor.metrics(metrics(result));
      if (monitor.isCancelled()) {
        cancel(result);
      }
    }
  }

  static void requireDone(PipelineResult.State state) {
    if (state != PipelineResult.State.DONE) {
      throw new IllegalStateException("the job ended in state " + state);
    }
  }

  private static void cancel(PipelineResult result) {
    try {
      result.cancel();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot cancel the job", e);
    }
    throw new RunCancelledException();
  }

  private static Map<String, Long> metrics(PipelineResult result) {
    Map<String, Long> values = new TreeMap<>();
    MetricQueryResults found = result.metrics().queryMetrics(METRICS);
    found
        .getCounters()
        .forEach(
            counter ->
                values.merge(counter.getName().getName(), counter.getAttempted(), Long::sum));
    found
        .getGauges()
        .forEach(gauge -> values.put(gauge.getName().getName(), gauge.getAttempted().getValue()));
    return values;
  }
}
