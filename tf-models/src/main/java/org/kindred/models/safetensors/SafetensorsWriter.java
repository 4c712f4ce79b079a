package org.kindred.models.safetensors;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Writes safetensors files. The same tensors and metadata give the same bytes. */
public final class SafetensorsWriter {

  private static final int CHUNK_FLOATS = 1 << 16;

  private SafetensorsWriter() {}

  /** Takes bytes, all that remain in a buffer. */
  @FunctionalInterface
  private interface Sink {
    void accept(ByteBuffer bytes) throws IOException;
  }

  /**
   * Writes a new file and forces it to disk.
   *
   * @param file must not exist
   * @param metadata must not contain {@value SafetensorsFile#SHA256}, which is added
   * @param tensors in the order in which their values are stored
   */
  public static void write(Path file, Map<String, String> metadata, List<NamedTensor> tensors)
      throws IOException {
    MessageDigest digest = SafetensorsFile.sha256();
    digest.update(header(metadata, tensors, SafetensorsFile.NO_DIGEST));
    for (NamedTensor tensor : tensors) {
      pour(tensor.values(), digest::update);
    }
    ByteBuffer header = header(metadata, tensors, SafetensorsFile.hex(digest));
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
      writeAll(channel, header);
      for (NamedTensor tensor : tensors) {
        pour(tensor.values(), bytes -> writeAll(channel, bytes));
      }
      channel.force(true);
    }
  }

  /** Returns all that stands before the values: the header and its length. */
  private static ByteBuffer header(
      Map<String, String> metadata, List<NamedTensor> tensors, String digest) {
    ObjectNode header = new ObjectMapper().createObjectNode();
    ObjectNode strings = header.putObject(SafetensorsFile.METADATA);
    new TreeMap<>(metadata).forEach(strings::put);
    strings.put(SafetensorsFile.SHA256, digest);
    long offset = 0;
    for (NamedTensor tensor : tensors) {
      if (header.has(tensor.name())) {
        throw new IllegalArgumentException("two tensors are named " + tensor.name());
      }
      long end = offset + (long) Float.BYTES * tensor.values().remaining();
      ObjectNode entry = header.putObject(tensor.name()).put("dtype", SafetensorsFile.FLOAT32);
      tensor.shape().forEach(entry.putArray("shape")::add);
      entry.putArray("data_offsets").add(offset).add(end);
      offset = end;
    }
    byte[] json = header.toString().getBytes(StandardCharsets.UTF_8);
    // Spaces align the values to eight bytes.
    byte[] padded = Arrays.copyOf(json, (json.length + 7) / 8 * 8);
    Arrays.fill(padded, json.length, padded.length, (byte) ' ');
    return ByteBuffer.allocate(Long.BYTES + padded.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(padded.length)
        .put(padded)
        .flip();
  }

  private static void pour(FloatBuffer values, Sink sink) throws IOException {
    ByteBuffer chunk =
        ByteBuffer.allocateDirect(CHUNK_FLOATS * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    while (values.hasRemaining()) {
      int floats = Math.min(CHUNK_FLOATS, values.remaining());
      chunk.clear();
      chunk.asFloatBuffer().put(values.slice(values.position(), floats));
      values.position(values.position() + floats);
      sink.accept(chunk.limit(floats * Float.BYTES));
    }
  }

  private static void writeAll(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }
}
