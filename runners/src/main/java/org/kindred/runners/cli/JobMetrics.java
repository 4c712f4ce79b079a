package org.kindred.runners.cli;

import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.kindred.stages.Progress;

/**
 * A job's metrics in words.
 *
 * @param values by name, as {@link org.kindred.stages.metrics.StageMetrics} counts them
 */
record JobMetrics(Map<String, Long> values) {
  private static final double MICROS = 1e6;

  /** Returns whether they are those of a training, which knows its end. */
  boolean ofTraining() {
    return values.containsKey("steps");
  }

  /** Returns how far a step is. */
  Progress.Update update(String step) {
    return ofTraining()
        ? new Progress.Update(step, value("step"), value("steps"), "steps", training())
        : new Progress.Update(step, 0, 0, "", counts());
  }

  /** Returns all of it in a line. */
  String text() {
    return ofTraining()
        ? "%d of %d steps, epoch %d, %s"
            .formatted(value("step"), value("steps"), value("epoch"), training())
        : counts();
  }

  private String training() {
    String accuracy =
        values.containsKey("knn_accuracy_micros")
            ? String.format(Locale.ROOT, ", kNN %.3f", value("knn_accuracy_micros") / MICROS)
            : "";
    return String.format(
        Locale.ROOT,
        "%d images/s, loss %.2f%s",
        value("images_per_second"),
        value("loss_micros") / MICROS,
        accuracy);
  }

  private String counts() {
    return values.entrySet().stream()
        .filter(metric -> metric.getValue() > 0)
        .map(metric -> String.format(Locale.ROOT, "%s %,d", metric.getKey(), metric.getValue()))
        .collect(Collectors.joining(", "));
  }

  private long value(String name) {
    return values.getOrDefault(name, 0L);
  }
}
