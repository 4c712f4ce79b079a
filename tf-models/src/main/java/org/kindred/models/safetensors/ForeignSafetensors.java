package org.kindred.models.safetensors;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.ShortBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.kindred.models.safetensors.SafetensorsHeader.Entry;

/**
 * Reads safetensors files that others wrote. They have no digest, so that only their structure is
 * checked, all of it.
 */
public final class ForeignSafetensors {

  private static final Set<ElementType> VALID =
      EnumSet.of(ElementType.FLOAT32, ElementType.FLOAT16, ElementType.BFLOAT16, ElementType.INT64);

  private ForeignSafetensors() {}

  /**
   * Reads the tensors of a file. F32, F16 and BF16 become {@link NamedTensor.Type#FLOAT32}, which
   * holds all of their values; I64 becomes {@link NamedTensor.Type#INT32}.
   *
   * @return by name, in the order of their values; those of F32 are mapped, so that the file must
   *     stay as it is while they are in use
   * @throws DamagedFileException when the file's structure is wrong, a tensor has another type, or
   *     a 64-bit integer does not fit into 32
   * @throws IOException when it cannot be read
   */
  public static Map<String, NamedTensor> read(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      SafetensorsHeader header = SafetensorsHeader.read(file, channel, VALID);
      Map<String, NamedTensor> tensors = new LinkedHashMap<>();
      for (Entry entry : header.entries()) {
        tensors.put(entry.name(), tensor(file, entry, header.map(channel, entry)));
      }
      return tensors;
    }
  }

  private static NamedTensor tensor(Path file, Entry entry, ByteBuffer stored) throws IOException {
    return entry.type() == ElementType.INT64
        ? new NamedTensor(entry.name(), entry.shape(), narrowed(file, entry, stored.asLongBuffer()))
        : new NamedTensor(
            entry.name(),
            entry.shape(),
            switch (entry.type()) {
              case FLOAT16 -> widenedHalves(stored.asShortBuffer());
              case BFLOAT16 -> widenedBrainFloats(stored.asShortBuffer());
              default -> stored.asFloatBuffer();
            });
  }

  private static IntBuffer narrowed(Path file, Entry entry, LongBuffer stored) throws IOException {
    IntBuffer values = IntBuffer.allocate(stored.remaining());
    while (stored.hasRemaining()) {
      long value = stored.get();
      if ((int) value != value) {
        throw new DamagedFileException(
            file, "tensor " + entry.name() + " holds " + value + ", valid are 32-bit integers");
      }
      values.put((int) value);
    }
    return values.flip();
  }

  private static FloatBuffer widenedHalves(ShortBuffer stored) {
    FloatBuffer values = FloatBuffer.allocate(stored.remaining());
    while (stored.hasRemaining()) {
      values.put(ofHalf(stored.get()));
    }
    return values.flip();
  }

  /** Returns the value of IEEE 754's binary16: sign, 5 bits of exponent, 10 of fraction. */
  private static float ofHalf(short half) {
    int sign = (half & 0x8000) << 16;
    int exponent = (half >>> 10) & 0x1f;
    int fraction = half & 0x3ff;
    return switch (exponent) {
      case 0 -> (sign == 0 ? 1 : -1) * (fraction * 0x1p-24f);
      case 0x1f -> Float.intBitsToFloat(sign | 0x7f800000 | (fraction << 13));
      // The exponents' biases are 15 and 127.
      default -> Float.intBitsToFloat(sign | ((exponent + 127 - 15) << 23) | (fraction << 13));
    };
  }

  /** A bfloat16 is the upper half of a float. */
  private static FloatBuffer widenedBrainFloats(ShortBuffer stored) {
    FloatBuffer values = FloatBuffer.allocate(stored.remaining());
    while (stored.hasRemaining()) {
      values.put(Float.intBitsToFloat(stored.get() << 16));
    }
    return values.flip();
  }
}
