package org.kindred.models.objective;

import org.kindred.proto.pipeline.v1.Objective;

/** The objectives that a configuration can name. */
public final class Objectives {

  private Objectives() {}

  /**
   * Returns the objective of a configuration.
   *
   * @throws IllegalArgumentException when none is set, or a parameter is out of its range
   */
  public static TrainingObjective create(Objective objective) {
    return switch (objective.getKindCase()) {
      case INVASPREAD -> new InvaSpreadObjective(objective.getInvaspread());
      case INSTDISC -> new InstDiscObjective(objective.getInstdisc());
      case KIND_NOT_SET -> throw new IllegalArgumentException("objective is not set");
    };
  }
}
