package org.kindred.models.training;

import java.util.List;
import java.util.Map;

/**
 * One epoch.
 *
 * @param epoch epoch, from 0
 * @param losses its steps' losses, in order
 * @param learningRate learning rate of its last step
 * @param imagesPerSecond images, of whatever size, that went through the network in this process's
 *     steps, over the time of these and of what the objective did before the first
 * @param inputWait share of that time that was spent waiting for batches, 0 to 1
 * @param measures mean over the steps of what the objective reports, by name
 */
public record EpochReport(
    int epoch,
    List<Float> losses,
    double learningRate,
    double imagesPerSecond,
    double inputWait,
    Map<String, Double> measures) {

  /** Copies the losses. */
  public EpochReport {
    losses = List.copyOf(losses);
  }

  /** Returns the mean of the steps' losses. */
  public double meanLoss() {
    return losses.stream().mapToDouble(Float::doubleValue).average().orElse(Double.NaN);
  }
}
