package org.kindred.stages.arrow;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.kindred.models.random.CounterRandom;

/**
 * A table whose values follow from column and row, so that any part of it can be written and
 * checked.
 *
 * @param name the table's name
 * @param columns its columns
 */
public record SampleTable(String name, List<Field> columns) {
  private static final List<String> TEXTS =
      List.of("", "train", "test", "Große Straße", "図書館", "🦉");

  /** Writes rows to a file. */
  public Path write(Path file, long firstRow, int rows) throws IOException {
    try (OutputStream out = Files.newOutputStream(file);
        TableWriter writer = new TableWriter(out, name, columns, Map.of("metric", "cosine"))) {
      putRows(writer, firstRow, rows);
    }
    return file;
  }

  /** Puts rows. */
  public void putRows(TableWriter writer, long firstRow, int rows) throws IOException {
    for (long row = firstRow; row < firstRow + rows; row++) {
      writer.nextRow();
      for (int column = 0; column < columns.size(); column++) {
        put(writer, column, row);
      }
    }
  }

  private void put(TableWriter writer, int column, long row) {
    Field field = columns.get(column);
    ArrowType type = field.getType();
    if (field.isNullable()) {
      writer.putLabel(column, label(column, row));
    } else if (type instanceof ArrowType.Int integer) {
      if (integer.getBitWidth() == Long.SIZE) {
        writer.put(column, int64(column, row));
      } else {
        writer.put(column, (int) int64(column, row));
      }
    } else if (type instanceof ArrowType.FloatingPoint) {
      writer.put(column, float32(column, row));
    } else if (type instanceof ArrowType.Utf8) {
      writer.put(column, text(column, row));
    } else if (type instanceof ArrowType.Binary) {
      byte[] padded = ("<" + text(column, row) + ">").getBytes(StandardCharsets.UTF_8);
      writer.put(column, padded, 1, padded.length - 2);
    } else {
      putItems(writer, column, row);
    }
  }

  private void putItems(TableWriter writer, int column, long row) {
    Object items = items(column, row);
    boolean fixed = columns.get(column).getType() instanceof ArrowType.FixedSizeList;
    if (items instanceof long[] values) {
      if (fixed) {
        writer.put(column, shifted(values), 1);
      } else {
        writer.putList(column, values);
      }
    } else if (items instanceof int[] values) {
      if (fixed) {
        writer.put(column, values, 0);
      } else {
        writer.putList(column, values);
      }
    } else if (fixed) {
      writer.put(column, (float[]) items, 0);
    } else {
      writer.putList(column, (float[]) items);
    }
  }

  /** Asserts that a table holds the rows from 0, column by column. */
  public void assertHolds(MappedTable table, int rows) {
    assertThat(table.rows()).isEqualTo(rows);
    assertThat(table.metadata())
        .containsEntry(MappedTable.TABLE_KEY, name)
        .containsEntry(MappedTable.VERSION_KEY, "1")
        .containsEntry("metric", "cosine");
    for (int column = 0; column < columns.size(); column++) {
      assertColumnHolds(table, column, rows);
    }
  }

  private void assertColumnHolds(MappedTable table, int column, int rows) {
    Field field = columns.get(column);
    IntStream range = IntStream.range(0, rows);
    Object expected;
    Object actual;
    if (field.isNullable()) {
      expected = range.map(row -> label(column, row)).toArray();
      actual = table.ints(field.getName());
    } else if (field.getType() instanceof ArrowType.Int integer) {
      boolean wide = integer.getBitWidth() == Long.SIZE;
      expected =
          wide
              ? range.mapToLong(row -> int64(column, row)).toArray()
              : range.map(row -> (int) int64(column, row)).toArray();
      actual = wide ? table.longs(field.getName()) : table.ints(field.getName());
    } else if (field.getType() instanceof ArrowType.FloatingPoint) {
      float[] floats = new float[rows];
      range.forEach(row -> floats[row] = float32(column, row));
      expected = floats;
      actual = table.floats(field.getName());
    } else if (field.getType() instanceof ArrowType.Utf8) {
      expected = range.mapToObj(row -> text(column, row)).toArray();
      actual = table.strings(field.getName());
    } else {
      expected = range.mapToObj(row -> value(column, row)).toArray();
      actual = IntStream.range(0, rows).mapToObj(row -> read(table, column, row)).toArray();
    }
    assertThat(Objects.deepEquals(actual, expected)).as("column %s", field.getName()).isTrue();
  }

  private Object value(int column, long row) {
    return columns.get(column).getType() instanceof ArrowType.Binary
        ? text(column, row).getBytes(StandardCharsets.UTF_8)
        : items(column, row);
  }

  private Object read(MappedTable table, int column, long row) {
    Field field = columns.get(column);
    if (field.getType() instanceof ArrowType.Binary) {
      return table.bytes(field.getName(), row);
    }
    ArrowType item = field.getChildren().get(0).getType();
    if (item instanceof ArrowType.FloatingPoint) {
      return table.floatList(field.getName(), row);
    }
    return ((ArrowType.Int) item).getBitWidth() == Long.SIZE
        ? table.longList(field.getName(), row)
        : table.intList(field.getName(), row);
  }

  private static CounterRandom random(int column, long row) {
    return new CounterRandom(CounterRandom.Domain.VIEW, 0, 0, row, column);
  }

  private static long int64(int column, long row) {
    return int64(random(column, row));
  }

  private static long int64(CounterRandom random) {
    return ((long) random.nextInt() << Integer.SIZE) | (random.nextInt() & 0xFFFFFFFFL);
  }

  private static int label(int column, long row) {
    return random(column, row).nextInt(11) - 1;
  }

  private static float float32(int column, long row) {
    return random(column, row).nextFloat();
  }

  private static String text(int column, long row) {
    return TEXTS.get(random(column, row).nextInt(TEXTS.size())) + (row % 3 == 0 ? "" : row);
  }

  private Object items(int column, long row) {
    CounterRandom random = random(column, row);
    Field field = columns.get(column);
    int length =
        field.getType() instanceof ArrowType.FixedSizeList list
            ? list.getListSize()
            : random.nextInt(4);
    ArrowType item = field.getChildren().get(0).getType();
    if (item instanceof ArrowType.FloatingPoint) {
      float[] values = new float[length];
      for (int i = 0; i < length; i++) {
        values[i] = random.nextFloat();
      }
      return values;
    }
    return ((ArrowType.Int) item).getBitWidth() == Long.SIZE
        ? LongStream.generate(() -> int64(random)).limit(length).toArray()
        : IntStream.generate(random::nextInt).limit(length).toArray();
  }

  private static long[] shifted(long[] values) {
    long[] shifted = new long[values.length + 1];
    System.arraycopy(values, 0, shifted, 1, values.length);
    return shifted;
  }

  @Override
  public String toString() {
    return name;
  }
}
