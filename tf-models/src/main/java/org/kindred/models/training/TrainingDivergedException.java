package org.kindred.models.training;

/** The loss or a weight is no longer a finite number. Checkpoints are from before it happened. */
public final class TrainingDivergedException extends RuntimeException {

  private static final long serialVersionUID = 1;

  private final int epoch;
  private final int step;

  TrainingDivergedException(int epoch, int step, String what) {
    super(
        "training diverged in epoch "
            + epoch
            + ", step "
            + step
            + " (both from 0): "
            + what
            + "; a lower optimizer.learning_rate may help");
    this.epoch = epoch;
    this.step = step;
  }

  /** Returns the epoch, from 0. */
  public int epoch() {
    return epoch;
  }

  /** Returns the step in the epoch, from 0. */
  public int step() {
    return step;
  }
}
