package org.kindred.stages;

import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;
import org.kindred.proto.artifact.v1.DataFile;
import org.kindred.proto.artifact.v1.Dataset;
import org.kindred.proto.artifact.v1.Split;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.StoredArtifact;

/**
 * What a stage that reads from outside is to assume of its source in place of looking at it.
 *
 * @param images images by split
 * @param classes classes; when absent, what the stage's format has or is known for
 * @param imageBytes mean bytes of an image as the Dataset stores it; when absent, likewise
 */
public record SourceSize(
    SortedMap<String, Long> images, OptionalInt classes, OptionalDouble imageBytes) {

  /**
   * Copies the map.
   *
   * @throws IllegalArgumentException if a split has no images, or all splits together more than an
   *     int counts
   */
  public SourceSize {
    images = new TreeMap<>(images);
    double total = 0;
    for (var split : images.entrySet()) {
      if (split.getValue() < 1) {
        throw new IllegalArgumentException(
            "split %s has %d images, valid is 1 or more"
                .formatted(split.getKey(), split.getValue()));
      }
      total += split.getValue();
    }
    if (total > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "%.0f images, valid is at most %d: rows of a table are counted by ints"
              .formatted(total, Integer.MAX_VALUE));
    }
  }

  /** Returns the numbers of images of a Dataset, and nothing else about it. */
  public static SourceSize of(Dataset dataset) {
    SortedMap<String, Long> images = new TreeMap<>();
    for (Split split : dataset.getSplitsList()) {
      images.put(split.getName(), split.getExamples());
    }
    return new SourceSize(images, OptionalInt.empty(), OptionalDouble.empty());
  }

  /** Returns what a Dataset says of the source that it was read from. */
  public static SourceSize of(StoredArtifact artifact) {
    Dataset dataset = artifact.content().getDataset();
    double bytes = artifact.parts(Tables.EXAMPLES).stream().mapToDouble(DataFile::getBytes).sum();
    return new SourceSize(
        of(dataset).images,
        OptionalInt.of(dataset.getClassNamesCount()),
        OptionalDouble.of(bytes / dataset.getExamples()));
  }

  /** Returns this size with the images that another has, and what else the other tells. */
  public SourceSize withImages(SourceSize other) {
    return new SourceSize(
        other.images,
        other.classes.isPresent() ? other.classes : classes,
        other.imageBytes.isPresent() ? other.imageBytes : imageBytes);
  }

  /** Returns the images of all splits. */
  public int total() {
    return Math.toIntExact(images.values().stream().mapToLong(Long::longValue).sum());
  }
}
