package org.kindred.pipelines.run;

/** Nobody can tell what became of a job: it may still be running. */
public final class JobLostException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Says, to a user, what is known. */
  public JobLostException(String message, Throwable cause) {
    super(message, cause);
  }
}
