package org.kindred.pipelines.experiment;

/** An experiment that cannot be run as written. The message has one line for each problem. */
public final class ExperimentException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  ExperimentException(String message) {
    super(message);
  }
}
