package org.kindred.models.safetensors;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.kindred.models.safetensors.SafetensorsHeader.Entry;

/**
 * A safetensors file of {@link SafetensorsWriter} that was found whole. Its values are mapped, not
 * loaded: the file must stay as it is while they are in use.
 */
public final class SafetensorsFile {

  static final String SHA256 = "sha256";

  /** Stands in for the digest in what the digest is taken of. */
  static final String NO_DIGEST = "0".repeat(64);

  private static final Set<ElementType> VALID = EnumSet.of(ElementType.FLOAT32, ElementType.INT32);

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
      SafetensorsHeader header = SafetensorsHeader.read(file, channel, VALID);
      String expected = header.metadata().getOrDefault(SHA256, "");
      MessageDigest digest = sha256();
      digest.update(withoutDigest(header.bytes(), expected));
      Map<String, NamedTensor> tensors = new LinkedHashMap<>();
      for (Entry entry : header.entries()) {
        ByteBuffer values = header.map(channel, entry);
        digest.update(values.duplicate());
        tensors.put(entry.name(), tensor(entry, values));
      }
      String actual = hex(digest);
      if (!actual.equals(expected)) {
        throw new DamagedFileException(
            file, "its SHA-256 is " + actual + ", its header says \"" + expected + "\"");
      }
      return new SafetensorsFile(file, header.metadata(), tensors);
    }
  }

  private static NamedTensor tensor(Entry entry, ByteBuffer values) {
    return entry.type() == ElementType.INT32
        ? new NamedTensor(entry.name(), entry.shape(), values.asIntBuffer())
        : new NamedTensor(entry.name(), entry.shape(), values.asFloatBuffer());
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
