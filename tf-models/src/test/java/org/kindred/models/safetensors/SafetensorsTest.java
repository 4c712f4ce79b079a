package org.kindred.models.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SafetensorsTest {

  @TempDir private Path directory;

  private static NamedTensor tensor(String name, List<Integer> shape, float... values) {
    return new NamedTensor(name, shape, FloatBuffer.wrap(values));
  }

  private Path small() throws IOException {
    Path file = directory.resolve("small.safetensors");
    SafetensorsWriter.write(
        file,
        Map.of("epochs", "3"),
        List.of(
            tensor("weight", List.of(2, 3), 1, -2.5f, Float.MIN_VALUE, Float.NaN, 0, -0f),
            tensor("nothing", List.of(0, 7)),
            tensor("scalar", List.of(), 42),
            ints("table", List.of(2, 2), 3, -1, Integer.MAX_VALUE, Integer.MIN_VALUE)));
    return file;
  }

  private static NamedTensor ints(String name, List<Integer> shape, int... values) {
    return new NamedTensor(name, shape, IntBuffer.wrap(values));
  }

  @Test
  void givesBackWhatWasWritten() throws IOException {
    SafetensorsFile file = SafetensorsFile.open(small());
    assertThat(file.metadata()).containsEntry("epochs", "3").containsKey("sha256");
    assertThat(file.tensors().keySet()).containsExactly("weight", "nothing", "scalar", "table");
    NamedTensor weight = file.tensor("weight").orElseThrow();
    assertThat(weight.shape()).containsExactly(2, 3);
    float[] values = new float[6];
    weight.values().get(values);
    assertThat(values).containsExactly(1, -2.5f, Float.MIN_VALUE, Float.NaN, 0, -0f);
    assertThat(file.tensor("nothing").orElseThrow().shape()).containsExactly(0, 7);
    assertThat(file.tensor("scalar").orElseThrow().values().get(0)).isEqualTo(42);
    assertThat(file.tensor("other")).isEmpty();
    NamedTensor table = file.tensor("table").orElseThrow();
    assertThat(table.shape()).containsExactly(2, 2);
    int[] integers = new int[4];
    table.ints().get(integers);
    assertThat(integers).containsExactly(3, -1, Integer.MAX_VALUE, Integer.MIN_VALUE);
  }

  @Test
  void tensorsAreReadAsWhatTheyAre() {
    NamedTensor weight = tensor("weight", List.of(1), 2);
    NamedTensor table = ints("table", List.of(1), 2);
    assertThat(weight.type()).isEqualTo(NamedTensor.Type.FLOAT32);
    assertThat(table.type()).isEqualTo(NamedTensor.Type.INT32);
    assertThat(table.size()).isEqualTo(1);
    assertThatThrownBy(weight::ints).hasMessage("tensor weight holds FLOAT32, not INT32");
    assertThatThrownBy(table::values).hasMessage("tensor table holds INT32, not FLOAT32");
    assertThatThrownBy(() -> ints("table", List.of(3), 1, 2))
        .hasMessage("tensor table of shape [3] has 2 values");
  }

  @Test
  void aTensorKeepsItsValuesWhereverItsReadersAre() {
    FloatBuffer source = FloatBuffer.wrap(new float[] {1, 2, 3});
    source.get();
    NamedTensor tensor = new NamedTensor("t", List.of(2), source);
    source.get();
    tensor.values().get();
    assertThat(tensor.values()).isEqualTo(FloatBuffer.wrap(new float[] {2, 3}));
  }

  @Test
  void hasTheLayoutThatOthersRead() throws IOException {
    byte[] bytes = Files.readAllBytes(small());
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int headerLength = (int) buffer.getLong();
    assertThat(headerLength % 8).isZero();
    String header = new String(bytes, 8, headerLength, StandardCharsets.UTF_8);
    assertThat(header)
        .startsWith("{\"__metadata__\":{")
        .contains("\"weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}")
        .contains("\"nothing\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[24,24]}")
        .contains("\"scalar\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[24,28]}");
    assertThat(header)
        .contains("\"table\":{\"dtype\":\"I32\",\"shape\":[2,2],\"data_offsets\":[28,44]}");
    assertThat(bytes).hasSize(8 + headerLength + 44);
    assertThat(buffer.getInt(8 + headerLength + 28)).isEqualTo(3);
    assertThat(buffer.getFloat(8 + headerLength + 4)).isEqualTo(-2.5f);
  }

  @Test
  void writesLargeTensorsWhole() throws IOException {
    float[] values = new float[200_001];
    for (int i = 0; i < values.length; i++) {
      values[i] = i;
    }
    Path file = directory.resolve("large.safetensors");
    SafetensorsWriter.write(file, Map.of(), List.of(tensor("t", List.of(200_001), values)));
    float[] got = new float[values.length];
    SafetensorsFile.open(file).tensor("t").orElseThrow().values().get(got);
    assertThat(got).isEqualTo(values);

    int[] table = IntStream.range(0, 200_001).toArray();
    Path ints = directory.resolve("ints.safetensors");
    SafetensorsWriter.write(ints, Map.of(), List.of(ints("t", List.of(200_001), table)));
    int[] gotInts = new int[table.length];
    SafetensorsFile.open(ints).tensor("t").orElseThrow().ints().get(gotInts);
    assertThat(gotInts).isEqualTo(table);
  }

  @Test
  void everyCutAndEveryChangedByteIsFound() throws IOException {
    Path file = small();
    byte[] whole = Files.readAllBytes(file);
    for (int length = 0; length < whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> SafetensorsFile.open(file))
          .as("cut to %d bytes", length)
          .isInstanceOf(DamagedFileException.class)
          .hasMessageContaining(file.toString());
    }
    Files.write(file, Arrays.copyOf(whole, whole.length + 1));
    assertThatThrownBy(() -> SafetensorsFile.open(file))
        .hasMessageContaining("its values end at byte");
    for (int position = 0; position < whole.length; position++) {
      byte[] changed = whole.clone();
      changed[position] ^= 1;
      Files.write(file, changed);
      assertThatThrownBy(() -> SafetensorsFile.open(file))
          .as("byte %d changed", position)
          .isInstanceOf(DamagedFileException.class)
          .hasMessageContaining(file.toString());
    }
  }

  /** What is still a safetensors file, but not the one that was written. */
  @ParameterizedTest
  @CsvSource({
    "epochs, epoch_",
    "'\"epochs\":\"3\"', '\"epochs\":\"4\"'",
    "weight, Weight",
    "'[2,3]', '[3,2]'",
    "'[0,7]', '[0,8]'",
  })
  void aChangedHeaderIsFound(String before, String after) throws IOException {
    Path file = directory.resolve("header.safetensors");
    SafetensorsWriter.write(
        file,
        Map.of("epochs", "3"),
        List.of(tensor("weight", List.of(2, 3), new float[6]), tensor("none_", List.of(0, 7))));
    String whole = Files.readString(file, StandardCharsets.ISO_8859_1);
    assertThat(whole).contains(before);
    Files.writeString(file, whole.replace(before, after), StandardCharsets.ISO_8859_1);
    assertThatThrownBy(() -> SafetensorsFile.open(file))
        .isInstanceOf(DamagedFileException.class)
        .hasMessageContaining("its SHA-256 is");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "[1] | its header is not a JSON object",
        "{\"a\" | its header is not JSON",
        "{\"a\":1,\"a\":2} | its header is not JSON",
        "{} trailing | its header is not JSON",
        "{\"a\":{\"dtype\":\"F64\"}} | tensor a has dtype \"F64\", valid is F32, I32",
        "{\"a\":{\"dtype\":\"F16\"}} | tensor a has dtype \"F16\", valid is F32, I32",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[\"0\",4]}} | tensor a of shape [1]",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}} | tensor a of shape [1]",
        "{\"__metadata__\":[]} | its metadata is not a JSON object",
        "{\"a\":{\"dtype\":\"F32\"}} | tensor a of shape",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}} | tensor a of shape [-1]",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}} | expected to start at 0",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}} | tensor a of shape [1]",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2147483647,2147483647],\"data_offsets\":[0,4]}}"
            + " | tensor a of shape",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[9],\"data_offsets\":[0,36]}} | tensor a ends at byte",
        "{\"__metadata__\":{\"a\":1}} | metadata a is not a string",
        "{} | its values end at byte",
      })
  void saysWhatIsWrongWithAHeader(String header, String problem) throws IOException {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    Path file = directory.resolve("header.safetensors");
    Files.write(
        file,
        ByteBuffer.allocate(8 + json.length + 4)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(json.length)
            .put(json)
            .array());
    assertThatThrownBy(() -> SafetensorsFile.open(file))
        .isInstanceOf(DamagedFileException.class)
        .hasMessageContaining(problem);
  }

  @Test
  void refusesToWriteWhatItCouldNotRead() throws IOException {
    Path file = small();
    assertThatThrownBy(() -> SafetensorsWriter.write(file, Map.of(), List.of()))
        .isInstanceOf(FileAlreadyExistsException.class);
    NamedTensor one = tensor("one", List.of(1), 1);
    assertThatThrownBy(
            () -> SafetensorsWriter.write(directory.resolve("x"), Map.of(), List.of(one, one)))
        .hasMessage("two tensors are named one");
    assertThatThrownBy(() -> tensor("t", List.of(2, 2), 1, 2, 3))
        .hasMessage("tensor t of shape [2, 2] has 3 values");
  }
}
