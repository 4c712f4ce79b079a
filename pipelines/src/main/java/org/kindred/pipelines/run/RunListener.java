package org.kindred.pipelines.run;

import org.kindred.pipelines.plan.PlannedStep;
import org.kindred.proto.pipeline.v1.Run;
import org.kindred.proto.pipeline.v1.RunStep;

/** Hears how a run goes, for display. */
public interface RunListener {

  /** The run has an id and a record. */
  default void started(Run run) {}

  /** A step waits for another run's job, before it is decided whether it is run or reused. */
  default void stepWaits(RunStep step) {}

  /** A step is about to be run or reused. */
  default void stepStarted(PlannedStep step) {}

  /** A step runs; its record has the metrics of the moment. Called every second or two. */
  default void stepProgress(RunStep step) {}

  /** A step has its artifact. */
  default void stepFinished(RunStep step) {}
}
