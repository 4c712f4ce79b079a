package org.kindred.runners.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.function.Predicate;

/**
 * Watches runs that are processes of their own.
 *
 * @param store their store
 */
record DetachedRuns(String store) {
  private static final int LOOKS = 1200;
  private static final int PAUSE_MILLIS = 100;

  /** Returns whether a run is not running any more. */
  static boolean hasEnded(JsonNode status) {
    return !status.get("state").asText().equals("RUN_STATE_RUNNING");
  }

  /** Looks at a run until it is in a state, two minutes at least, and returns its record. */
  JsonNode await(String run, Predicate<JsonNode> state) throws IOException, InterruptedException {
    for (int i = 0; i < LOOKS; i++) {
      JsonNode status = status(run);
      if (state.test(status)) {
        return status;
      }
      Thread.sleep(PAUSE_MILLIS);
    }
    throw new AssertionError("run %s stands at %s".formatted(run, status(run)));
  }

  private JsonNode status(String run) throws IOException {
    return CommandLineRun.of("status", run, "--json", "--store", store).succeeded().json();
  }
}
