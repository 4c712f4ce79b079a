package org.kindred.pipelines.plan;

/**
 * An experiment can't be planned: inputs that don't fit, or a step asked for that can't be run as
 * asked.
 */
public final class PlanException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Says what is wrong. */
  public PlanException(String message) {
    super(message);
  }

  /** Says what is wrong, and what led to it. */
  public PlanException(String message, Throwable cause) {
    super(message, cause);
  }
}
