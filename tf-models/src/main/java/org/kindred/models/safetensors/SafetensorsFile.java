package org.kindred.models.safetensors;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A safetensors file that was found whole. Its values are mapped, not loaded: the file must stay as
 * it is while they are in use.
 */
public final class SafetensorsFile {

  static final String METADATA = "__metadata__";
  static final String SHA256 = "sha256";
  static final String FLOAT32 = "F32";

  /** Stands in for the digest in what the digest is taken of. */
  static final String NO_DIGEST = "0".repeat(64);

  private static final long LARGEST_HEADER = 100_000_000;
  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private final Path file;
  private final Map<String, String> metadata;
  private final Map<String, NamedTensor> tensors;

  private SafetensorsFile(
      Path file, Map<String, String> metadata, Map<String, NamedTensor> tensors) {
    this.file = file;
    this.metadata = metadata;
    this.tensors = tensors;
  }

  /**
   * Opens a file and checks all of it, the digest included.
   *
   * @throws DamagedFileException when anything about it is wrong
   * @throws IOException when it cannot be read
   */
  public static SafetensorsFile open(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long dataStart = headerEnd(file, channel);
      byte[] start = read(channel, 0, (int) dataStart).array();
      JsonNode header = header(file, start);
      Map<String, String> metadata = metadata(file, header);
      String expected = metadata.getOrDefault(SHA256, "");
      Map<String, NamedTensor> tensors = new LinkedHashMap<>();
      MessageDigest digest = sha256();
      digest.update(withoutDigest(start, expected));
      long offset = 0;
      for (Map.Entry<String, JsonNode> entry : header.properties()) {
        if (!entry.getKey().equals(METADATA)) {
          Entry tensor = Entry.parse(file, entry.getKey(), entry.getValue(), offset);
          if (dataStart + tensor.end > channel.size()) {
            throw new DamagedFileException(
                file,
                "tensor "
                    + tensor.name
                    + " ends at byte "
                    + (dataStart + tensor.end)
                    + " of a file of "
                    + channel.size());
          }
          ByteBuffer values = tensor.map(channel, dataStart);
          digest.update(values.duplicate());
          tensors.put(
              tensor.name, new NamedTensor(tensor.name, tensor.shape, values.asFloatBuffer()));
          offset = tensor.end;
        }
      }
      if (dataStart + offset != channel.size()) {
        throw new DamagedFileException(
            file, "its values end at byte " + (dataStart + offset) + " of " + channel.size());
      }
      String actual = hex(digest);
      if (!actual.equals(expected)) {
        throw new DamagedFileException(
            file, "its SHA-256 is " + actual + ", its header says \"" + expected + "\"");
      }
      return new SafetensorsFile(file, metadata, tensors);
    }
  }

  private static long headerEnd(Path file, FileChannel channel) throws IOException {
    if (channel.size() < Long.BYTES) {
      throw new DamagedFileException(file, "it has only " + channel.size() + " bytes");
    }
    long length = read(channel, 0, Long.BYTES).getLong();
    if (length < 2 || length > LARGEST_HEADER || length > channel.size() - Long.BYTES) {
      throw new DamagedFileException(
          file, "its header claims " + length + " bytes in a file of " + channel.size() + " bytes");
    }
    return Long.BYTES + length;
  }

  private static JsonNode header(Path file, byte[] start) throws IOException {
    JsonNode header;
    try {
      header = JSON.readTree(start, Long.BYTES, start.length - Long.BYTES);
    } catch (IOException e) {
      throw new DamagedFileException(file, "its header is not JSON", e);
    }
    if (!header.isObject()) {
      throw new DamagedFileException(file, "its header is not a JSON object");
    }
    return header;
  }

  private static Map<String, String> metadata(Path file, JsonNode header) throws IOException {
    Map<String, String> metadata = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : header.path(METADATA).properties()) {
      if (!entry.getValue().isTextual()) {
        throw new DamagedFileException(file, "metadata " + entry.getKey() + " is not a string");
      }
      metadata.put(entry.getKey(), entry.getValue().textValue());
    }
    return metadata;
  }

  /** Returns the start of a file as it was when its digest was taken. */
  private static byte[] withoutDigest(byte[] start, String digest) {
    return digest.length() == NO_DIGEST.length()
        // Latin-1 keeps every byte as it is.
        ? new String(start, StandardCharsets.ISO_8859_1)
            .replace(digest, NO_DIGEST)
            .getBytes(StandardCharsets.ISO_8859_1)
        : start;
  }

  private static ByteBuffer read(FileChannel channel, long position, int length)
      throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining() && channel.read(bytes, position + bytes.position()) >= 0) {
      // Reads on until the buffer is full or the file ends.
    }
    return bytes.flip();
  }

  /** Where the header says that a tensor's values are. */
  private record Entry(String name, List<Integer> shape, long start, long end) {

    static Entry parse(Path file, String name, JsonNode entry, long expectedStart)
        throws IOException {
      JsonNode dtype = entry.path("dtype");
      if (!dtype.asText().equals(FLOAT32)) {
        throw new DamagedFileException(
            file, "tensor " + name + " has dtype " + dtype + ", valid is " + FLOAT32);
      }
      List<Integer> shape = new ArrayList<>();
      for (JsonNode length : entry.path("shape")) {
        shape.add(length.isInt() ? length.intValue() : -1);
      }
      long elements = NamedTensor.elements(shape);
      JsonNode offsets = entry.path("data_offsets");
      long start = offsets.path(0).asLong(-1);
      long end = offsets.path(1).asLong(-1);
      boolean whole = elements >= 0 && elements <= Integer.MAX_VALUE / Float.BYTES;
      if (!entry.path("shape").isArray()
          || !whole
          || start != expectedStart
          || end != start + elements * Float.BYTES) {
        throw new DamagedFileException(
            file,
            "tensor "
                + name
                + " of shape "
                + entry.path("shape")
                + " has data_offsets "
                + offsets
                + ", expected to start at "
                + expectedStart);
      }
      return new Entry(name, shape, start, end);
    }

    ByteBuffer map(FileChannel channel, long dataStart) throws IOException {
      MappedByteBuffer values =
          channel.map(FileChannel.MapMode.READ_ONLY, dataStart + start, end - start);
      return values.order(ByteOrder.LITTLE_ENDIAN);
    }
  }

  /** Returns the metadata, the digest included. */
  public Map<String, String> metadata() {
    return Collections.unmodifiableMap(metadata);
  }

  /** Returns the tensors by name, in the order in which they are stored. */
  public Map<String, NamedTensor> tensors() {
    return Collections.unmodifiableMap(tensors);
  }

  /** Returns the tensor of this name. */
  public Optional<NamedTensor> tensor(String name) {
    return Optional.ofNullable(tensors.get(name));
  }

  @Override
  public String toString() {
    return file + " (" + tensors.size() + " tensors)";
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
  }

  static String hex(MessageDigest digest) {
    return HexFormat.of().formatHex(digest.digest());
  }
}
