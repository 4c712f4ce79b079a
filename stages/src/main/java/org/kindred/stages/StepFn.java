package org.kindred.stages;

import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.transforms.DoFn;
import org.slf4j.MDC;

/**
 * A {@link DoFn} of a stage: what is logged while it works carries the run and the step, as {@value
 * #RUN} and {@value #STEP} of the mapped diagnostic context.
 *
 * @param <I> type of the elements that it takes
 * @param <O> type of the elements that it gives
 */
public abstract class StepFn<I, O> extends DoFn<I, O> {
  /** Key of the run's id in logs. */
  public static final String RUN = "kindred-run";

  /** Key of the step's id in logs. */
  public static final String STEP = "kindred-step";

  private static final long serialVersionUID = 1L;

  /** Names the work; the next job on this thread names its own. */
  @StartBundle
  public final void nameWork(PipelineOptions options) {
    StepOptions step = options.as(StepOptions.class);
    MDC.put(RUN, step.getRun());
    MDC.put(STEP, step.getStep());
  }
}
