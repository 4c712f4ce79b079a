package org.kindred.runners.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.kindred.stages.SourceSize;
import picocli.CommandLine.Option;

/** A source of images that need not be there. */
final class SourceOptions {
  private static final String TRAIN = "train";
  private static final String TEST = "test";

  /** ImageNet's, whose validation split is what others test on. */
  private static final long TEST_IMAGES = 50_000;

  @Option(
      names = "--images",
      required = true,
      paramLabel = "[SPLIT=]N",
      description =
          "Plan for so many images in a split, `train` where none is named. May be given several"
              + " times; split `test` has 50000 where nothing else is said.")
  private List<String> images = new ArrayList<>();

  @Option(
      names = "--classes",
      paramLabel = "N",
      description =
          "Classes. Default: those of the data that were ingested last; of CIFAR-10's format 10,"
              + " of an image tree 1000.")
  private Integer classes;

  @Option(
      names = "--image-bytes",
      paramLabel = "N",
      description =
          "Mean bytes of an image as it is stored. Default: those of the data that were ingested"
              + " last; of CIFAR-10's format 3072, of an image tree 562500 (500 x 375 pixels), or"
              + " 110000 with ingest.encoding file.")
  private Double imageBytes;

  /** Returns the source's size. */
  SourceSize size() {
    TreeMap<String, Long> splits = new TreeMap<>();
    for (String given : images) {
      int equals = given.indexOf('=');
      String split = equals < 0 ? TRAIN : given.substring(0, equals);
      try {
        splits.put(split, Long.parseLong(given.substring(equals + 1)));
      } catch (NumberFormatException e) {
        throw new UsageException(
            "--images is \"%s\", valid is a number or SPLIT=number".formatted(given), e);
      }
    }
    splits.putIfAbsent(TEST, TEST_IMAGES);
    positive("--classes", classes);
    positive("--image-bytes", imageBytes);
    try {
      return new SourceSize(
          splits,
          classes == null ? OptionalInt.empty() : OptionalInt.of(classes),
          imageBytes == null ? OptionalDouble.empty() : OptionalDouble.of(imageBytes));
    } catch (IllegalArgumentException e) {
      throw new UsageException("--images: " + e.getMessage(), e);
    }
  }

  private static void positive(String option, Number value) {
    if (value != null && !(value.doubleValue() >= 1)) {
      throw new UsageException(option + " is " + value + ", valid is 1 or more");
    }
  }
}
