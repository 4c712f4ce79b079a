package org.kindred.models.safetensors;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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

  private static final int CHUNK = 1 << 16;

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
      pour(tensor, digest::update);
    }
    ByteBuffer header = header(metadata, tensors, SafetensorsFile.hex(digest));
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
      writeAll(channel, header);
      for (NamedTensor tensor : tensors) {
        pour(tensor, bytes -> writeAll(channel, bytes));
      }
      channel.force(true);
    }
  }

  /** Returns all that stands before the values: the header and its length. */
  private static ByteBuffer header(
      Map<String, String> metadata, List<NamedTensor> tensors, String digest) {
    ObjectNode header = new ObjectMapper().createObjectNode();
    ObjectNode strings = header.putObject(SafetensorsHeader.METADATA);
    new TreeMap<>(metadata).forEach(strings::put);
    strings.put(SafetensorsFile.SHA256, digest);
    long offset = 0;
    for (NamedTensor tensor : tensors) {
      if (header.has(tensor.name())) {
        throw new IllegalArgumentException("two tensors are named " + tensor.name());
      }
      ElementType type = ElementType.of(tensor.type());
      long end = offset + (long) type.bytes() * tensor.size();
      ObjectNode entry = header.putObject(tensor.name()).put("dtype", type.dtype());
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

  private static void pour(NamedTensor tensor, Sink sink) throws IOException {
    int width = ElementType.of(tensor.type()).bytes();
    ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK * width).order(ByteOrder.LITTLE_ENDIAN);
    for (int done = 0; done < tensor.size(); done += CHUNK) {
      int count = Math.min(CHUNK, tensor.size() - done);
      chunk.clear();
      switch (tensor.type()) {
        case FLOAT32 -> chunk.asFloatBuffer().put(tensor.values().slice(done, count));
        case INT32 -> chunk.asIntBuffer().put(tensor.ints().slice(done, count));
      }
      sink.accept(chunk.limit(count * width));
    }
  }

  private static void writeAll(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }
}
