package org.kindred.stages;

/** A stage can't do what it was asked. The message names the thing, the value and what is valid. */
public final class StageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Says what is wrong. */
  public StageException(String message) {
    super(message);
  }

  /** Says what is wrong, and what led to it. */
  public StageException(String message, Throwable cause) {
    super(message, cause);
  }
}
