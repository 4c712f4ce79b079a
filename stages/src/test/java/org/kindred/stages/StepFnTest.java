package org.kindred.stages;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class StepFnTest {

  private static final String POOL_THREADS = "java.util.concurrent.ForkJoinPool.common.parallelism";

  private final String before = System.getProperty(POOL_THREADS);

  private static final class Nothing extends StepFn<String, String> {
    private static final long serialVersionUID = 1L;
  }

  private static void begin() {
    new Nothing().begin(PipelineOptionsFactory.create());
  }

  @AfterEach
  void restore() {
    if (before == null) {
      System.clearProperty(POOL_THREADS);
    } else {
      System.setProperty(POOL_THREADS, before);
    }
  }

  @Test
  void noWorkBeginsWhereItCouldWaitForEver() {
    System.setProperty(POOL_THREADS, "0");

    StageException error = assertThrows(StageException.class, StepFnTest::begin);

    assertTrue(
        error.getMessage().startsWith(POOL_THREADS + " is 0 in this process, valid is 1 or more"));
  }

  @Test
  void workBeginsInAPoolOfOneThread() {
    System.setProperty(POOL_THREADS, "1");

    assertDoesNotThrow(StepFnTest::begin);
  }
}
