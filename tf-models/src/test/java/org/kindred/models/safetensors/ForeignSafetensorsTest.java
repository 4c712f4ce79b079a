package org.kindred.models.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ForeignSafetensorsTest {

  @TempDir private Path directory;

  /** Writes the format byte by byte. */
  private Path write(String header, ByteBuffer values) throws IOException {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    Path file = directory.resolve("foreign.safetensors");
    Files.write(
        file,
        ByteBuffer.allocate(8 + json.length + values.remaining())
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(json.length)
            .put(json)
            .put(values)
            .array());
    return file;
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static float[] floats(NamedTensor tensor) {
    float[] values = new float[tensor.size()];
    tensor.values().get(values);
    return values;
  }

  /** The header need not be in the order of the values. */
  @Test
  void readsEveryTypeThatWeightsAreStoredAs() throws IOException {
    Path file =
        write(
            "{\"steps\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[8,16]},"
                + "\"w\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]},"
                + "\"__metadata__\":{\"format\":\"pt\"},"
                + "\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[16,20]}}   ",
            buffer(20)
                .putFloat(1.5f)
                .putFloat(-2)
                .putLong(-12)
                .putShort((short) 0x4049)
                .putShort((short) 0xC000)
                .flip());
    Map<String, NamedTensor> tensors = ForeignSafetensors.read(file);
    assertThat(tensors.keySet()).containsExactly("w", "steps", "b");
    assertThat(tensors.get("w").shape()).containsExactly(2, 1);
    assertThat(floats(tensors.get("w"))).containsExactly(1.5f, -2);
    assertThat(tensors.get("steps").shape()).isEmpty();
    assertThat(tensors.get("steps").ints().get(0)).isEqualTo(-12);
    assertThat(floats(tensors.get("b"))).containsExactly(3.140625f, -2);
  }

  /** Every kind of binary16: zeros, the smallest, the largest subnormal, one, the largest. */
  @ParameterizedTest
  @CsvSource({
    "0000, 0",
    "8000, -0",
    "0001, 5.9604644775390625e-8",
    "83ff, -6.09755516052246094e-5",
    "0400, 6.103515625e-5",
    "3c00, 1",
    "c000, -2",
    "3555, 0.333251953125",
    "7bff, 65504",
    "7c00, Infinity",
    "fc00, -Infinity",
    "7e00, NaN",
  })
  void widensHalves(String bits, float value) throws IOException {
    Path file =
        write(
            "{\"h\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2]}}",
            buffer(2).putShort((short) Integer.parseInt(bits, 16)).flip());
    float got = floats(ForeignSafetensors.read(file).get("h"))[0];
    assertThat(Float.floatToIntBits(got)).isEqualTo(Float.floatToIntBits(value));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}}"
            + " | tensor a has dtype \"F64\", valid is F32, F16, BF16, I64",
        "{\"a\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}}"
            + " | tensor a holds 4294967296, valid are 32-bit integers",
        "{\"a\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,8]}} | tensor a of shape [2]",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}} | expected to start at 0",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
            + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}"
            + " | tensor b starts at byte 0 of the values, expected to start at 4",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}} | its values end at byte",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}} | tensor a ends at byte",
      })
  void saysWhatIsWrongWithTheStructure(String header, String problem) throws IOException {
    Path file = write(header, buffer(8).putLong(1L << 32).flip());
    assertThatThrownBy(() -> ForeignSafetensors.read(file))
        .isInstanceOf(DamagedFileException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining(problem);
  }

  /** A file of ours is one that others could have written, but for its integers. */
  @Test
  void readsOurOwnFilesWithoutTheirDigest() throws IOException {
    Path file = directory.resolve("own.safetensors");
    SafetensorsWriter.write(
        file,
        Map.of(),
        List.of(new NamedTensor("t", List.of(1), FloatBuffer.wrap(new float[] {5}))));
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 1] ^= 1;
    Files.write(file, bytes);
    assertThatThrownBy(() -> SafetensorsFile.open(file)).hasMessageContaining("SHA-256");
    assertThat(ForeignSafetensors.read(file)).containsKey("t");
  }
}
