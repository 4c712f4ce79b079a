package org.kindred.stages.arrow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowFileWriter;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DamagedTableTest {
  private static final SampleTable SAMPLE = new SampleTable(Tables.EXAMPLES, Tables.examples());

  private final long before = ArrowMemory.ROOT.getAllocatedMemory();

  @TempDir Path directory;

  @Test
  void aFileCutAnywhereIsRefused() throws IOException {
    byte[] whole = Files.readAllBytes(SAMPLE.write(directory.resolve("whole"), 0, 3));
    Path cut = directory.resolve("cut.arrow");
    for (int length = 0; length < whole.length; length++) {
      Files.write(cut, Arrays.copyOf(whole, length));
      assertRefused(cut);
    }
    assertThat(ArrowMemory.ROOT.getAllocatedMemory()).isEqualTo(before);
  }

  /**
   * What is damaged beyond the reach of Arrow's own checks must not crash the process. Only the
   * artifact's digests find every such damage.
   */
  @Test
  void aFlippedBitIsRefusedOrGivesATable() throws IOException {
    byte[] whole = Files.readAllBytes(SAMPLE.write(directory.resolve("whole"), 0, 3));
    Path flipped = directory.resolve("flipped.arrow");
    int refused = 0;
    for (int position = 0; position < whole.length; position++) {
      byte[] bytes = whole.clone();
      bytes[position] ^= (byte) (1 << position % Byte.SIZE);
      Files.write(flipped, bytes);
      try (MappedTable table = MappedTable.open(List.of(flipped))) {
        assertThat(table.rows()).isNotNegative();
      } catch (IOException e) {
        assertThat(e).hasMessageContaining(flipped.toString());
        refused++;
      }
    }
    assertThat(refused).isPositive();
  }

  @Test
  void otherFilesAreRefused() throws IOException {
    for (String text : List.of("", "ARROW1", "ARROW1\0\0ARROW1", "{\"digest\": 1}".repeat(100))) {
      assertRefused(Files.write(directory.resolve("x"), text.getBytes(StandardCharsets.UTF_8)));
    }
    assertRefused(directory);
    assertRefused(directory.resolve("missing"));
  }

  private static void assertRefused(Path file) {
    assertThatIOException()
        .isThrownBy(() -> MappedTable.open(List.of(file)))
        .withMessageStartingWith("cannot read " + file + " as an Arrow table: ");
  }

  @Test
  void partsOfDifferentSchemasAreRefused() throws IOException {
    Path first = SAMPLE.write(directory.resolve("first"), 0, 3);
    List<SampleTable> others =
        List.of(
            new SampleTable(Tables.EXAMPLES, Tables.views()),
            new SampleTable("other", Tables.examples()));
    for (SampleTable other : others) {
      Path second = other.write(directory.resolve("second"), 0, 3);
      assertThatIOException()
          .isThrownBy(() -> MappedTable.open(List.of(first, second)))
          .withMessageStartingWith("cannot read " + second)
          .withMessageContaining("it has schema");
    }
  }

  /** A later version's tables are refused by name, not misread. */
  @Test
  void anotherSchemaVersionIsRefused() throws IOException {
    Path later = directory.resolve("later");
    Schema schema = new Schema(Tables.rejects(), Map.of(MappedTable.VERSION_KEY, "2"));
    try (OutputStream out = Files.newOutputStream(later);
        BufferAllocator allocator = ArrowMemory.newAllocator("later");
        VectorSchemaRoot root = VectorSchemaRoot.create(schema, allocator);
        ArrowFileWriter writer = new ArrowFileWriter(root, null, Channels.newChannel(out))) {
      writer.start();
      writer.end();
    }
    assertThatIOException()
        .isThrownBy(() -> MappedTable.open(List.of(later)))
        .withMessageStartingWith("cannot read " + later)
        .withMessageContaining("kindred.schema_version as \"2\", this Kindred reads \"1\"");
  }

  @Test
  void aTableHasAPart() {
    assertThatIllegalArgumentException().isThrownBy(() -> MappedTable.open(List.of()));
  }

  @Test
  void aMappedTableOutlivesItsFileAndTheFileTheMap() throws IOException {
    Path file = SAMPLE.write(directory.resolve("a"), 0, 3);
    try (MappedTable table = MappedTable.open(List.of(file))) {
      SAMPLE.assertHolds(table, 3);
    }
    try (MappedTable table = MappedTable.open(List.of(file))) {
      Files.delete(file);
      SAMPLE.assertHolds(table, 3);
    }
    SAMPLE.write(file, 0, 2);
    try (MappedTable table = MappedTable.open(List.of(file))) {
      SAMPLE.assertHolds(table, 2);
    }
  }
}
