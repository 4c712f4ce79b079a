package org.kindred.models.training;

import java.util.List;

/**
 * One epoch.
 *
 * @param epoch epoch, from 0
 * @param losses its steps' losses, in order
 * @param learningRate learning rate
 * @param imagesPerSecond views that went through the network, over the time of its steps
 * @param inputWait share of that time that was spent waiting for batches, 0 to 1
 */
public record EpochReport(
    int epoch, List<Float> losses, double learningRate, double imagesPerSecond, double inputWait) {

  /** Copies the losses. */
  public EpochReport {
    losses = List.copyOf(losses);
  }

  /** Returns the mean of the steps' losses. */
  public double meanLoss() {
    return losses.stream().mapToDouble(Float::doubleValue).average().orElse(Double.NaN);
  }
}
