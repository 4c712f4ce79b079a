package org.kindred.stages.artifact;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Several threads that do the same thing at the same moment. */
final class Race {
  private Race() {}

  /** What each of them does. */
  @FunctionalInterface
  interface Runner<T> {
    T run(int number) throws Exception;
  }

  /** Starts runners 0 to {@code count} - 1 together and returns their results in this order. */
  static <T> List<T> of(int count, Runner<T> runner) throws Exception {
    ExecutorService executor = Executors.newFixedThreadPool(count);
    try {
      CyclicBarrier start = new CyclicBarrier(count);
      List<Callable<T>> runners = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        int number = i;
        runners.add(
            () -> {
              start.await();
              return runner.run(number);
            });
      }
      List<T> results = new ArrayList<>();
      for (Future<T> result : executor.invokeAll(runners)) {
        results.add(result.get());
      }
      return results;
    } finally {
      executor.shutdownNow();
    }
  }
}
