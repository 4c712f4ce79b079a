package org.kindred.models.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.kindred.models.training.TinyTraining.INSTDISC;
import static org.kindred.models.training.TinyTraining.RANDOM_VIEWS;
import static org.kindred.models.training.TinyTraining.SILENT;
import static org.kindred.models.training.TinyTraining.config;

import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A training process that ends as a machine's does whose plug is pulled. */
final class KilledProcessTest {

  private static final int EPOCHS = 3;
  private static final String IN_THE_MIDDLE = "in the middle of an epoch";
  private static final long MAX_MILLIS = 120_000;

  @TempDir private Path directory;

  /** Trains to the middle of the last epoch and stays there. */
  static final class Training {
    private Training() {}

    public static void main(String[] arguments) throws Exception {
      TrainingListener staying =
          new TrainingListener() {
            @Override
            public void onStep(StepReport report) {
              if (report.epoch() == EPOCHS - 1) {
                System.out.println(IN_THE_MIDDLE);
                try {
                  Thread.sleep(MAX_MILLIS);
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              }
            }
          };
      try (Trainer trainer = open(Path.of(arguments[0]))) {
        trainer.train(RANDOM_VIEWS, staying);
      }
    }
  }

  private static Trainer open(Path checkpoints) throws Exception {
    return Trainer.open(config(INSTDISC, EPOCHS), checkpoints, "print");
  }

  private static byte[] train(Path checkpoints) throws Exception {
    try (Trainer trainer = open(checkpoints)) {
      trainer.train(RANDOM_VIEWS, SILENT);
      return Files.readAllBytes(trainer.checkpoint());
    }
  }

  private Process startToTheMiddle(Path checkpoints) throws Exception {
    Path output = directory.resolve("output");
    Process process = OtherProcess.start(Training.class, output, checkpoints);
    long end = System.currentTimeMillis() + MAX_MILLIS;
    while (!Files.readString(output).contains(IN_THE_MIDDLE)) {
      assertThat(process.isAlive()).as(Files.readString(output)).isTrue();
      assertThat(System.currentTimeMillis()).isLessThan(end);
      Thread.sleep(50);
    }
    return process;
  }

  @Test
  void whatIsTrainedElsewhereIsRefusedAndWhatWasKilledGoesOn() throws Exception {
    byte[] once = train(directory.resolve("once"));
    Path killed = directory.resolve("killed");
    Process process = startToTheMiddle(killed);
    try {
      assertThatThrownBy(() -> open(killed))
          .isInstanceOf(FileSystemException.class)
          .hasMessageStartingWith(killed + ": is being trained by another process");
    } finally {
      process.destroyForcibly().waitFor();
    }
    Path half = killed.resolve("half-written.unfinished");
    Files.write(half, Arrays.copyOf(once, once.length / 2));

    try (Trainer trainer = open(killed)) {
      assertThat(trainer.completedEpochs()).isEqualTo(EPOCHS - 1);
      assertThat(half).doesNotExist();
    }
    assertThat(train(killed)).isEqualTo(once);
    try (Stream<Path> files = Files.list(killed)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("step-000000004.safetensors", "step-000000006.safetensors");
    }
  }
}
