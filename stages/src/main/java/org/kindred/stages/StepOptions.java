package org.kindred.stages;

import org.apache.beam.sdk.options.Default;
import org.apache.beam.sdk.options.Description;
import org.apache.beam.sdk.options.PipelineOptions;

/** Whose work a job does. Travels to the workers, for their logs. */
public interface StepOptions extends PipelineOptions {
  /** Returns the id of the run. */
  @Description("Id of the run.")
  @Default.String("")
  String getRun();

  /** Sets the id of the run. */
  void setRun(String run);

  /** Returns the id of the step. */
  @Description("Id of the run's step.")
  @Default.String("")
  String getStep();

  /** Sets the id of the step. */
  void setStep(String step);
}
