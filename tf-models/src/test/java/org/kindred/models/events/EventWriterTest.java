package org.kindred.models.events;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.proto.Event;
import org.tensorflow.proto.Summary;

final class EventWriterTest {

  @TempDir private Path directory;

  private static byte[] onlyFile(Path run) throws IOException {
    try (Stream<Path> files = Files.list(run)) {
      Path file = files.toList().get(0);
      assertThat(file.getFileName().toString())
          .matches("events\\.out\\.tfevents\\.\\d{10}\\.kindred\\.\\d+");
      return Files.readAllBytes(file);
    }
  }

  /** Reads the records of an event file and checks both checksums of each. */
  private static List<Event> parse(byte[] file) throws InvalidProtocolBufferException {
    List<Event> events = new ArrayList<>();
    ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      int start = bytes.position();
      byte[] data = new byte[Math.toIntExact(bytes.getLong())];
      assertThat(bytes.getInt()).isEqualTo(maskedChecksum(file, start, Long.BYTES));
      bytes.get(data);
      assertThat(bytes.getInt()).isEqualTo(maskedChecksum(data, 0, data.length));
      events.add(Event.parseFrom(data));
    }
    return events;
  }

  private static int maskedChecksum(byte[] bytes, int start, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, start, length);
    int value = (int) crc.getValue();
    return ((value >>> 15) | (value << 17)) + 0xa282ead8;
  }

  @Test
  void writesOneRecordPerPointBehindTheVersion() throws IOException {
    Path run = directory.resolve("some/run");
    double before = System.currentTimeMillis() / 1000.0 - 1;
    try (EventWriter writer = new EventWriter(run)) {
      writer.scalar("train/loss", 1, 4.5);
      writer.scalar("train/loss", 2_000_000_000_000L, 0.1);
      writer.scalar("epoch/knn_accuracy", 0, Double.NaN);
    }
    List<Event> events = parse(onlyFile(run));
    assertThat(events).hasSize(4);
    assertThat(events.get(0).getFileVersion()).isEqualTo("brain.Event:2");
    assertThat(events)
        .allSatisfy(event -> assertThat(event.getWallTime()).isGreaterThanOrEqualTo(before));
    assertThat(events.subList(1, 4).stream().map(Event::getStep))
        .containsExactly(1L, 2_000_000_000_000L, 0L);
    List<Summary.Value> points =
        events.subList(1, 4).stream().map(event -> event.getSummary().getValue(0)).toList();
    assertThat(points)
        .extracting(Summary.Value::getTag)
        .containsExactly("train/loss", "train/loss", "epoch/knn_accuracy");
    assertThat(points)
        .extracting(Summary.Value::getSimpleValue)
        .containsExactly(4.5f, 0.1f, Float.NaN);
  }

  /** The first twelve bytes of every event file that TensorFlow writes. */
  @Test
  void framesRecordsAsTensorFlowDoes() throws IOException {
    try (EventWriter writer = new EventWriter(directory)) {
      writer.flush();
      assertThat(onlyFile(directory))
          .startsWith(HexFormat.of().parseHex("1800000000000000a37f4b22"));
    }
  }

  @Test
  void whatWasFlushedIsReadable() throws IOException {
    try (EventWriter writer = new EventWriter(directory)) {
      writer.scalar("a", 1, 1);
      writer.flush();
      writer.scalar("b", 2, 2);
      assertThat(parse(onlyFile(directory))).hasSize(2);
    }
    assertThat(parse(onlyFile(directory))).hasSize(3);
  }
}
