package org.kindred.stages.pretrain;

import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import org.kindred.models.training.EpochReport;
import org.kindred.models.training.ImageEmbedder;
import org.kindred.models.training.StepReport;
import org.kindred.models.training.TrainingListener;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.stages.Progress;
import org.kindred.stages.StageContext;
import org.kindred.stages.dataset.DatasetReader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches a training: reports progress, updates Beam's metrics, writes TensorBoard events, and
 * measures the hold-out after each epoch.
 */
final class TrainingMonitor implements TrainingListener, AutoCloseable {
  /** Name of the hold-out's accuracy among an epoch's measurements. */
  static final String ACCURACY = "knn_accuracy";

  private static final Logger LOG = LoggerFactory.getLogger(TrainingMonitor.class);

  private final StageContext<PretrainConfig> context;
  private final long stepsPerEpoch;
  private final HoldOut holdOut;
  private final TensorBoard events;
  private final TrainingMetrics metrics;
  private OptionalDouble accuracy = OptionalDouble.empty();
  private double imagesPerSecondSum;
  private double inputWaitSum;
  private int epochs;

  TrainingMonitor(StageContext<PretrainConfig> context, DatasetReader dataset) throws IOException {
    this.context = context;
    this.stepsPerEpoch = dataset.size() / context.config().getBatchSize();
    this.holdOut = new HoldOut(context, dataset);
    this.events = new TensorBoard(context);
    this.metrics = new TrainingMetrics(context.config().getBatchSize());
  }

  @Override
  public void onStep(StepReport report) {
    long done = report.epoch() * stepsPerEpoch + report.step() + 1;
    events.step(report, done);
    String detail =
        String.format(
            Locale.ROOT,
            "%.0f images/s, loss %.2f%s",
            report.imagesPerSecond(),
            report.loss(),
            accuracy.isPresent()
                ? String.format(Locale.ROOT, ", kNN %.3f", accuracy.getAsDouble())
                : "");
    long total = context.config().getEpochs() * stepsPerEpoch;
    metrics.step(done, total, report, accuracy);
    Progress.report(new Progress.Update(context.step(), done, total, "steps", detail));
  }

  @Override
  public Map<String, Double> onEpochEnd(EpochReport report, ImageEmbedder embedder) {
    imagesPerSecondSum += report.imagesPerSecond();
    inputWaitSum += report.inputWait();
    epochs++;
    accuracy = holdOut.accuracy(embedder);
    events.epoch(report, accuracy);
    LOG.info(
        "step {}: epoch {} of {}: mean loss {}, {} images/s, kNN on the hold-out {}",
        context.step(),
        report.epoch() + 1,
        context.config().getEpochs(),
        report.meanLoss(),
        report.imagesPerSecond(),
        accuracy);
    return accuracy.isPresent() ? Map.of(ACCURACY, accuracy.getAsDouble()) : Map.of();
  }

  /** Returns what was measured of the epochs that this process trained. */
  Map<String, Double> measurements() {
    Map<String, Double> measurements = new TreeMap<>();
    if (epochs > 0) {
      measurements.put("images_per_second", imagesPerSecondSum / epochs);
      measurements.put("input_wait_share", inputWaitSum / epochs);
    }
    return measurements;
  }

  @Override
  public void close() throws IOException {
    try (events) {
      holdOut.close();
    }
  }
}
