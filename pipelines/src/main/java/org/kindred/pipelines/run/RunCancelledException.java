package org.kindred.pipelines.run;

/** Somebody cancelled the run. */
public final class RunCancelledException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Says so. */
  public RunCancelledException() {
    super("the run was cancelled");
  }
}
