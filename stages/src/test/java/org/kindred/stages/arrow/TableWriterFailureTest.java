package org.kindred.stages.arrow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TableWriterFailureTest {
  private static final SampleTable SAMPLE = new SampleTable(Tables.EXAMPLES, Tables.examples());

  private final long before = ArrowMemory.ROOT.getAllocatedMemory();

  /** Takes some bytes, then is full. */
  private static final class FullDisk extends OutputStream {
    private int room;
    private boolean failsToClose;
    private boolean closed;

    @Override
    public void write(int value) throws IOException {
      if (--room < 0) {
        throw new IOException("No space left on device");
      }
    }

    @Override
    public void close() throws IOException {
      closed = true;
      if (failsToClose) {
        throw new IOException("No space left on device");
      }
    }
  }

  @Test
  void aFullDiskIsAnIoExceptionWhereverItStrikesAndNothingLeaks() throws IOException {
    int whole = wholeSize();
    for (int room = 0; room < whole; room += 997) {
      FullDisk disk = new FullDisk();
      disk.room = room;
      assertThatIOException()
          .as("after %d bytes", room)
          .isThrownBy(() -> writeTo(disk))
          .withMessage("No space left on device");
      assertThat(disk.closed).isTrue();
      assertThat(ArrowMemory.ROOT.getAllocatedMemory()).isEqualTo(before);
    }
  }

  @Test
  void aStreamThatFailsToCloseIsAnIoException() {
    FullDisk disk = new FullDisk();
    disk.room = Integer.MAX_VALUE;
    disk.failsToClose = true;
    assertThatIOException().isThrownBy(() -> writeTo(disk)).withMessage("No space left on device");
    assertThat(ArrowMemory.ROOT.getAllocatedMemory()).isEqualTo(before);
  }

  private static int wholeSize() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    writeTo(bytes);
    return bytes.size();
  }

  private static void writeTo(OutputStream out) throws IOException {
    try (TableWriter writer =
        new TableWriter(out, SAMPLE.name(), SAMPLE.columns(), Map.of("metric", "cosine"))) {
      SAMPLE.putRows(writer, 0, 2_060);
    }
  }
}
