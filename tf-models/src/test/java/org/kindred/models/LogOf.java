package org.kindred.models;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.Logger;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.Property;

/** Listens to what a class logs, until it is closed. */
public final class LogOf implements AutoCloseable {

  private final List<String> warnings = new CopyOnWriteArrayList<>();
  private final Logger logger;
  private final Level before;
  private final AbstractAppender appender;

  public LogOf(Class<?> type) {
    logger = (Logger) LogManager.getLogger(type);
    before = logger.getLevel();
    appender =
        new AbstractAppender("warnings", null, null, true, Property.EMPTY_ARRAY) {
          @Override
          public void append(LogEvent event) {
            if (event.getLevel().equals(Level.WARN)) {
              warnings.add(event.getMessage().getFormattedMessage());
            }
          }
        };
    appender.start();
    logger.addAppender(appender);
    logger.setLevel(Level.WARN);
  }

  /** Returns the warnings so far. */
  public List<String> warnings() {
    return List.copyOf(warnings);
  }

  @Override
  public void close() {
    logger.removeAppender(appender);
    logger.setLevel(before);
    appender.stop();
  }
}
