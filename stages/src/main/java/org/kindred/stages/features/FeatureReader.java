package org.kindred.stages.features;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.IntUnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.kindred.proto.artifact.v1.EmbeddingSet;
import org.kindred.proto.artifact.v1.FeatureSource;
import org.kindred.proto.artifact.v1.FeatureTable;
import org.kindred.proto.artifact.v1.Split;
import org.kindred.stages.StageException;
import org.kindred.stages.arrow.MappedTable;
import org.kindred.stages.artifact.StoredArtifact;

/**
 * The rows of one split in one feature table of an EmbeddingSet, numbered from 0 in order of id.
 */
public final class FeatureReader implements AutoCloseable {
  /** Layer name of pixel features. */
  public static final String PIXELS = "pixels";

  /** Most values that {@link #vectors} returns at once. */
  public static final int MAX_VALUES = Integer.MAX_VALUE - 8;

  private static final String VECTOR = "vector";

  private final String where;
  private final FeatureTable features;
  private final MappedTable table;
  private final int[] rows;
  private final long[] ids;
  private final int[] labels;

  private FeatureReader(String where, FeatureTable features, MappedTable table, String split) {
    this.where = where;
    this.features = features;
    this.table = table;
    String[] splits = table.strings("split");
    if (table.width(VECTOR) != features.getDimension()) {
      throw new StageException(
          "%s: table %s has vectors of length %d, valid is %d, as the manifest says"
              .formatted(where, features.getTable(), table.width(VECTOR), features.getDimension()));
    }
    this.rows =
        IntStream.range(0, splits.length).filter(row -> split.equals(splits[row])).toArray();
    long[] allIds = table.longs("id");
    int[] allLabels = table.ints("label");
    this.ids = IntStream.of(rows).mapToLong(row -> allIds[row]).toArray();
    checkIds();
    this.labels = IntStream.of(rows).map(row -> allLabels[row]).toArray();
  }

  /**
   * Returns the bytes of Java heap that a reader holds at least while it is opened.
   *
   * @param examples those of the split that is read
   * @param all those of all splits
   */
  public static double heapBytes(long examples, long all) {
    double kept = 2 * Integer.BYTES + Long.BYTES;
    double whole = 2 * Integer.BYTES + Long.BYTES;
    return kept * examples + whole * all;
  }

  /**
   * Opens the rows of a split.
   *
   * @throws StageException if ids are not in order, or occur twice, or vectors have another length
   *     than the manifest says
   */
  public static FeatureReader open(StoredArtifact embeddings, FeatureTable features, String split)
      throws IOException {
    MappedTable table = MappedTable.open(embeddings.localTable(features.getTable()));
    try {
      return new FeatureReader(embeddings.location(), features, table, split);
    } catch (RuntimeException e) {
      table.close();
      throw e;
    }
  }

  /**
   * Finds a feature table.
   *
   * @param source whose features
   * @param layer their layer
   * @param step id of the step that asks
   * @throws StageException if the EmbeddingSet has no such table
   */
  public static FeatureTable find(
      StoredArtifact embeddings, FeatureSource source, String layer, String step) {
    EmbeddingSet set = embeddings.content().getEmbeddingSet();
    return set.getFeaturesList().stream()
        .filter(table -> table.getSource() == source && table.getLayer().equals(layer))
        .findFirst()
        .orElseThrow(
            () ->
                new StageException(
                    "step %s reads %s features of layer \"%s\", valid are: %s"
                        .formatted(
                            step,
                            sourceName(source),
                            layer,
                            set.getFeaturesList().stream()
                                .map(
                                    table -> sourceName(table.getSource()) + " " + table.getLayer())
                                .collect(Collectors.joining(", ")))));
  }

  /**
   * Returns every source's table of one of some layers, and the pixels.
   *
   * @param layers layers of networks, in order
   * @throws StageException if the learned features have no such layer
   */
  public static List<FeatureTable> ofLayers(
      StoredArtifact embeddings, List<String> layers, String step) {
    for (String layer : layers) {
      find(embeddings, FeatureSource.FEATURE_SOURCE_LEARNED, layer, step);
    }
    return embeddings.content().getEmbeddingSet().getFeaturesList().stream()
        .filter(
            table ->
                layers.contains(table.getLayer())
                    || table.getSource() == FeatureSource.FEATURE_SOURCE_PIXELS)
        .toList();
  }

