package org.kindred.stages.arrow;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The same rows give the same bytes. */
class TableBytesTest {
  @TempDir Path directory;

  @ParameterizedTest
  @MethodSource("org.kindred.stages.arrow.TableRoundTripTest#tables")
  void sameRowsGiveSameBytes(SampleTable sample) throws IOException {
    for (int rows : new int[] {0, 1, 37, 5_000}) {
      Path first = sample.write(directory.resolve("first"), 0, rows);
      soilMemory();
      Path second = sample.write(directory.resolve("second"), 0, rows);
      assertThat(second).hasSameBinaryContentAs(first);
    }
  }

  /** Leaves freed memory full of ones for the next writer to be given. */
  private static void soilMemory() {
    try (BufferAllocator allocator = ArrowMemory.newAllocator("soil")) {
      List<ArrowBuf> buffers = new ArrayList<>();
      for (int round = 0; round < 8; round++) {
        for (int size = 64; size <= 1 << 20; size *= 2) {
          ArrowBuf buffer = allocator.buffer(size);
          buffer.setOne(0L, (long) size);
          buffers.add(buffer);
        }
      }
      buffers.forEach(ArrowBuf::close);
    }
  }

  @Test
  void bytesAreTheSameOnEveryMachine() throws IOException {
    SampleTable sample = new SampleTable(Tables.EXAMPLES, Tables.examples());
    Path file = sample.write(directory.resolve("a"), 0, 100);
    assertThat(file)
        .hasDigest("SHA-256", "c90367529c94fad8a2146d72c9ad8a5e3ce9ec1f5fd6500a50703ed20ec8719a");
  }
}
