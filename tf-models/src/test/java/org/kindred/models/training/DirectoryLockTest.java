package org.kindred.models.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DirectoryLockTest {

  @TempDir private Path directory;

  /** Exits with 0 when it can lock a directory, with 3 when somebody else has it. */
  static final class Probe {
    private Probe() {}

    public static void main(String[] arguments) throws IOException {
      System.exit(DirectoryLock.tryAcquire(Path.of(arguments[0])).isPresent() ? 0 : 3);
    }
  }

  private int probe(Path locked) throws Exception {
    Path output = directory.resolve("output");
    int status = OtherProcess.start(Probe.class, output, locked).waitFor();
    assertThat(output).isEmptyFile();
    return status;
  }

  @Test
  void oneAtATimeInOneProcess() throws IOException {
    Path locked = directory.resolve("a/training");
    try (DirectoryLock first = DirectoryLock.tryAcquire(locked).orElseThrow()) {
      assertThat(first).isNotNull();
      assertThat(DirectoryLock.tryAcquire(locked)).isEmpty();
      assertThat(DirectoryLock.tryAcquire(directory.resolve("a/../a/training"))).isEmpty();
      Path alias = Files.createSymbolicLink(directory.resolve("alias"), directory.resolve("a"));
      assertThat(DirectoryLock.tryAcquire(alias.resolve("training"))).isEmpty();
    }
    DirectoryLock.tryAcquire(locked).orElseThrow().close();
    assertThat(locked).doesNotExist();
  }

  @Test
  void oneAtATimeOfAllProcesses() throws Exception {
    Path locked = directory.resolve("training");
    try (DirectoryLock first = DirectoryLock.tryAcquire(locked).orElseThrow()) {
      assertThat(first).isNotNull();
      // A second one that is refused here must not open the door to other processes.
      assertThat(DirectoryLock.tryAcquire(locked)).isEmpty();
      assertThat(probe(locked)).isEqualTo(3);
    }
    assertThat(probe(locked)).isZero();
    DirectoryLock.tryAcquire(locked).orElseThrow().close();
  }
}
