package org.kindred.models.objective;

import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.Message;
import java.util.List;

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

  /**
   * Returns what should be said of something that begins after some epochs: nothing, if there are
   * more.
   *
   * @param first the epoch, from 0, that it begins with
   * @param otherwise what the training is without it
   */
  static List<String> begins(String name, int first, int epochs, String otherwise) {
    return first < epochs
        ? List.of()
        : List.of(
            "objective.%s is %d, and the training has %d epochs: %s"
                .formatted(name, first, epochs, otherwise));
  }

  /**
   * Checks the images that go through the network at a time, which an objective that tells them
   * apart must have two or more of.
   */
  static void severalImages(String objective, int images) {
    if (images < 2) {
      throw new IllegalArgumentException(
          "batch_size over micro_batches is %d, valid with %s is 2 or more"
              .formatted(images, objective));
    }
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

  /** Checks a number that must not be above another. */
  static void atMost(String name, int value, int least, int most, String what) {
    if (value > most) {
      throw new IllegalArgumentException(
          "%s is %d, valid is %d to %d, %s".formatted(name, value, least, most, what));
    }
  }

  /** Checks a number of other images, of which there is one less than images. */
  static void lessThanExamples(String name, int value, int examples) {
    atMost(name, value, 1, examples - 1, "less than there are images");
  }

  /** Checks the length of a queue that whole steps go into. */
  static void queueLength(String name, int length, int ofStep, String what) {
    if (length % ofStep != 0) {
      throw new IllegalArgumentException(
          "%s is %d, valid is a multiple of %d, %s".formatted(name, length, ofStep, what));
    }
  }

  /**
   * Checks that the numbers which the host looks up for the images that go through the network at a
   * time fit into a buffer.
   *
   * @param name of the field that says how many there are of each image
   */
  static void lookupFits(String name, int width, int images) {
    int most = Integer.MAX_VALUE / Integer.BYTES / images;
    if (width > most) {
      throw new IllegalArgumentException(
          "%s is %d, valid is 1 to %d: those of the %d images that go through the network at a time must fit into a buffer of %d bytes"
              .formatted(name, width, most, images, Integer.MAX_VALUE));
    }
  }

  /**
   * Checks that fields which mean nothing beside another field's value have their defaults.
   *
   * @param name of the configuration
   * @param beside the other field and its value
   */
  static void unread(Message config, String name, String beside, String... fields) {
    for (String field : fields) {
      FieldDescriptor descriptor = config.getDescriptorForType().findFieldByName(field);
      Object value = config.getField(descriptor);
      if (!value.equals(descriptor.getDefaultValue())) {
        throw new IllegalArgumentException(
            "%s.%s is %s, valid with %s, which does not read it, is its default, %s"
                .formatted(name, field, value, beside, descriptor.getDefaultValue()));
      }
    }
  }

  /** Checks that every enum of a configuration is set. */
  static void enumsAreSet(Message config, String name) {
    for (FieldDescriptor field : config.getDescriptorForType().getFields()) {
      if (field.getJavaType() == JavaType.ENUM
          && !field.isRepeated()
          && ((EnumValueDescriptor) config.getField(field)).getNumber() == 0) {
        throw new IllegalArgumentException(name + "." + field.getName() + " is not set");
      }
    }
  }

  private static String number(double value) {
    return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
  }
}
