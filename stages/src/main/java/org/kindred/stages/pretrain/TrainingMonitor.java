package org.kindred.stages.pretrain;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
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

  private static final Pattern PEAK = Pattern.compile("VmHWM:\\s*(\\d+) kB");

  private static final Logger LOG = LoggerFactory.getLogger(TrainingMonitor.class);

  private final StageContext<PretrainConfig> context;
  private final long stepsPerEpoch;
  private final DatasetReader dataset;
  private final Supplier<Optional<IntFunction<int[]>>> positives;
  private final HoldOut holdOut;
  private final CollapseWatch collapse;
  private final TensorBoard events;
  private final TrainingMetrics metrics;
  private OptionalDouble accuracy = OptionalDouble.empty();
  private double imagesPerSecondSum;
  private double inputWaitSum;
  private int epochs;

  /**
   * Begins to watch.
   *
   * @param positives what the training finds positives with, if it does
   */
  TrainingMonitor(
      StageContext<PretrainConfig> context,
      DatasetReader dataset,
      Supplier<Optional<IntFunction<int[]>>> positives)
      throws IOException {
    this.context = context;
    this.dataset = dataset;
    this.positives = positives;
    this.stepsPerEpoch = dataset.size() / context.config().getBatchSize();
    this.holdOut = new HoldOut(context, dataset);
    this.collapse = new CollapseWatch(context, dataset);
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
    Map<String, Double> measured = collapse.measure(report.epoch(), report.measures(), embedder);
    accuracy.ifPresent(value -> measured.put(ACCURACY, value));
    positives
        .get()
        .ifPresent(
            finder ->
                PositivePrecision.of(dataset, finder)
                    .ifPresent(share -> measured.put(PositivePrecision.NAME, share)));
    events.epoch(report, measured);
    LOG.info(
        "step {}: epoch {} of {}: mean loss {}, {} images/s, {}, {}",
        context.step(),
        report.epoch() + 1,
        context.config().getEpochs(),
        report.meanLoss(),
        report.imagesPerSecond(),
        measured,
        report.measures());
    return measured;
  }

  /** Returns what was measured of the epochs that this process trained. */
  Map<String, Double> measurements() {
    Map<String, Double> measurements = new TreeMap<>();
    if (epochs > 0) {
      measurements.put("images_per_second", imagesPerSecondSum / epochs);
      measurements.put("input_wait_share", inputWaitSum / epochs);
      peakMemory().ifPresent(bytes -> measurements.put("peak_memory_bytes", bytes));
    }
    return measurements;
  }

  /** Returns the most memory that this process ever held, where the system tells. */
  private static OptionalDouble peakMemory() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
      return lines
          .map(PEAK::matcher)
          .filter(Matcher::matches)
          .mapToDouble(line -> Double.parseDouble(line.group(1)) * 1024)
          .findFirst();
    } catch (IOException | UncheckedIOException e) {
      return OptionalDouble.empty();
    }
  }

  @Override
  public void close() throws IOException {
    try (events) {
      holdOut.close();
    }
  }
}
