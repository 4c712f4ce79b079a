package org.kindred.models.optimizer;

/** Checks of a configuration's values. */
final class Require {

  private Require() {}

  /**
   * Checks a value.
   *
   * @param holds whether it is valid
   * @param field its name in the stage's configuration
   * @param range what is valid, as words
   * @throws IllegalArgumentException when it is not
   */
  static void valid(boolean holds, String field, Object value, String range) {
    if (!holds) {
      throw new IllegalArgumentException(field + " is " + value + ", valid is " + range);
    }
  }

  /** Checks a number that is finite, 0 or more. */
  static void notNegative(String field, double value) {
    valid(value >= 0 && value <= Double.MAX_VALUE, field, value, "0 or more, finite");
  }
}
