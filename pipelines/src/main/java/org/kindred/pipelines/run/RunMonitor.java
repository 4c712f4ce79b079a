package org.kindred.pipelines.run;

import com.google.protobuf.util.Timestamps;
import java.io.IOException;
import java.util.Map;
import org.kindred.proto.pipeline.v1.Run;
import org.kindred.proto.pipeline.v1.RunStep;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the record of a run up to date while one of its steps runs, and looks for a request to stop
 * it. Neither must fail the step: a store that can't be reached for a while is the step's to
 * report.
 */
final class RunMonitor implements JobMonitor {
  private static final Logger LOG = LoggerFactory.getLogger(RunMonitor.class);
  private static final long WRITE_EVERY_NANOS = 5_000_000_000L;

  private final RunStore runs;
  private final Run.Builder run;
  private final RunStep.Builder step;
  private final RunListener listener;
  private final long start = System.nanoTime();
  private long written = start;

  RunMonitor(RunStore runs, Run.Builder run, RunStep.Builder step, RunListener listener) {
    this.runs = runs;
    this.run = run;
    this.step = step;
    this.listener = listener;
  }

  String runId() {
    return run.getId();
  }

  @Override
  public void metrics(Map<String, Long> metrics) {
    long now = System.nanoTime();
    if (!metrics.isEmpty()) {
      step.clearProgress().putAllProgress(metrics);
    }
    step.setSeconds((now - start) / 1e9);
    listener.stepProgress(step.build());
    if (now - written >= WRITE_EVERY_NANOS) {
      written = now;
      try {
        runs.write(run.setUpdated(Timestamps.now()).build());
      } catch (IOException e) {
        LOG.warn("cannot write the record of run {}: {}", run.getId(), e.toString());
      }
    }
  }

  @Override
  public void waitsFor(String job) {
    listener.stepWaits(step.setReason("waits for " + job).build());
  }

  @Override
  public boolean isCancelled() {
    try {
      return runs.isCancelRequested(run.getId());
    } catch (IOException e) {
      LOG.warn("cannot look whether run {} is cancelled: {}", run.getId(), e.toString());
      return false;
    }
  }
}
