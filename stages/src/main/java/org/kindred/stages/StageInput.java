package org.kindred.stages;

import org.kindred.proto.artifact.v1.ArtifactType;

/**
 * One named input of a stage.
 *
 * @param name name, by which an experiment's step binds it
 * @param type the type that it must have
 * @param required whether the stage can't do without it
 */
public record StageInput(String name, ArtifactType type, boolean required) {

  /** Returns an input that the stage can't do without. */
  public static StageInput required(String name, ArtifactType type) {
    return new StageInput(name, type, true);
  }

  /**
   * Returns an input that the stage can do without. It is bound only when an experiment names it.
   */
  public static StageInput optional(String name, ArtifactType type) {
    return new StageInput(name, type, false);
  }
}
