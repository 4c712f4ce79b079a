package org.kindred.pipelines.run;

import java.io.IOException;
import java.util.List;
import org.kindred.pipelines.plan.PlannedStep;

/** Looks ahead, so that a run which is going to fail does not train first. */
@FunctionalInterface
public interface Foresight {
  /** Sees nothing. */
  Foresight NONE = steps -> List.of();

  /**
   * Returns what steps would be refused for, each with file, line and step.
   *
   * @param steps all steps, each after those that it reads; those that are made have an artifact
   */
  List<String> refusals(List<PlannedStep> steps) throws IOException;
}
