package org.kindred.stages.metrics;

import org.apache.beam.sdk.metrics.Counter;
import org.apache.beam.sdk.metrics.Gauge;
import org.apache.beam.sdk.metrics.Metrics;

/**
 * Beam metrics of the stages, all in one namespace, so that whoever watches a job finds them. The
 * transform that a metric belongs to stands in Beam's name of it.
 *
 * <p>Every table counts {@code rows} and {@code bytes} that were written. Values are whole numbers:
 * what is a share or a loss is given in millionths, under a name that ends in {@code _micros}.
 */
public final class StageMetrics {
  /** Namespace of every metric. */
  public static final String NAMESPACE = "kindred";

  private static final double MICROS = 1e6;

  private StageMetrics() {}

  /** Returns a number that grows. */
  public static Counter counter(String name) {
    return Metrics.counter(NAMESPACE, name);
  }

  /** Returns a number of the moment. */
  public static Gauge gauge(String name) {
    return Metrics.gauge(NAMESPACE, name);
  }

  /** Returns a value in millionths. */
  public static long micros(double value) {
    return Math.round(value * MICROS);
  }
}
