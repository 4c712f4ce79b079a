package org.kindred.stages;

import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.transforms.DoFn;
import org.slf4j.MDC;

/**
 * A {@link DoFn} of a stage: what is logged while it works carries the run and the step, as {@value
 * #RUN} and {@value #STEP} of the mapped diagnostic context. It does not begin in a process whose
 * common fork-join pool has no thread.
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
  private static final String POOL_THREADS = "java.util.concurrent.ForkJoinPool.common.parallelism";

  /** Names the work; the next job on this thread names its own. */
  @StartBundle
  public final void begin(PipelineOptions options) {
    requirePool();
    StepOptions step = options.as(StepOptions.class);
    MDC.put(RUN, step.getRun());
    MDC.put(STEP, step.getStep());
  }

  /**
   * Without a thread of its own the pool leaves tasks undone when two callers queue at a time: the
   * first finds its task between those of the second, waits, and nobody ever wakes it.
   */
  private static void requirePool() {
    Integer threads = Integer.getInteger(POOL_THREADS);
    if (threads != null && threads == 0) {
      throw new StageException(
          POOL_THREADS
              + " is 0 in this process, valid is 1 or more, or not set: without a thread in the"
              + " common pool, work of several tasks would wait for ever");
    }
  }
}
