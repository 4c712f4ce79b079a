package org.kindred.runners.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.kindred.pipelines.plan.PlannedStep;
import org.kindred.pipelines.run.RunListener;
import org.kindred.proto.pipeline.v1.Run;
import org.kindred.proto.pipeline.v1.RunStep;
import org.kindred.proto.pipeline.v1.StepAction;
import org.kindred.stages.Progress;

/**
 * Shows a run on standard error: a line per step, and within a step a progress bar on a terminal or
 * a line every few seconds elsewhere.
 */
final class RunDisplay implements RunListener, AutoCloseable {
  private static final long LINE_EVERY_NANOS = 10_000_000_000L;
  private static final boolean TERMINAL = Boolean.getBoolean("kindred.terminal");

  private final PrintWriter err;
  private final Progress.Subscription subscription;
  private ProgressBar bar;
  private long lastLine;

  /**
   * The step's first update: progress from before it, as of a training that is resumed, is not this
   * run's.
   */
  private Progress.Update first;

  /** Whether what is shown of a training came from a cluster. */
  private boolean remote;

  private long firstTime;

  RunDisplay(PrintWriter err) {
    this.err = err;
    this.subscription = Progress.listen(this::update);
  }

  @Override
  public void started(Run run) {
    err.println("run " + run.getId());
    if (!run.getUi().isEmpty()) {
      err.println("jobs are shown at " + run.getUi());
    }
  }

  @Override
  public synchronized void stepStarted(PlannedStep step) {
    lastLine = System.nanoTime();
    first = null;
    if (!step.isReused()) {
      err.printf("%-12s running: %s%n", step.step().id(), step.reason());
    }
  }

  @Override
  public synchronized void stepWaits(RunStep step) {
    err.printf("%-12s %s%n", step.getId(), step.getReason());
  }

  /**
   * Shows a job's metrics; in a step whose workers are in this process and tell more, what they
   * tell.
   */
  @Override
  public synchronized void stepProgress(RunStep step) {
    JobMetrics metrics = new JobMetrics(step.getProgressMap());
    if (metrics.ofTraining()) {
      // The workers in this process were faster, if there are any.
      if (first == null || remote) {
        remote = true;
        show(metrics.update(step.getId()));
      }
    } else if (!metrics.text().isEmpty()) {
      show(metrics.update(step.getId()));
    }
  }

  private synchronized void update(Progress.Update update) {
    remote = false;
    show(update);
  }

  private void show(Progress.Update update) {
    if (first == null) {
      first = update;
      firstTime = System.nanoTime();
      if (update.done() > 1) {
        err.printf(
            "%-12s goes on after %d of %d %s%n",
            update.step(), update.done() - 1, update.total(), update.unit());
      }
    }
    if (TERMINAL) {
      if (bar == null) {
        bar = newBar(update);
      }
      bar.maxHint(update.total() > 0 ? update.total() : -1);
      bar.stepTo(update.done());
      bar.setExtraMessage(" " + update.detail());
      return;
    }
    long now = System.nanoTime();
    if (now - lastLine >= LINE_EVERY_NANOS) {
      lastLine = now;
      if (update.total() == 0) {
        err.printf("%-12s %s%n", update.step(), update.detail());
        return;
      }
      err.printf(
          "%-12s %d of %d %s, %s, ETA %s%n",
          update.step(),
          update.done(),
          update.total(),
          update.unit(),
          update.detail(),
          eta(update, now));
    }
  }

  private String eta(Progress.Update update, long now) {
    long done = update.done() - first.done();
    if (done <= 0) {
      return "unknown";
    }
    long seconds = (long) ((now - firstTime) / 1e9 * (update.total() - update.done()) / done);
    return String.format(
        Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
  }

  private static ProgressBar newBar(Progress.Update update) {
    return new ProgressBarBuilder()
        .setTaskName(update.step())
        .setInitialMax(update.total() > 0 ? update.total() : -1)
        .startsFrom(update.done(), Duration.ZERO)
        .setStyle(ProgressBarStyle.ASCII)
        .setConsumer(new ConsoleProgressBarConsumer(System.err))
        .build();
  }

  @Override
  public synchronized void stepFinished(RunStep step) {
    closeBar();
    boolean ran = step.getAction() == StepAction.STEP_ACTION_RAN;
    err.printf(
        Locale.ROOT,
        "%-12s %s %s in %.1f s%s%n",
        step.getId(),
        ran ? "made" : "reused",
        step.getArtifact().substring(0, 12),
        step.getSeconds(),
        step.getRejected() == 0
            ? ""
            : ", %d records refused: see the report".formatted(step.getRejected()));
  }

  private void closeBar() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }

  @Override
  public synchronized void close() {
    subscription.close();
    closeBar();
  }
}
