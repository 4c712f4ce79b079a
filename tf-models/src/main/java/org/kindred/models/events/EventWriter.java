package org.kindred.models.events;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.zip.CRC32C;
import org.tensorflow.proto.Event;
import org.tensorflow.proto.Summary;

/**
 * Writes scalars as a TensorBoard event file: records of an 8-byte length, its checksum, an {@code
 * Event} message and its checksum (TensorFlow, `tsl/lib/io/record_writer.h`).
 */
public final class EventWriter implements AutoCloseable {
  private static final int MASK_DELTA = 0xa282ead8;

  private final OutputStream out;

  /**
   * Starts a new file.
   *
   * @param directory created when needed; what TensorBoard takes for a run
   */
  public EventWriter(Path directory) throws IOException {
    Files.createDirectories(directory);
    long now = System.currentTimeMillis();
    String name =
        String.format(
            Locale.ROOT,
            "events.out.tfevents.%010d.kindred.%d",
            now / 1000,
            ProcessHandle.current().pid());
    this.out =
        new BufferedOutputStream(
            Files.newOutputStream(
                directory.resolve(name), StandardOpenOption.CREATE, StandardOpenOption.APPEND));
    write(Event.newBuilder().setWallTime(now / 1e3).setFileVersion("brain.Event:2").build());
  }

  /** Writes one value of a curve. */
  public void scalar(String tag, long step, double value) throws IOException {
    Summary.Value point =
        Summary.Value.newBuilder().setTag(tag).setSimpleValue((float) value).build();
    write(
        Event.newBuilder()
            .setWallTime(System.currentTimeMillis() / 1e3)
            .setStep(step)
            .setSummary(Summary.newBuilder().addValue(point))
            .build());
  }

  /** Hands what was written to the operating system. */
  public void flush() throws IOException {
    out.flush();
  }

  private void write(Event event) throws IOException {
    byte[] data = event.toByteArray();
    byte[] length =
        ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(data.length).array();
    out.write(length);
    out.write(maskedChecksum(length));
    out.write(data);
    out.write(maskedChecksum(data));
  }

  /**
   * Checksums are rotated and shifted, so that a checksum of data that holds checksums stays
   * strong.
   */
  private static byte[] maskedChecksum(byte[] data) {
    CRC32C crc = new CRC32C();
    crc.update(data);
    int masked = Integer.rotateRight((int) crc.getValue(), 15) + MASK_DELTA;
    return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(masked).array();
  }

  @Override
  public void close() throws IOException {
    out.close();
  }
}
