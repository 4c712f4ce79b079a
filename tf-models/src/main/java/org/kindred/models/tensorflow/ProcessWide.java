package org.kindred.models.tensorflow;

import java.util.function.Supplier;

/**
 * What a process has one of. A static field will not do: on a cluster each job loads this class
 * anew, beside TensorFlow's, which is loaded once.
 */
public final class ProcessWide {

  private ProcessWide() {}

  /**
   * Returns the value of a name, and makes it when there is none.
   *
   * @param name unique in the process
   * @param type a class of the Java library, which all class loaders share
   */
  public static <T> T get(String name, Class<? super T> type, Supplier<T> maker) {
    Object value = System.getProperties().computeIfAbsent("kindred." + name, key -> maker.get());
    @SuppressWarnings("unchecked") // who asks under one name asks for one type
    T typed = (T) type.cast(value);
    return typed;
  }
}
