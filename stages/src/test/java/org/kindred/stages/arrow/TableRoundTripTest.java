package org.kindred.stages.arrow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.arrow.vector.types.pojo.Field;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TableRoundTripTest {
  private static final int DIMENSION = 5;

  private final long before = ArrowMemory.ROOT.getAllocatedMemory();

  @TempDir Path directory;

  @AfterEach
  void nothingLeaks() {
    assertThat(ArrowMemory.ROOT.getAllocatedMemory()).isEqualTo(before);
  }

  static Stream<SampleTable> tables() {
    return Stream.of(
        new SampleTable(Tables.EXAMPLES, Tables.examples()),
        new SampleTable(Tables.REJECTS, Tables.rejects()),
        new SampleTable(Tables.VIEWS, Tables.views()),
        new SampleTable(Tables.CURVE, Tables.curve()),
        new SampleTable(Tables.MEASUREMENTS, Tables.measurements()),
        new SampleTable("embeddings", Tables.embeddings(DIMENSION)),
        new SampleTable(Tables.MEMORY_BANK, Tables.vectors(DIMENSION)),
        new SampleTable(Tables.NEIGHBORS, Tables.neighbors(3)),
        new SampleTable(Tables.POSITIVES, Tables.positives()),
        new SampleTable("assignments", Tables.assignments()),
        new SampleTable(Tables.GALLERY, Tables.gallery(3)));
  }

  @ParameterizedTest
  @MethodSource("tables")
  void readsWhatWasWritten(SampleTable sample) throws IOException {
    for (int rows : new int[] {0, 1, TableWriter.BATCH_ROWS, 5_000}) {
      Path file = sample.write(directory.resolve(rows + ".arrow"), 0, rows);
      try (MappedTable table = MappedTable.open(List.of(file))) {
        sample.assertHolds(table, rows);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("tables")
  void readsPartsAsOneTable(SampleTable sample) throws IOException {
    List<Path> parts = new ArrayList<>();
    int rows = 0;
    for (int length : new int[] {0, 1, 2_500, 0, 3, 2_050, 0}) {
      parts.add(sample.write(directory.resolve(parts.size() + ".arrow"), rows, length));
      rows += length;
    }
    try (MappedTable table = MappedTable.open(parts)) {
      sample.assertHolds(table, rows);
    }
  }

  @Test
  void copiesFloatsAcrossBatchesAndParts() throws IOException {
    SampleTable sample = new SampleTable("embeddings", Tables.embeddings(DIMENSION));
    int rows = 5_000;
    List<Path> parts =
        List.of(
            sample.write(directory.resolve("a"), 0, 3_000),
            sample.write(directory.resolve("b"), 3_000, rows - 3_000));
    try (MappedTable table = MappedTable.open(parts)) {
      assertThat(table.width("vector")).isEqualTo(DIMENSION);
      float[] all = new float[2 + rows * DIMENSION];
      table.copyFloats("vector", 0, rows, all, 2);
      for (int row = 0; row < rows; row++) {
        float[] one = new float[DIMENSION];
        System.arraycopy(all, 2 + row * DIMENSION, one, 0, DIMENSION);
        assertThat(one).containsExactly(table.floatList("vector", row));
      }
      for (int first : new int[] {2_046, 2_999, 4_990}) {
        float[] some = new float[10 * DIMENSION];
        table.copyFloats("vector", first, 10, some, 0);
        for (int i = 0; i < some.length; i++) {
          assertThat(some[i]).isEqualTo(all[2 + first * DIMENSION + i]);
        }
      }
      assertThatThrownBy(() -> table.copyFloats("vector", 4_991, 10, all, 0))
          .isInstanceOf(IndexOutOfBoundsException.class)
          .hasMessage("row is 5000, valid is 0 to 4999");
      assertThatThrownBy(() -> table.copyFloats("vector", -1, 1, all, 0))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void copiesBytesOfOneRow() throws IOException {
    SampleTable sample = new SampleTable(Tables.EXAMPLES, Tables.examples());
    Path file = sample.write(directory.resolve("a"), 0, 2_100);
    try (MappedTable table = MappedTable.open(List.of(file))) {
      for (int row : new int[] {0, 2_047, 2_048, 2_099}) {
        byte[] expected = table.bytes("image", row);
        byte[] target = new byte[expected.length + 2];
        table.copyBytes("image", row, target, 1, expected.length);
        assertThat(target).startsWith(0).endsWith(0).containsSequence(expected);
        assertThatIllegalArgumentException()
            .isThrownBy(() -> table.copyBytes("image", row, new byte[99], 0, 99))
            .withMessage("row %d of image has %d bytes, not 99", row, expected.length);
      }
    }
  }

  @Test
  void equalTextsInARowAreOneObject() throws IOException {
    Path file = directory.resolve("a");
    try (TableWriter writer = writer(file, Tables.REJECTS, Tables.rejects())) {
      for (String source : List.of("x", "x", "y", "x")) {
        writer.nextRow();
        writer.put(0, 1L);
        writer.put(1, source);
        writer.put(2, "");
      }
    }
    try (MappedTable table = MappedTable.open(List.of(file))) {
      String[] sources = table.strings("source");
      assertThat(sources).containsExactly("x", "x", "y", "x");
      assertThat(sources[0]).isSameAs(sources[1]);
    }
  }

  @Test
  void aTableWithoutRowsKeepsItsSchema() throws IOException {
    SampleTable sample = new SampleTable(Tables.NEIGHBORS, Tables.neighbors(7));
    Path file = sample.write(directory.resolve("a"), 0, 0);
    try (MappedTable table = MappedTable.open(List.of(file))) {
      assertThat(table.rows()).isZero();
      assertThat(table.width("similarities")).isEqualTo(7);
      assertThat(table.longs("id")).isEmpty();
      table.copyFloats("similarities", 0, 0, new float[0], 0);
      assertThatThrownBy(() -> table.longList("neighbors", 0))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void largeValuesEndABatchBeforeItsRowsDo() throws IOException {
    byte[] image = new byte[1 << 20];
    Path file = directory.resolve("a");
    int rows = 40;
    try (TableWriter writer = writer(file, Tables.VIEWS, Tables.views())) {
      for (int row = 0; row < rows; row++) {
        writer.nextRow();
        writer.put(0, (long) row);
        writer.put(1, 0);
        writer.put(2, 0);
        writer.putLabel(3, -1);
        image[row] = (byte) row;
        writer.put(4, image, 0, image.length);
        assertThat(ArrowMemory.ROOT.getAllocatedMemory() - before)
            .as("memory at row %d", row)
            .isLessThan(3 * TableWriter.BATCH_BYTES);
      }
    }
    try (MappedTable table = MappedTable.open(List.of(file))) {
      assertThat(table.longs("id"))
          .containsExactly(IntStream.range(0, rows).asLongStream().toArray());
      assertThat(table.bytes("image", 33)[33]).isEqualTo((byte) 33);
      assertThat(table.ints("label")).containsOnly(-1);
    }
  }

  @Test
  void longListsAndTextsEndABatchBeforeItsRowsDo() throws IOException {
    long[] positives = new long[1 << 17];
    String reason = "x".repeat(1 << 20);
    try (TableWriter lists = writer(directory.resolve("a"), "positives", Tables.positives());
        TableWriter texts = writer(directory.resolve("b"), "rejects", Tables.rejects())) {
      for (int row = 0; row < 40; row++) {
        lists.nextRow();
        lists.put(0, (long) row);
        lists.putList(1, positives);
        lists.putList(2, new int[1]);
        lists.putList(3, positives);
        lists.putList(4, new float[1]);
        texts.nextRow();
        texts.put(0, (long) row);
        texts.put(1, reason);
        texts.put(2, reason);
        assertThat(ArrowMemory.ROOT.getAllocatedMemory() - before)
            .as("memory at row %d", row)
            .isLessThan(8 * TableWriter.BATCH_BYTES);
      }
    }
    try (MappedTable table = MappedTable.open(List.of(directory.resolve("a")))) {
      assertThat(table.longList("hard_positives", 39)).hasSameSizeAs(positives);
    }
  }

  @Test
  void wideListsMakeSmallerBatches() throws IOException {
    int width = 224 * 224 * 3;
    float[] pixels = new float[width];
    Path file = directory.resolve("a");
    int rows = 30;
    try (TableWriter writer = writer(file, "pixels", Tables.vectors(width))) {
      for (int row = 0; row < rows; row++) {
        writer.nextRow();
        writer.put(0, (long) row);
        pixels[width - 1] = row;
        writer.put(1, pixels, 0);
        assertThat(ArrowMemory.ROOT.getAllocatedMemory()).isLessThan(3 * TableWriter.BATCH_BYTES);
      }
    }
    try (MappedTable table = MappedTable.open(List.of(file))) {
      float[] all = new float[rows * width];
      table.copyFloats("vector", 0, rows, all, 0);
      assertThat(all[29 * width - 1]).isEqualTo(28);
    }
  }

  @Test
  void aColumnThatIsNotThereIsNamed() throws IOException {
    SampleTable sample = new SampleTable(Tables.NEIGHBORS, Tables.neighbors(2));
    Path file = sample.write(directory.resolve("a"), 0, 3);
    try (MappedTable table = MappedTable.open(List.of(file))) {
      List<org.assertj.core.api.ThrowableAssert.ThrowingCallable> reads =
          List.of(
              () -> table.longs("ids"),
              () -> table.ints("id"),
              () -> table.width("ids"),
              () -> table.width("id"),
              () -> table.intList("neighbors", 0),
              () -> table.floatList("id", 0),
              () -> table.bytes("similarities", 0),
              () -> table.copyFloats("label", 0, 1, new float[2], 0));
      assertThat(reads)
          .allSatisfy(
              read ->
                  assertThatIllegalArgumentException()
                      .isThrownBy(read)
                      .withMessageContaining("table neighbors has no column")
                      .withMessageContaining("similarities"));
    }
  }

  private static TableWriter writer(Path file, String table, List<Field> columns)
      throws IOException {
    OutputStream out = Files.newOutputStream(file);
    return new TableWriter(out, table, columns, Map.of());
  }
}
