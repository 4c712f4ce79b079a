package org.kindred.stages.arrow;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.FixedSizeListVector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.ipc.ArrowFileWriter;
import org.apache.arrow.vector.types.pojo.ArrowType.FixedSizeList;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * Writes one Arrow IPC file row by row: {@link #nextRow}, then one {@code put} for every column, in
 * any order. Columns are given by position in the schema. The file's bytes depend on the rows
 * alone.
 */
public final class TableWriter implements AutoCloseable {
  /**
   * Most rows of a record batch: small enough that a batch's buffers stay in cache-friendly pages.
   */
  static final int BATCH_ROWS = 2048;

  /** Bytes of texts, binary values and lists that end a record batch. */
  static final long BATCH_BYTES = 16L << 20;

  private final OutputStream out;
  private final BufferAllocator allocator;
  private final VectorSchemaRoot root;
  private final ArrowFileWriter writer;
  private final int batchRows;
  private int row = -1;
  private long batchBytes;
  private long rows;
  private boolean closed;

  /**
   * Starts a file.
   *
   * @param out takes the bytes; closed with this writer, or when this constructor fails
   * @param table the table's name, kept in the schema's metadata
   * @param columns from {@link Tables}
   * @param metadata further schema metadata, such as {@code metric} or {@code normalized}
   */
  public TableWriter(
      OutputStream out, String table, List<Field> columns, Map<String, String> metadata)
      throws IOException {
    TreeMap<String, String> sorted = new TreeMap<>(metadata);
    sorted.put(MappedTable.TABLE_KEY, table);
    sorted.put(MappedTable.VERSION_KEY, MappedTable.SCHEMA_VERSION);
    this.out = out;
    this.allocator = ArrowMemory.newAllocator("write " + table);
    try {
      this.batchRows = batchRows(columns);
      this.root = VectorSchemaRoot.create(new Schema(columns, sorted), allocator);
    } catch (RuntimeException e) {
      closed = true;
      try (out;
          allocator) {
        throw e;
      }
    }
    this.writer = new ArrowFileWriter(root, null, Channels.newChannel(out));
    try {
      writer.start();
      allocate();
    } catch (IOException | RuntimeException e) {
      closed = true;
      try (out;
          allocator;
          root) {
        throw e;
      }
    }
  }

  /** Fixed-size lists alone may take {@link #BATCH_BYTES} before there are many rows. */
  static int batchRows(List<Field> columns) {
    long listItems = 1;
    for (Field column : columns) {
      listItems += column.getType() instanceof FixedSizeList list ? list.getListSize() : 0;
    }
    return (int) Math.max(1, Math.min(BATCH_ROWS, BATCH_BYTES / Long.BYTES / listItems));
  }

  private void allocate() {
    for (FieldVector vector : root.getFieldVectors()) {
      vector.setInitialCapacity(batchRows);
      vector.allocateNew();
    }
    row = -1;
    batchBytes = 0;
  }

  /** Starts the next row. */
  public void nextRow() throws IOException {
    if (row + 1 == batchRows || batchBytes >= BATCH_BYTES) {
      flush();
    }
    row++;
    rows++;
  }

  /** Puts a 64-bit integer. */
  public void put(int column, long value) {
    ((BigIntVector) root.getVector(column)).setSafe(row, value);
  }

  /** Puts a 32-bit integer. */
  public void put(int column, int value) {
    ((IntVector) root.getVector(column)).setSafe(row, value);
  }

  /** Puts a label, or null when it is negative. */
  public void putLabel(int column, int label) {
    IntVector vector = (IntVector) root.getVector(column);
    vector.setSafe(row, Math.max(label, 0));
    if (label < 0) {
      vector.setNull(row);
    }
  }

  /** Puts a float. */
  public void put(int column, float value) {
    ((Float4Vector) root.getVector(column)).setSafe(row, value);
  }

  /** Puts a text. */
  public void put(int column, String value) {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    ((VarCharVector) root.getVector(column)).setSafe(row, bytes);
    batchBytes += bytes.length;
  }

  /** Puts bytes. */
  public void put(int column, byte[] values, int offset, int length) {
    ((VarBinaryVector) root.getVector(column)).setSafe(row, values, offset, length);
    batchBytes += length;
  }

  /** Puts a fixed-size list of floats: as many from {@code offset} as the column is wide. */
  public void put(int column, float[] values, int offset) {
    FixedSizeListVector list = fixed(column);
    int width = list.getListSize();
    Float4Vector items = (Float4Vector) list.getDataVector();
    reserve(items, width);
    items
        .getDataBuffer()
        .nioBuffer(4L * row * width, 4 * width)
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .put(values, offset, width);
  }

  /**
   * Puts a fixed-size list of 64-bit integers: as many from {@code offset} as the column is wide.
   */
  public void put(int column, long[] values, int offset) {
    FixedSizeListVector list = fixed(column);
    int width = list.getListSize();
    BigIntVector items = (BigIntVector) list.getDataVector();
    for (int i = 0; i < width; i++) {
      items.setSafe(row * width + i, values[offset + i]);
    }
  }

  /**
   * Puts a fixed-size list of 32-bit integers: as many from {@code offset} as the column is wide.
   */
  public void put(int column, int[] values, int offset) {
    FixedSizeListVector list = fixed(column);
    int width = list.getListSize();
    IntVector items = (IntVector) list.getDataVector();
    for (int i = 0; i < width; i++) {
      items.setSafe(row * width + i, values[offset + i]);
    }
  }

  /** Puts a list of 64-bit integers. */
  public void putList(int column, long[] values) {
    ListVector list = (ListVector) root.getVector(column);
    int start = list.startNewValue(row);
    BigIntVector items = (BigIntVector) list.getDataVector();
    for (int i = 0; i < values.length; i++) {
      items.setSafe(start + i, values[i]);
    }
    list.endValue(row, values.length);
    batchBytes += (long) Long.BYTES * values.length;
  }

  /** Puts a list of 32-bit integers. */
  public void putList(int column, int[] values) {
    ListVector list = (ListVector) root.getVector(column);
    int start = list.startNewValue(row);
    IntVector items = (IntVector) list.getDataVector();
    for (int i = 0; i < values.length; i++) {
      items.setSafe(start + i, values[i]);
    }
    list.endValue(row, values.length);
    batchBytes += (long) Integer.BYTES * values.length;
  }

  /** Puts a list of floats. */
  public void putList(int column, float[] values) {
    ListVector list = (ListVector) root.getVector(column);
    int start = list.startNewValue(row);
    Float4Vector items = (Float4Vector) list.getDataVector();
    for (int i = 0; i < values.length; i++) {
      items.setSafe(start + i, values[i]);
    }
    list.endValue(row, values.length);
    batchBytes += (long) Float.BYTES * values.length;
  }

  private FixedSizeListVector fixed(int column) {
    FixedSizeListVector list = (FixedSizeListVector) root.getVector(column);
    list.setNotNull(row);
    return list;
  }

  /** Makes room for the row's items and marks them present, so that they can be put in bulk. */
  private void reserve(Float4Vector items, int width) {
    while (items.getValueCapacity() < (row + 1) * width) {
      items.reAlloc();
    }
    for (int i = row * width; i < (row + 1) * width; i++) {
      items.setIndexDefined(i);
    }
  }

  /** Ends the record batch. */
  void flush() throws IOException {
    root.setRowCount(row + 1);
    writer.writeBatch();
    root.clear();
    allocate();
  }

  /** Returns the rows put so far. */
  public long rows() {
    return rows;
  }

  /** Writes what is left and the footer, and closes the stream. */
  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    try (out;
        allocator;
        root;
        writer) {
      if (row >= 0) {
        flush();
      }
      writer.end();
      // The Arrow writer would turn this stream's IOException into a RuntimeException.
      out.close();
    }
  }
}