  /**
   * Returns what an EmbeddingSet's manifest says of a split.
   *
   * @param field the configuration's field that names the split, for the message
   * @throws StageException if it has no such split
   */
  public static Split split(StoredArtifact embeddings, String field, String name) {
    List<Split> splits = embeddings.content().getEmbeddingSet().getSplitsList();
    Optional<Split> found =
        splits.stream().filter(split -> split.getName().equals(name)).findFirst();
    return found.orElseThrow(
        () ->
            new StageException(
                "%s is \"%s\", valid are the embeddings' splits: %s"
                    .formatted(
                        field,
                        name,
                        splits.stream().map(Split::getName).collect(Collectors.joining(", ")))));
  }

  /** Returns a source's name as users say it: learned, untrained or pixels. */
  public static String sourceName(FeatureSource source) {
    return source.name().substring("FEATURE_SOURCE_".length()).toLowerCase(Locale.ROOT);
  }

  /** Returns the number of rows. */
  public int size() {
    return rows.length;
  }

  /** Returns the length of a row. */
  public int dimension() {
    return features.getDimension();
  }

  /** Returns a row's id. */
  public long id(int row) {
    return ids[row];
  }

  /** Returns a row's label, -1 for none. */
  public int label(int row) {
    return labels[row];
  }

  /** Returns the labels of all rows, -1 for none. */
  public int[] labels() {
    return labels.clone();
  }

  /** Returns the position of an id, or a negative number if it is not in the split. */
  public int position(long id) {
    // Ids without gaps need no search.
    long guess = ids.length == 0 ? -1 : id - ids[0];
    return guess >= 0 && guess < ids.length && ids[(int) guess] == id
        ? (int) guess
        : Arrays.binarySearch(ids, id);
  }

  /**
   * Returns consecutive rows, {@code [count, dimension]}.
   *
   * @throws StageException naming the example if a value is not finite, or if there are more values
   *     than an array holds
   */
  public float[] vectors(int first, int count) {
    if ((long) count * dimension() > MAX_VALUES) {
      throw new StageException(
          "%s: table %s: %d rows of %d values are more than the %d that an array holds"
              .formatted(where, features.getTable(), count, dimension(), MAX_VALUES));
    }
    float[] vectors = new float[count * dimension()];
    int copied = 0;
    while (copied < count) {
      int start = first + copied;
      int run = 1;
      while (copied + run < count && rows[start + run] == rows[start] + run) {
        run++;
      }
      table.copyFloats(VECTOR, rows[start], run, vectors, copied * dimension());
      copied += run;
    }
    checkFinite(vectors, at -> first + at);
    return vectors;
  }

  /**
   * Returns some rows, {@code [positions, dimension]}; may be called from several threads.
   *
   * @throws StageException naming the example if a value is not finite
   */
  public float[] vectors(int[] positions) {
    float[] vectors = new float[Math.multiplyExact(positions.length, dimension())];
    for (int i = 0; i < positions.length; i++) {
      table.copyFloats(VECTOR, rows[positions[i]], 1, vectors, i * dimension());
    }
    checkFinite(vectors, at -> positions[at]);
    return vectors;
  }

  /**
   * Copies one row, whose values are not checked.
   *
   * @param target takes {@link #dimension} values from {@code at} on
   */
  public void copy(int row, float[] target, int at) {
    table.copyFloats(VECTOR, rows[row], 1, target, at);
  }

  /**
   * Names the example of a row that can't be used.
   *
   * @param row position of the row
   * @param problem what is wrong with it, to follow its name
   */
  public StageException unusable(int row, String problem) {
    return new StageException(
        "%s: table %s: example %d %s".formatted(where, features.getTable(), ids[row], problem));
  }

  /** Rows are found by their ids, and an example that is there twice would be its own neighbour. */
  private void checkIds() {
    for (int row = 1; row < ids.length; row++) {
      if (ids[row] <= ids[row - 1]) {
        throw new StageException(
            "%s: table %s: id %d comes after id %d, valid are ids in order, each once in a split"
                .formatted(where, features.getTable(), ids[row], ids[row - 1]));
      }
    }
  }

  /** `extract` refuses such rows, but an EmbeddingSet may come from elsewhere. */
  private void checkFinite(float[] vectors, IntUnaryOperator position) {
    for (int at = 0; at < vectors.length; at++) {
      if (!Float.isFinite(vectors[at])) {
        throw new StageException(
            "%s: table %s: value %d of example %d is %s, valid are finite numbers"
                .formatted(
                    where,
                    features.getTable(),
                    at % dimension(),
                    ids[position.applyAsInt(at / dimension())],
                    vectors[at]));
      }
    }
  }

  @Override
  public void close() {
    table.close();
  }
}
