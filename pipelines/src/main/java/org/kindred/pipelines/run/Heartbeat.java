package org.kindred.pipelines.run;

import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Shows, until it is closed, that the process which runs a run is alive, whatever it waits for. */
final class Heartbeat implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Heartbeat.class);
  private static final long MILLIS = 10_000;

  private final RunStore runs;
  private final String run;
  private final Thread thread = new Thread(this::beat, "run-heartbeat");

  private Heartbeat(RunStore runs, String run) {
    this.runs = runs;
    this.run = run;
  }

  static Heartbeat start(RunStore runs, String run) {
    Heartbeat heartbeat = new Heartbeat(runs, run);
    heartbeat.thread.setDaemon(true);
    heartbeat.thread.start();
    return heartbeat;
  }

  private void beat() {
    while (true) {
      try {
        runs.beat(run);
      } catch (IOException | RuntimeException e) {
        LOG.warn("cannot show that run {} is alive: {}", run, e.toString());
      }
      try {
        Thread.sleep(MILLIS);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
