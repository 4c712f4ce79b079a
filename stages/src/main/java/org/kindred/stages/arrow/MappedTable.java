package org.kindred.stages.arrow;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.arrow.flatbuf.Message;
import org.apache.arrow.flatbuf.RecordBatch;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.ForeignAllocation;
import org.apache.arrow.memory.util.MemoryUtil;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorLoader;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.FixedSizeListVector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.ipc.ArrowFileReader;
import org.apache.arrow.vector.ipc.SeekableReadChannel;
import org.apache.arrow.vector.ipc.message.ArrowBlock;
import org.apache.arrow.vector.ipc.message.ArrowRecordBatch;
import org.apache.arrow.vector.ipc.message.MessageSerializer;
import org.apache.arrow.vector.types.pojo.ArrowType.FixedSizeList;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * The files of one table, mapped into memory and read as one table of rows 0 to {@link #rows} - 1.
 * Nothing is copied until a value is asked for; the operating system pages data in and out.
 */
public final class MappedTable implements AutoCloseable {
  /** Schema metadata: type of the artifact that the table was written for, such as Dataset. */
  public static final String TYPE_KEY = "kindred.artifact_type";

  /** Schema metadata: name of the table. */
  public static final String TABLE_KEY = "kindred.table";

  /** Schema metadata: version of the table's schema. */
  public static final String VERSION_KEY = "kindred.schema_version";

  /** The version that is written, and the only one that is read. */
  static final String SCHEMA_VERSION = "1";

  private record Batch(long firstRow, VectorSchemaRoot root) {}

  private final BufferAllocator allocator = ArrowMemory.newAllocator("mapped table");
  private final List<Batch> batches = new ArrayList<>();
  private Schema schema;
  private long rows;

  private MappedTable() {}

  /**
   * Maps the parts of a table.
   *
   * @param parts files in order, at least one, all of one schema
   * @throws IOException naming the file, if one is not a whole Arrow file, its schema has a version
   *     that is not known here, or is not the first one's
   */
  public static MappedTable open(List<Path> parts) throws IOException {
    if (parts.isEmpty()) {
      throw new IllegalArgumentException("a table has no parts, valid are 1 or more");
    }
    MappedTable table = new MappedTable();
    try {
      for (Path part : parts) {
        table.map(part);
      }
      return table;
    } catch (IOException e) {
      try (table) {
        throw e;
      }
    }
  }

  private void map(Path part) throws IOException {
    try (FileChannel channel = FileChannel.open(part, StandardOpenOption.READ);
        ArrowFileReader reader = new ArrowFileReader(new SeekableReadChannel(channel), allocator)) {
      Schema partSchema = reader.getVectorSchemaRoot().getSchema();
      checkVersion(partSchema);
      if (schema == null) {
        schema = partSchema;
      } else if (!schema.equals(partSchema)) {
        throw new IOException(
            "it has schema %s, the parts before it %s".formatted(partSchema, schema));
      }
      Range range = range(channel);
      for (ArrowBlock block : reader.getRecordBlocks()) {
        VectorSchemaRoot root = VectorSchemaRoot.create(schema, allocator);
        batches.add(new Batch(rows, root));
        load(range, block, root);
        rows += root.getRowCount();
      }
    } catch (IOException | RuntimeException e) {
      throw new IOException("cannot read %s as an Arrow table: %s".formatted(part, e), e);
    }
  }

  private static void checkVersion(Schema schema) throws IOException {
    String version = schema.getCustomMetadata().get(VERSION_KEY);
    if (!SCHEMA_VERSION.equals(version)) {
      throw new IOException(
          "its metadata give %s as \"%s\", this Kindred reads \"%s\""
              .formatted(VERSION_KEY, version, SCHEMA_VERSION));
    }
  }

  /** Maps a range of a file. */
  private interface Range {
    ByteBuffer map(long offset, long length) throws IOException;
  }

  /**
   * A process has some 65,000 maps, so a file is mapped once, unless it is larger than one buffer.
   */
  private static Range range(FileChannel channel) throws IOException {
    long size = channel.size();
    if (size > Integer.MAX_VALUE) {
      return (offset, length) -> channel.map(FileChannel.MapMode.READ_ONLY, offset, length);
    }
    ByteBuffer file = channel.map(FileChannel.MapMode.READ_ONLY, 0, size);
    return (offset, length) -> file.slice(Math.toIntExact(offset), Math.toIntExact(length));
  }

  private void load(Range range, ArrowBlock block, VectorSchemaRoot root) throws IOException {
    ByteBuffer metadata =
        range.map(block.getOffset(), block.getMetadataLength()).order(ByteOrder.LITTLE_ENDIAN);
    boolean continuation = metadata.getInt(0) == MessageSerializer.IPC_CONTINUATION_TOKEN;
    metadata.position(continuation ? 8 : 4);
    RecordBatch header =
        (RecordBatch)
            Message.getRootAsMessage(metadata.slice().order(ByteOrder.LITTLE_ENDIAN))
                .header(new RecordBatch());
    checkLengths(header);
    ByteBuffer body =
        range.map(block.getOffset() + block.getMetadataLength(), block.getBodyLength());
    try (ArrowBuf buffer = allocator.wrapForeignAllocation(new MappedBody(body));
        ArrowRecordBatch batch = MessageSerializer.deserializeRecordBatch(header, buffer)) {
      // The batch owns one reference of its own; close() above gives back ours.
      buffer.getReferenceManager().retain();
      new VectorLoader(root).load(batch);
    }
  }

  /** Arrow lengthens a column that is shorter than its batch, but this memory is read-only. */
  private void checkLengths(RecordBatch header) throws IOException {
    int node = 0;
    for (Field column : schema.getFields()) {
      if (header.nodes(node).length() != header.length()) {
        throw new IOException(
            "column %s has %d rows in a batch of %d"
                .formatted(column.getName(), header.nodes(node).length(), header.length()));
      }
      node += nodes(column);
    }
  }

  private static int nodes(Field field) {
    return 1 + field.getChildren().stream().mapToInt(MappedTable::nodes).sum();
  }

  /** Keeps a map reachable, and so mapped, for as long as Arrow refers to its memory. */
  private static final class MappedBody extends ForeignAllocation {
    private ByteBuffer body;

    MappedBody(ByteBuffer body) {
      super(body.capacity(), body.capacity() == 0 ? 0 : MemoryUtil.getByteBufferAddress(body));
      this.body = body;
    }

    @Override
    protected void release0() {
      body = null;
    }

    @Override
    public String toString() {
      return "map of " + body;
    }
  }

  /** Returns the number of rows. */
  public long rows() {
    return rows;
  }

  /** Returns the schema's metadata. */
  public Map<String, String> metadata() {
    return schema.getCustomMetadata();
  }

  /** Returns the columns, as {@link Tables} writes them. */
  public List<Field> columns() {
    return schema.getFields();
  }

  /** Returns the length of a fixed-size list column's lists. */
  public int width(String column) {
    Field field =
        schema.getFields().stream()
            .filter(candidate -> candidate.getName().equals(column))
            .findFirst()
            .orElseThrow(() -> noColumn(column));
    if (field.getType() instanceof FixedSizeList list) {
      return list.getListSize();
    }
    throw noColumn(column);
  }

  /** Returns a whole column of 64-bit integers. */
  public long[] longs(String column) {
    long[] values = new long[intRows()];
    forEach(column, BigIntVector.class, (vector, i, row) -> values[row] = vector.get(i));
    return values;
  }

  /** Returns a whole column of 32-bit integers, -1 for null. */
  public int[] ints(String column) {
    int[] values = new int[intRows()];
    forEach(
        column,
        IntVector.class,
        (vector, i, row) -> values[row] = vector.isNull(i) ? -1 : vector.get(i));
    return values;
  }

  /** Returns a whole column of floats. */
  public float[] floats(String column) {
    float[] values = new float[intRows()];
    forEach(column, Float4Vector.class, (vector, i, row) -> values[row] = vector.get(i));
    return values;
  }

  /** Returns a whole column of texts. Equal texts next to each other are one object. */
  public String[] strings(String column) {
    String[] values = new String[intRows()];
    forEach(
        column,
        VarCharVector.class,
        (vector, i, row) -> {
          String value = new String(vector.get(i), StandardCharsets.UTF_8);
          values[row] = row > 0 && value.equals(values[row - 1]) ? values[row - 1] : value;
        });
    return values;
  }

  private interface Visitor<V> {
    void visit(V vector, int index, int row);
  }

  private <V extends FieldVector> void forEach(String column, Class<V> type, Visitor<V> visitor) {
    for (Batch batch : batches) {
      V vector = vector(batch, column, type);
      for (int i = 0; i < batch.root.getRowCount(); i++) {
        visitor.visit(vector, i, (int) (batch.firstRow + i));
      }
    }
  }

  private <V extends FieldVector> V vector(Batch batch, String column, Class<V> type) {
    FieldVector vector = batch.root.getVector(column);
    if (!type.isInstance(vector)) {
      throw noColumn(column);
    }
    return type.cast(vector);
  }

  private IllegalArgumentException noColumn(String column) {
    return new IllegalArgumentException(
        "table %s has no column \"%s\" of the type asked for, its columns are %s"
            .formatted(metadata().get(TABLE_KEY), column, schema.getFields()));
  }

  private int intRows() {
    return Math.toIntExact(rows);
  }

  /** Returns one row of a column of 64-bit integers. */
  public long longValue(String column, long row) {
    Batch batch = batch(row);
    return vector(batch, column, BigIntVector.class).get((int) (row - batch.firstRow));
  }

  /** Returns the bytes of one row of a binary column. */
  public byte[] bytes(String column, long row) {
    Batch batch = batch(row);
    return vector(batch, column, VarBinaryVector.class).get((int) (row - batch.firstRow));
  }

  /** Copies one row of a binary column. */
  public void copyBytes(String column, long row, byte[] target, int offset, int length) {
    Batch batch = batch(row);
    VarBinaryVector vector = vector(batch, column, VarBinaryVector.class);
    int index = (int) (row - batch.firstRow);
    if (vector.getValueLength(index) != length) {
      throw new IllegalArgumentException(
          "row %d of %s has %d bytes, not %d"
              .formatted(row, column, vector.getValueLength(index), length));
    }
    vector.getDataBuffer().getBytes(vector.getStartOffset(index), target, offset, length);
  }

  /**
   * Copies rows of a column of fixed-size float lists.
   *
   * @param target takes {@code count} x {@link #width} floats from {@code offset}
   */
  public void copyFloats(String column, long row, int count, float[] target, int offset) {
    int copied = 0;
    while (copied < count) {
      Batch batch = batch(row + copied);
      int index = (int) (row + copied - batch.firstRow);
      int length = Math.min(count - copied, batch.root.getRowCount() - index);
      FixedSizeListVector list = vector(batch, column, FixedSizeListVector.class);
      int width = list.getListSize();
      list.getDataVector()
          .getDataBuffer()
          .nioBuffer(4L * index * width, 4 * length * width)
          .order(ByteOrder.LITTLE_ENDIAN)
          .asFloatBuffer()
          .get(target, offset + copied * width, length * width);
      copied += length;
    }
  }

  /** Returns one row of a column of 64-bit integer lists, fixed-size or not. */
  public long[] longList(String column, long row) {
    Items<BigIntVector> items = items(column, row, BigIntVector.class);
    long[] values = new long[items.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = items.vector.get(items.start + i);
    }
    return values;
  }

  /** Returns one row of a column of 32-bit integer lists, fixed-size or not. */
  public int[] intList(String column, long row) {
    Items<IntVector> items = items(column, row, IntVector.class);
    int[] values = new int[items.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = items.vector.get(items.start + i);
    }
    return values;
  }

  /** Returns one row of a column of float lists, fixed-size or not. */
  public float[] floatList(String column, long row) {
    Items<Float4Vector> items = items(column, row, Float4Vector.class);
    float[] values = new float[items.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = items.vector.get(items.start + i);
    }
    return values;
  }

  private record Items<V>(V vector, int start, int length) {}

  private <V extends FieldVector> Items<V> items(String column, long row, Class<V> type) {
    Batch batch = batch(row);
    int index = (int) (row - batch.firstRow);
    FieldVector list = batch.root.getVector(column);
    if (list instanceof FixedSizeListVector fixed && type.isInstance(fixed.getDataVector())) {
      int width = fixed.getListSize();
      return new Items<>(type.cast(fixed.getDataVector()), index * width, width);
    }
    if (list instanceof ListVector free && type.isInstance(free.getDataVector())) {
      int start = free.getElementStartIndex(index);
      int end = free.getElementEndIndex(index);
      return new Items<>(type.cast(free.getDataVector()), start, end - start);
    }
    throw noColumn(column);
  }

  private Batch batch(long row) {
    if (row < 0 || row >= rows) {
      throw new IndexOutOfBoundsException("row is " + row + ", valid is 0 to " + (rows - 1));
    }
    int low = 0;
    int high = batches.size() - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (batches.get(middle).firstRow <= row) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return batches.get(low);
  }

  @Override
  public void close() {
    batches.forEach(batch -> batch.root.close());
    batches.clear();
    allocator.close();
  }
}
