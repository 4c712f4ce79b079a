package org.kindred.stages.artifact;

/**
 * An artifact is missing, damaged, ambiguous or of the wrong kind. The message names it and says
 * what to do.
 */
public sealed class ArtifactException extends RuntimeException permits UnknownArtifactException {
  private static final long serialVersionUID = 1L;

  /** Says what is wrong with which artifact. */
  public ArtifactException(String message) {
    super(message);
  }

  /** Says what is wrong with which artifact, and what led to it. */
  public ArtifactException(String message, Throwable cause) {
    super(message, cause);
  }
}
