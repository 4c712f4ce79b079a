package org.kindred.stages.dataset;

import java.io.IOException;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.kindred.proto.artifact.v1.Dataset;
import org.kindred.proto.artifact.v1.ImageEncoding;
import org.kindred.proto.artifact.v1.Split;
import org.kindred.stages.StageException;
import org.kindred.stages.arrow.MappedTable;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.image.ImageDecoder;
import org.kindred.stages.image.ImageRejectedException;
import org.kindred.stages.image.RgbImage;
import org.kindred.stages.image.ViewMaker;

/** The images of one split of a Dataset, or of all, numbered from 0 in order of id. */
public final class DatasetReader implements AutoCloseable {
  /** No limits of its own: ingest decoded every image under the limits that were configured. */
  private static final int MAX_SIDE = 65535;

  private static final long MAX_PIXELS = 700_000_000;

  private final String where;
  private final MappedTable table;
  private final boolean encoded;
  private final int[] rows;
  private final String[] splits;
  private final long[] ids;
  private final int[] labels;
  private final int[] heights;
  private final int[] widths;

  private DatasetReader(StoredArtifact dataset, MappedTable table, Optional<String> split) {
    this.where = dataset.location();
    this.table = table;
    this.encoded =
        dataset.content().getDataset().getEncoding() == ImageEncoding.IMAGE_ENCODING_FILE;
    String[] allSplits = table.strings("split");
    this.rows =
        IntStream.range(0, allSplits.length)
            .filter(row -> split.isEmpty() || split.get().equals(allSplits[row]))
            .toArray();
    this.splits = IntStream.of(rows).mapToObj(row -> allSplits[row]).toArray(String[]::new);
    long[] allIds = table.longs("id");
    this.ids = IntStream.of(rows).mapToLong(row -> allIds[row]).toArray();
    this.labels = pick(table.ints("label"));
    this.heights = pick(table.ints("height"));
    this.widths = pick(table.ints("width"));
  }

  private int[] pick(int[] column) {
    return IntStream.of(rows).map(row -> column[row]).toArray();
  }

  /**
   * Returns the bytes of Java heap that a reader holds at least while it is opened.
   *
   * @param examples those of the split that is read
   * @param all those of all splits
   */
  public static double heapBytes(long examples, long all) {
    double kept = 5 * Integer.BYTES + Long.BYTES;
    double whole = Integer.BYTES + Long.BYTES;
    return kept * examples + whole * all;
  }

  /**
   * Opens a Dataset.
   *
   * @param split the split to read, or empty for all examples
   */
  public static DatasetReader open(StoredArtifact dataset, Optional<String> split)
      throws IOException {
    MappedTable table = MappedTable.open(dataset.localTable(Tables.EXAMPLES));
    return new DatasetReader(dataset, table, split);
  }

  /**
   * Returns what a Dataset's manifest says of a split.
   *
   * @param field the configuration's field that names the split, for the message
   * @throws StageException if it has no such split
   */
  public static Split split(StoredArtifact dataset, String field, String name) {
    return split(dataset.content().getDataset(), field, name);
  }

  private static Split split(Dataset dataset, String field, String name) {
    return dataset.getSplitsList().stream()
        .filter(split -> split.getName().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new StageException(
                    "%s is \"%s\", valid are the data set's splits: %s"
                        .formatted(
                            field,
                            name,
                            dataset.getSplitsList().stream()
                                .map(Split::getName)
                                .collect(Collectors.joining(", ")))));
  }

  /** Returns the number of examples. */
  public int size() {
    return rows.length;
  }

  /** Returns an example's id. */
  public long id(int example) {
    return ids[example];
  }

  /** Returns an example's label, -1 for none. */
  public int label(int example) {
    return labels[example];
  }

  /** Returns an example's split. */
  public String split(int example) {
    return splits[example];
  }

  /** Returns an example's image. */
  public RgbImage image(int example) {
    byte[] bytes = table.bytes("image", rows[example]);
    if (!encoded) {
      return new RgbImage(widths[example], heights[example], bytes);
    }
    try {
      return new ImageDecoder(MAX_SIDE, MAX_PIXELS).decode(bytes);
    } catch (ImageRejectedException e) {
      throw new StageException(
          "%s: the image of example %d can't be decoded: %s"
              .formatted(where, ids[example], e.getMessage()),
          e);
    }
  }

  /**
   * Checks that every image is large enough for a recipe.
   *
   * @throws StageException naming the first example whose image is too small
   */
  public void checkSizes(ViewMaker maker) {
    for (int example = 0; example < rows.length; example++) {
      if (Math.min(widths[example], heights[example]) < maker.minSourceSide()) {
        throw new StageException(
            "%s: example %d has %d x %d pixels, the recipe needs %d or more on each side"
                .formatted(
                    where, ids[example], widths[example], heights[example], maker.minSourceSide()));
      }
    }
  }

  @Override
  public void close() {
    table.close();
  }
}
