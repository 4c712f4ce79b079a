package org.kindred.pipelines.estimate;

import java.util.List;
import java.util.Optional;
import org.kindred.stages.Estimate;

/**
 * How large a step is.
 *
 * @param step id of the step
 * @param stage name of its stage
 * @param estimate what the stage tells; empty when it can't
 * @param rate how fast the work is done
 * @param refusal what a run of it would be refused for, if it would
 * @param notes what does not scale, what a run would be refused for, and what figures rest on
 */
public record StepEstimate(
    String step,
    String stage,
    Optional<Estimate> estimate,
    Rate rate,
    Optional<String> refusal,
    List<String> notes) {
  private static final double SECONDS_PER_HOUR = 3600;

  /**
   * How fast work is done.
   *
   * @param perCoreSecond units of work that a processor does in a second
   * @param run id of the run that it was measured in; empty for the stage's own figure
   */
  public record Rate(double perCoreSecond, Optional<String> run) {
    double coreHours(Estimate size) {
      return size.work().amount() / perCoreSecond / SECONDS_PER_HOUR;
    }
  }

  /** Copies the list. */
  public StepEstimate {
    notes = List.copyOf(notes);
  }

  /** Returns the hours that one processor needs; 0 when the size is not known. */
  public double coreHours() {
    return estimate.map(rate::coreHours).orElse(0.0);
  }
}
