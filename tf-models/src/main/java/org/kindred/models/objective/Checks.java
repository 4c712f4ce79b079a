package org.kindred.models.objective;

/** Checks of an objective's parameters. */
final class Checks {

  private Checks() {}

  /** Returns a number that must be above 0. */
  static double positive(String name, double value) {
    if (!(value > 0) || Double.isInfinite(value)) {
      throw new IllegalArgumentException(name + " is " + value + ", valid is above 0");
    }
    return value;
  }

  /** Returns a number that must be {@code least} or more. */
  static double atLeast(String name, double value, double least) {
    if (!(value >= least) || Double.isInfinite(value)) {
      throw new IllegalArgumentException(
          name + " is " + value + ", valid is " + number(least) + " or more");
    }
    return value;
  }

  /** Returns a whole number that must be {@code least} or more. */
  static int atLeast(String name, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(
          name + " is " + value + ", valid is " + least + " or more");
    }
    return value;
  }

  /** Returns a number that must be from 0 to 1. */
  static double share(String name, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException(name + " is " + value + ", valid is 0 to 1");
    }
    return value;
  }

  /** Returns a momentum: 0 to below 1. */
  static double momentum(String name, double value) {
    if (!(value >= 0 && value < 1)) {
      throw new IllegalArgumentException(name + " is " + value + ", valid is 0 to below 1");
    }
    return value;
  }

  private static String number(double value) {
    return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
  }
}
