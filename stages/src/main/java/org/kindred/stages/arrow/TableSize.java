package org.kindred.stages.arrow;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.arrow.vector.types.pojo.ArrowType.FixedSizeList;
import org.apache.arrow.vector.types.pojo.Field;

/**
 * What a table takes on disk.
 *
 * @param table its name
 * @param rows rows of all its files
 * @param files files that it is cut into
 * @param bytes bytes of all of them
 * @param batchBytes bytes of a record batch, which a writer holds
 */
public record TableSize(String table, long rows, long files, double bytes, double batchBytes) {

  /** Bytes of a value of fixed length; only texts and binary values have none. */
  private static final Map<String, Integer> VALUE_BYTES =
      Map.of("Int(64, true)", 8, "Int(32, true)", 4, "FloatingPoint(SINGLE)", 4);

  /**
   * Computes the size of a table whose files have the same number of rows, but for the last one.
   *
   * @param table the table's name
   * @param columns from {@link Tables}
   * @param rows rows of all files, 1 or more
   * @param fileRows rows of a file
   * @param lengths mean length by name of a column whose values have none of their own: bytes of a
   *     text or binary value, items of a list
   */
  public static TableSize of(
      String table, List<Field> columns, long rows, long fileRows, Map<String, Double> lengths) {
    double rowBytes = 0;
    double freeBytes = 0;
    for (Field column : columns) {
      double length = lengths.getOrDefault(column.getName(), 0.0);
      rowBytes += valueBytes(column, length);
      freeBytes += freeBytes(column, length);
    }
    long batchRows = TableWriter.batchRows(columns);
    if (freeBytes > 0) {
      batchRows = Math.min(batchRows, (long) Math.ceil(TableWriter.BATCH_BYTES / freeBytes));
    }
    long whole = rows / fileRows;
    long rest = rows % fileRows;
    long batches = whole * ceil(fileRows, batchRows) + ceil(rest, batchRows);
    long files = whole + (rest > 0 ? 1 : 0);
    double empty = emptyBytes(table, columns, 0);
    double batch = emptyBytes(table, columns, 1) - empty;
    return new TableSize(
        table,
        rows,
        files,
        files * empty + batches * batch + rows * rowBytes,
        Math.min(rows, Math.min(fileRows, batchRows)) * rowBytes);
  }

  /** Returns the size of a table that holds this one so many times. */
  public TableSize times(long count) {
    return new TableSize(table, count * rows, count * files, count * bytes, batchBytes);
  }

  private static long ceil(long rows, long batchRows) {
    return rows / batchRows + (rows % batchRows > 0 ? 1 : 0);
  }

  /** Every value has a bit that says that it is there; one of free length also a 32-bit end. */
  private static double valueBytes(Field field, double length) {
    double present = 1.0 / Byte.SIZE;
    if (field.getType() instanceof FixedSizeList list) {
      return present + list.getListSize() * valueBytes(field.getChildren().get(0), 0);
    }
    if (!field.getChildren().isEmpty()) {
      return present + Integer.BYTES + length * valueBytes(field.getChildren().get(0), 0);
    }
    Integer fixed = VALUE_BYTES.get(field.getType().toString());
    return present + (fixed == null ? Integer.BYTES + length : fixed);
  }

  /** What {@link TableWriter} counts towards the end of a batch. */
  private static double freeBytes(Field field, double length) {
    if (field.getType() instanceof FixedSizeList) {
      return 0;
    }
    if (!field.getChildren().isEmpty()) {
      return length * VALUE_BYTES.get(field.getChildren().get(0).getType().toString());
    }
    return VALUE_BYTES.containsKey(field.getType().toString()) ? 0 : length;
  }

  /** The writer itself tells what schema, batch headers and footer take. */
  private static double emptyBytes(String table, List<Field> columns, int batches) {
    Counter counter = new Counter();
    Map<String, String> metadata = new TreeMap<>();
    metadata.put(MappedTable.TYPE_KEY, "EmbeddingSet");
    try (TableWriter writer = new TableWriter(counter, table, columns, metadata)) {
      for (int batch = 0; batch < batches; batch++) {
        writer.flush();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return counter.bytes;
  }

  private static final class Counter extends OutputStream {
    private long bytes;

    @Override
    public void write(int value) {
      bytes++;
    }

    @Override
    public void write(byte[] values, int offset, int length) {
      bytes += length;
    }
  }
}
