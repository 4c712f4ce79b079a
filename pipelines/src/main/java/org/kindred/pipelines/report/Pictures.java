package org.kindred.pipelines.report;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.kindred.pipelines.report.Tile.Verdict;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.dataset.DatasetReader;
import org.kindred.stages.image.RgbImage;

/**
 * The images and class names of a Dataset, by example id. Without a Dataset there are captions but
 * no images.
 */
final class Pictures implements AutoCloseable {
  private final Optional<DatasetReader> reader;
  private final List<String> classNames;

  private Pictures(Optional<DatasetReader> reader, List<String> classNames) {
    this.reader = reader;
    this.classNames = classNames;
  }

  /** Opens a Dataset, or nothing. */
  static Pictures open(Optional<StoredArtifact> dataset) throws IOException {
    if (dataset.isEmpty()) {
      return new Pictures(Optional.empty(), List.of());
    }
    return new Pictures(
        Optional.of(DatasetReader.open(dataset.get(), Optional.empty())),
        dataset.get().content().getDataset().getClassNamesList());
  }

  /** Returns a class's name. */
  static String className(List<String> classNames, int label) {
    if (label < 0) {
      return "no label";
    }
    return label < classNames.size() ? classNames.get(label) : "class " + label;
  }

  String className(int label) {
    return className(classNames, label);
  }

  /** Returns an example's label, -1 for none. */
  int label(long id) {
    int example = find(id);
    return example < 0 ? -1 : reader.get().label(example);
  }

  /** Returns a picture with its class and a second line as caption. */
  Tile tile(long id, int label, Verdict verdict, String detail) throws IOException {
    String name = className(label);
    String description = "example %d, %s".formatted(id, name);
    return new Tile(image(id), description, verdict, name, detail);
  }

  private String image(long id) throws IOException {
    int example = find(id);
    if (example < 0) {
      return "";
    }
    RgbImage image = reader.get().image(example);
    return Thumbnail.dataUri(image.width(), image.height(), image.pixels());
  }

  /** Returns an example's number in the reader, which is in order of id; negative for none. */
  private int find(long id) {
    int low = 0;
    int high = reader.map(DatasetReader::size).orElse(0) - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      long found = reader.get().id(middle);
      if (found == id) {
        return middle;
      }
      if (found < id) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return -1;
  }

  @Override
  public void close() {
    reader.ifPresent(DatasetReader::close);
  }
}
