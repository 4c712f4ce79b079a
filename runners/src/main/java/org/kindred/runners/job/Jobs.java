package org.kindred.runners.job;

import org.apache.beam.sdk.PipelineResult;

/** What runners share. */
final class Jobs {
  private Jobs() {}

  /**
   * Waits for a job's end.
   *
   * @throws IllegalStateException if it ended without being done: some runners do not throw then
   */
  static void requireDone(PipelineResult result) {
    PipelineResult.State state = result.waitUntilFinish();
    if (state != PipelineResult.State.DONE) {
      throw new IllegalStateException("the job ended in state " + state);
    }
  }
}
