package org.kindred.pipelines.run;

/** A step failed. The message says which and why; the cause is what a worker threw. */
public final class StepFailedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  StepFailedException(String message, Throwable cause) {
    super(message, cause);
  }
}
