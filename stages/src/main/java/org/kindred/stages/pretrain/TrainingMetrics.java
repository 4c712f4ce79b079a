package org.kindred.stages.pretrain;

import java.util.OptionalDouble;
import org.apache.beam.sdk.metrics.Counter;
import org.apache.beam.sdk.metrics.Gauge;
import org.kindred.models.training.StepReport;
import org.kindred.stages.metrics.StageMetrics;

/** Beam's metrics of a training. */
final class TrainingMetrics {
  private final Counter examples = StageMetrics.counter("examples");
  private final Gauge step = StageMetrics.gauge("step");
  private final Gauge steps = StageMetrics.gauge("steps");
  private final Gauge epoch = StageMetrics.gauge("epoch");
  private final Gauge imagesPerSecond = StageMetrics.gauge("images_per_second");
  private final Gauge loss = StageMetrics.gauge("loss_micros");
  private final Gauge accuracy = StageMetrics.gauge("knn_accuracy_micros");
  private final int batchSize;

  /**
   * Makes the metrics.
   *
   * @param batchSize examples of a step
   */
  TrainingMetrics(int batchSize) {
    this.batchSize = batchSize;
  }

  /**
   * Updates all of them.
   *
   * @param done steps taken, those before a restart included
   * @param total steps of the whole training
   * @param knn the hold-out's accuracy after the last complete epoch
   */
  void step(long done, long total, StepReport report, OptionalDouble knn) {
    examples.inc(batchSize);
    step.set(done);
    steps.set(total);
    epoch.set(report.epoch() + 1L);
    imagesPerSecond.set(Math.round(report.imagesPerSecond()));
    loss.set(StageMetrics.micros(report.loss()));
    knn.ifPresent(value -> accuracy.set(StageMetrics.micros(value)));
  }
}
