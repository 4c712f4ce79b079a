package org.kindred.models.training;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What is known of an epoch that is under way.
 *
 * @param losses the losses of the steps taken, in order
 * @param sums sum over these steps of what the objective reports, by name
 */
public record PartialEpoch(List<Float> losses, Map<String, Double> sums) {

  /** An epoch without a step. */
  public static final PartialEpoch EMPTY = new PartialEpoch(List.of(), Map.of());

  /** Copies both, the sums ordered by name. */
  public PartialEpoch {
    losses = List.copyOf(losses);
    sums = Collections.unmodifiableMap(new TreeMap<>(sums));
  }

  /** Returns the mean over the steps of what the objective reports. */
  Map<String, Double> means() {
    Map<String, Double> means = new TreeMap<>();
    sums.forEach((name, sum) -> means.put(name, sum / losses.size()));
    return means;
  }
}
