package org.kindred.stages;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * How far the steps are that run in this process, for display. Workers in other processes are not
 * heard; their progress shows in the runner's own metrics.
 */
public final class Progress {
  private static final List<Listener> LISTENERS = new CopyOnWriteArrayList<>();

  private Progress() {}

  /**
   * How far a step is.
   *
   * @param step id of the step
   * @param done units done
   * @param total units in all
   * @param unit what is counted, in the plural
   * @param detail figures of the moment, such as loss and images/s; may be empty
   */
  public record Update(String step, long done, long total, String unit, String detail) {}

  /** Hears of updates; called by worker threads. */
  public interface Listener {
    /** Hears of one update. */
    void update(Update update);
  }

  /** Stops listening when it is closed. */
  public interface Subscription extends AutoCloseable {
    @Override
    void close();
  }

  /** Listens to every step of this process. */
  public static Subscription listen(Listener listener) {
    LISTENERS.add(listener);
    return () -> LISTENERS.remove(listener);
  }

  /** Tells every listener. */
  public static void report(Update update) {
    LISTENERS.forEach(listener -> listener.update(update));
  }
}
