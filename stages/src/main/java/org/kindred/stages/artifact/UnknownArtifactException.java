package org.kindred.stages.artifact;

/** A reference names no artifact, or more than one. */
public final class UnknownArtifactException extends ArtifactException {
  private static final long serialVersionUID = 1L;

  UnknownArtifactException(String message) {
    super(message);
  }
}
