package org.kindred.models.training;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What is kept of an epoch: a stretch of the training curve. It holds no timings, so that the same
 * training leaves the same record.
 *
 * @param epoch epoch, from 0
 * @param losses its steps' losses, in order
 * @param learningRate learning rate of its last step
 * @param measurements what the listener measured at its end, by name
 */
public record EpochRecord(
    int epoch, List<Float> losses, double learningRate, Map<String, Double> measurements) {

  /** Copies the losses and orders the measurements by name. */
  public EpochRecord {
    losses = List.copyOf(losses);
    measurements = Collections.unmodifiableMap(new TreeMap<>(measurements));
  }

  /** Returns the mean of the steps' losses. */
  public double meanLoss() {
    return losses.stream().mapToDouble(Float::doubleValue).average().orElse(Double.NaN);
  }
}
