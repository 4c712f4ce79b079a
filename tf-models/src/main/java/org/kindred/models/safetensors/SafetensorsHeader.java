package org.kindred.models.safetensors;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What stands before the values of a safetensors file. The tensors that it names fill the rest of
 * the file without gap or overlap.
 */
final class SafetensorsHeader {

  static final String METADATA = "__metadata__";

  private static final long LARGEST_HEADER = 100_000_000;
  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  /**
   * Where a tensor's values are.
   *
   * @param start of its first byte, counted from the end of the header
   * @param end of its last byte, exclusive
   */
  record Entry(String name, ElementType type, List<Integer> shape, long start, long end) {}

  private final byte[] bytes;
  private final Map<String, String> metadata;
  private final List<Entry> entries;

  private SafetensorsHeader(byte[] bytes, Map<String, String> metadata, List<Entry> entries) {
    this.bytes = bytes;
    this.metadata = metadata;
    this.entries = entries;
  }

  /**
   * Reads the header of a file.
   *
   * @param file names the file in messages
   * @param valid types that its tensors may have
   * @throws DamagedFileException when the header is wrong, or not of a file of this length
   */
  static SafetensorsHeader read(Path file, FileChannel channel, Set<ElementType> valid)
      throws IOException {
    byte[] bytes = read(channel, (int) end(file, channel)).array();
    JsonNode header = parse(file, bytes);
    Map<String, String> metadata = metadata(file, header);
    List<Entry> entries = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry : header.properties()) {
      if (!entry.getKey().equals(METADATA)) {
        entries.add(entry(file, entry.getKey(), entry.getValue(), valid));
      }
    }
    // A writer may name tensors in another order than that of their values.
    entries.sort(Comparator.comparingLong(Entry::start).thenComparingLong(Entry::end));
    checkLayout(file, entries, bytes.length, channel.size());
    return new SafetensorsHeader(bytes, metadata, entries);
  }

  private static long end(Path file, FileChannel channel) throws IOException {
    if (channel.size() < Long.BYTES) {
      throw new DamagedFileException(file, "it has only " + channel.size() + " bytes");
    }
    long length = read(channel, Long.BYTES).getLong();
    if (length < 2 || length > LARGEST_HEADER || length > channel.size() - Long.BYTES) {
      throw new DamagedFileException(
          file, "its header claims " + length + " bytes in a file of " + channel.size() + " bytes");
    }
    return Long.BYTES + length;
  }

  private static ByteBuffer read(FileChannel channel, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining() && channel.read(bytes, bytes.position()) >= 0) {
      // Reads on until the buffer is full or the file ends.
    }
    return bytes.flip();
  }

  private static JsonNode parse(Path file, byte[] bytes) throws IOException {
    JsonNode header;
    try {
      header = JSON.readTree(bytes, Long.BYTES, bytes.length - Long.BYTES);
    } catch (IOException e) {
      throw new DamagedFileException(file, "its header is not JSON", e);
    }
    if (!header.isObject()) {
      throw new DamagedFileException(file, "its header is not a JSON object");
    }
    return header;
  }

  private static Map<String, String> metadata(Path file, JsonNode header) throws IOException {
    JsonNode strings = header.path(METADATA);
    if (!strings.isMissingNode() && !strings.isObject()) {
      throw new DamagedFileException(file, "its metadata is not a JSON object");
    }
    Map<String, String> metadata = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : strings.properties()) {
      if (!entry.getValue().isTextual()) {
        throw new DamagedFileException(file, "metadata " + entry.getKey() + " is not a string");
      }
      metadata.put(entry.getKey(), entry.getValue().textValue());
    }
    return metadata;
  }

  private static Entry entry(Path file, String name, JsonNode entry, Set<ElementType> valid)
      throws IOException {
    JsonNode dtype = entry.path("dtype");
    ElementType type =
        ElementType.named(dtype.asText())
            .filter(valid::contains)
            .orElseThrow(
                () ->
                    new DamagedFileException(
                        file,
                        "tensor "
                            + name
                            + " has dtype "
                            + dtype
                            + ", valid is "
                            + valid.stream()
                                .map(ElementType::dtype)
                                .collect(Collectors.joining(", "))));
    List<Integer> shape = new ArrayList<>();
    for (JsonNode length : entry.path("shape")) {
      shape.add(length.isInt() ? length.intValue() : -1);
    }
    long elements = NamedTensor.elements(shape);
    JsonNode offsets = entry.path("data_offsets");
    long start = offset(offsets, 0);
    long end = offset(offsets, 1);
    if (!entry.path("shape").isArray()
        || offsets.size() != 2
        || elements < 0
        || elements > Integer.MAX_VALUE / type.bytes()
        || start < 0
        || end != start + elements * type.bytes()) {
      throw new DamagedFileException(
          file,
          "tensor "
              + name
              + " of shape "
              + entry.path("shape")
              + " and dtype "
              + type.dtype()
              + " has data_offsets "
              + offsets);
    }
    return new Entry(name, type, shape, start, end);
  }

  private static long offset(JsonNode offsets, int index) {
    JsonNode offset = offsets.path(index);
    return offset.isIntegralNumber() && offset.canConvertToLong() ? offset.longValue() : -1;
  }

  private static void checkLayout(Path file, List<Entry> entries, long dataStart, long fileSize)
      throws IOException {
    long expected = 0;
    for (Entry entry : entries) {
      if (entry.start != expected) {
        throw new DamagedFileException(
            file,
            "tensor "
                + entry.name
                + " starts at byte "
                + entry.start
                + " of the values, expected to start at "
                + expected);
      }
      if (dataStart + entry.end > fileSize) {
        throw new DamagedFileException(
            file,
            "tensor "
                + entry.name
                + " ends at byte "
                + (dataStart + entry.end)
                + " of a file of "
                + fileSize);
      }
      expected = entry.end;
    }
    if (dataStart + expected != fileSize) {
      throw new DamagedFileException(
          file, "its values end at byte " + (dataStart + expected) + " of " + fileSize);
    }
  }

  /** Returns the header as it is in the file, with its length before it. */
  byte[] bytes() {
    return bytes.clone();
  }

  /** Returns the metadata in the order of the header. */
  Map<String, String> metadata() {
    return metadata;
  }

  /** Returns the tensors in the order of their values. */
  List<Entry> entries() {
    return entries;
  }

  /** Maps the values of a tensor, in the file's byte order. */
  ByteBuffer map(FileChannel channel, Entry entry) throws IOException {
    return channel
        .map(
            FileChannel.MapMode.READ_ONLY,
            bytes.length + entry.start(),
            entry.end() - entry.start())
        .order(ByteOrder.LITTLE_ENDIAN);
  }
}
