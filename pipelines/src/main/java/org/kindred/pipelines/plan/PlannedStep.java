package org.kindred.pipelines.plan;

import java.util.Optional;
import org.kindred.proto.artifact.v1.Producer;
import org.kindred.stages.artifact.StoredArtifact;

/**
 * What is to be done with a step.
 *
 * @param step the step
 * @param reason why, one line
 * @param producer who would make its artifact, with the reuse key; empty while an input is still to
 *     be made
 * @param artifact the artifact to take; empty when the step is to run
 */
public record PlannedStep(
    BoundStep step, String reason, Optional<Producer> producer, Optional<StoredArtifact> artifact) {

  /** Returns whether an artifact that is there will be taken. */
  public boolean isReused() {
    return artifact.isPresent();
  }
}
