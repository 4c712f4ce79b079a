package org.kindred.models.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.kindred.models.training.TinyTraining.INSTDISC;
import static org.kindred.models.training.TinyTraining.INVASPREAD;
import static org.kindred.models.training.TinyTraining.RANDOM_VIEWS;
import static org.kindred.models.training.TinyTraining.SILENT;
import static org.kindred.models.training.TinyTraining.config;

import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kindred.models.LogOf;
import org.kindred.models.safetensors.DamagedFileException;
import org.kindred.models.safetensors.SafetensorsWriter;
import org.kindred.proto.pipeline.v1.Objective;

/** What a training leaves, and how it goes on from there. */
final class ResumeTest {

  private static final int EPOCHS = 3;

  @TempDir private Path directory;

  private static byte[] train(TrainingConfig config, Path checkpoints, TrainingListener listener)
      throws Exception {
    try (Trainer trainer = Trainer.open(config, checkpoints, "print")) {
      trainer.train(RANDOM_VIEWS, listener);
      return Files.readAllBytes(trainer.checkpoint());
    }
  }

  /** Measures something, and stops the training in the middle of an epoch. */
  private record Killer(int epoch) implements TrainingListener {
    @Override
    public void onStep(StepReport report) {
      if (report.epoch() == epoch && report.step() == 1) {
        throw new CancellationException("killed");
      }
    }

    @Override
    public Map<String, Double> onEpochEnd(EpochReport report, ImageEmbedder embedder) {
      return Map.of("tenfold", 10.0 * report.epoch());
    }
  }

  private static final Killer NEVER = new Killer(-1);

  static Stream<Objective> someObjectives() {
    return Stream.of(INVASPREAD, INSTDISC);
  }

  static Stream<Objective> objectives() {
    return TinyTraining.OBJECTIVES.stream();
  }

  @ParameterizedTest
  @MethodSource("someObjectives")
  void aKilledRunEndsWithTheSameBytesAsOneInOneGo(Objective objective) throws Exception {
    TrainingConfig config = config(objective, EPOCHS);
    byte[] once = train(config, directory.resolve("once"), NEVER);

    Path resumed = directory.resolve("resumed");
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      Killer killer = new Killer(epoch);
      assertThatThrownBy(() -> train(config, resumed, killer)).hasMessage("killed");
    }
    assertThat(train(config, resumed, NEVER)).isEqualTo(once);
  }

  /** Each process takes one or two steps, and ends in the middle of an epoch but for the last. */
  @ParameterizedTest
  @MethodSource("objectives")
  void aRunKilledInMidEpochGoesOnFromItsLastCheckpoint(Objective objective) throws Exception {
    TrainingConfig config = config(objective, EPOCHS);
    byte[] once = train(config, directory.resolve("once"), NEVER);

    Path resumed = directory.resolve("resumed");
    for (int steps : new int[] {0, 1, 3, 5}) {
      try (Trainer trainer = Trainer.open(config, resumed, "print")) {
        assertThat(trainer.savedSteps()).isEqualTo(steps);
        try (TrainingRun run = trainer.start(RANDOM_VIEWS, NEVER)) {
          assertThat(run.step()).isTrue();
          if (steps == 1 || steps == 3) {
            assertThat(run.step()).isTrue();
          }
          run.save();
        }
      }
    }
    try (Trainer trainer = Trainer.open(config, resumed, "print")) {
      assertThat(Files.readAllBytes(trainer.checkpoint())).isEqualTo(once);
    }
  }

  @Test
  void aCheckpointInMidEpochTellsItsSteps() throws Exception {
    TrainingConfig config = config(INSTDISC, 1);
    try (Trainer trainer = Trainer.open(config, directory, "print");
        TrainingRun run = trainer.start(RANDOM_VIEWS, NEVER)) {
      run.step();
      run.save();
      Checkpoint checkpoint = Checkpoint.read(trainer.checkpoint());
      assertThat(checkpoint.steps()).isEqualTo(1);
      assertThat(checkpoint.epochs()).isZero();
      assertThat(checkpoint.partial().losses()).hasSize(1);
    }
  }

  @Test
  void savesInMidEpochWhenTheMinutesAreOver() throws Exception {
    TrainingConfig config =
        config(
            INSTDISC,
            EPOCHS,
            11,
            c -> c.setCheckpoints(c.getCheckpoints().toBuilder().setEveryMinutes(5)));
    AtomicLong minutes = new AtomicLong();
    try (Trainer trainer = Trainer.open(config, directory, "print");
        TrainingRun run =
            new TrainingRun(
                trainer, RANDOM_VIEWS, NEVER, () -> TimeUnit.MINUTES.toNanos(minutes.get()))) {
      minutes.set(4);
      run.step();
      assertThat(trainer.savedSteps()).isZero();
      run.step();
      assertThat(trainer.savedSteps()).as("the epoch's end").isEqualTo(2);
      minutes.set(9);
      run.step();
      assertThat(trainer.savedSteps()).as("five minutes after the last").isEqualTo(3);
      assertThat(Checkpoint.read(trainer.checkpoint()).partial().losses()).hasSize(1);
    }
  }

  /** Parts of a batch see the state that earlier parts left; it has no part of its own. */
  @Test
  void microBatchesGoOnFromACheckpointInMidEpoch() throws Exception {
    TrainingConfig config = config(INSTDISC, EPOCHS, 11, c -> c.setMicroBatches(2));
    byte[] once = train(config, directory.resolve("once"), NEVER);
    Path resumed = directory.resolve("resumed");
    for (int steps = 0; steps < 6; steps += 3) {
      try (Trainer trainer = Trainer.open(config, resumed, "print");
          TrainingRun run = trainer.start(RANDOM_VIEWS, NEVER)) {
        for (int step = 0; step < 3; step++) {
          assertThat(run.step()).isTrue();
        }
        run.save();
      }
    }
    try (Trainer trainer = Trainer.open(config, resumed, "print")) {
      assertThat(Files.readAllBytes(trainer.checkpoint())).isEqualTo(once);
    }
  }

  @Test
  void keepsAsManyCheckpointsAsAskedFor() throws Exception {
    TrainingConfig config =
        config(
            INVASPREAD,
            EPOCHS,
            11,
            c -> c.setCheckpoints(c.getCheckpoints().toBuilder().setKeep(1)));
    train(config, directory, SILENT);
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactly("step-000000006.safetensors");
    }
  }

  @ParameterizedTest
  @MethodSource("someObjectives")
  void twoRunsAgreeBitByBit(Objective objective) throws Exception {
    TrainingConfig config = config(objective, 1);
    assertThat(train(config, directory.resolve("a"), SILENT))
        .isEqualTo(train(config, directory.resolve("b"), SILENT));
  }

  @Test
  void anotherSeedGivesOtherWeights() throws Exception {
    TrainingConfig other = config(INVASPREAD, 1, 12, UnaryOperator.identity());
    assertThat(train(config(INVASPREAD, 1), directory.resolve("a"), SILENT))
        .isNotEqualTo(train(other, directory.resolve("b"), SILENT));
  }

  @Test
  void aDamagedNewestCheckpointIsSetAside() throws Exception {
    TrainingConfig config = config(INSTDISC, EPOCHS);
    byte[] once = train(config, directory, NEVER);
    assertThat(Checkpoint.read(directory.resolve("step-000000004.safetensors")).epochs())
        .isEqualTo(2);
    Path newest = directory.resolve("step-000000006.safetensors");
    byte[] damaged = once.clone();
    damaged[damaged.length - 1] ^= 1;
    Files.write(newest, damaged);
    try (Trainer trainer = Trainer.open(config, directory, "print")) {
      assertThat(trainer.completedEpochs()).isEqualTo(2);
      trainer.train(RANDOM_VIEWS, NEVER);
    }
    assertThat(Files.readAllBytes(newest)).isEqualTo(once);
    assertThat(directory.resolve("step-000000006.safetensors.damaged")).hasBinaryContent(damaged);
  }

  @Test
  void aCheckpointThatCannotBeReadIsNoDamage() throws Exception {
    TrainingConfig config = config(INSTDISC, EPOCHS);
    train(config, directory, NEVER);
    Path newest = directory.resolve("step-000000006.safetensors");
    byte[] whole = Files.readAllBytes(newest);
    Path elsewhere = Files.move(newest, directory.resolve("elsewhere"));
    Files.createSymbolicLink(newest, newest);
    assertThatThrownBy(() -> Trainer.open(config, directory, "print"))
        .isInstanceOf(FileSystemException.class)
        .hasMessageContaining(newest.toString());
    Files.delete(newest);
    Files.move(elsewhere, newest);
    assertThat(train(config, directory, NEVER)).isEqualTo(whole);
    assertThat(directory.resolve("step-000000004.safetensors")).exists();
  }

  @Test
  void aSecondTrainingOfTheSameIsRefused() throws Exception {
    TrainingConfig config = config(INVASPREAD, 1);
    byte[] once = train(config, directory.resolve("once"), SILENT);
    Path twice = directory.resolve("twice");
    try (Trainer first = Trainer.open(config, twice, "print")) {
      assertThatThrownBy(() -> Trainer.open(config, twice, "print"))
          .isInstanceOf(FileSystemException.class)
          .hasMessage(
              "%s: is being trained by another process, or by this one a second time: wait until"
                  + " that ends",
              twice);
      first.train(RANDOM_VIEWS, SILENT);
    }
    // A trainer that could not be opened lets others in.
    assertThatThrownBy(() -> Trainer.open(config, twice, "other")).hasMessageContaining("other");
    assertThat(train(config, twice, SILENT)).isEqualTo(once);
  }

  @Test
  void resumingWithOtherThreadsIsTold() throws Exception {
    TrainingConfig config = config(INVASPREAD, 2);
    train(config(INVASPREAD, 1), directory, SILENT);
    Path file = directory.resolve("step-000000002.safetensors");
    Checkpoint stored = Checkpoint.read(file);
    int threads = Runtime.getRuntime().availableProcessors();
    assertThat(stored.threads()).isEqualTo(threads);
    try (LogOf log = new LogOf(Trainer.class)) {
      Trainer.open(config, directory, "print").close();
      assertThat(log.warnings()).isEmpty();
    }
    Checkpoint other =
        new Checkpoint(
            stored.steps(),
            stored.fingerprint(),
            threads + 5,
            stored.curve(),
            stored.partial(),
            stored.tensors());
    Files.delete(file);
    other.write(file);
    try (LogOf log = new LogOf(Trainer.class)) {
      train(config, directory, SILENT);
      assertThat(log.warnings())
          .singleElement()
          .asString()
          .startsWith(
              "Resuming with %d threads what was trained with %d".formatted(threads, threads + 5));
    }
    assertThat(Checkpoint.read(directory.resolve("step-000000004.safetensors")).threads())
        .isEqualTo(threads);
  }

  @Test
  void aCheckpointMustAgreeWithItsCurve() throws Exception {
    train(config(INVASPREAD, 2), directory, SILENT);
    Path file = directory.resolve("step-000000004.safetensors");
    Checkpoint stored = Checkpoint.read(file);
    Path shorter = directory.resolve("shorter");
    new Checkpoint(4, "print", 1, stored.curve().subList(0, 1), stored.partial(), stored.tensors())
        .write(shorter);
    assertThatThrownBy(() -> Checkpoint.read(shorter))
        .isInstanceOf(DamagedFileException.class)
        .hasMessage(shorter + " is damaged: it is of 4 steps, its training curve of 2");
    Path none = directory.resolve("none");
    SafetensorsWriter.write(none, Map.of("epochs", "2"), List.of());
    assertThatThrownBy(() -> Checkpoint.read(none))
        .isInstanceOf(DamagedFileException.class)
        .hasMessageEndingWith("it is a safetensors file, but not a checkpoint");
  }

  @Test
  void aChangedDigitOfAStoredLossIsFound() throws Exception {
    train(config(INVASPREAD, 1), directory, SILENT);
    Path file = directory.resolve("step-000000002.safetensors");
    String loss = Float.toString(Checkpoint.read(file).curve().get(0).losses().get(0));
    byte[] bytes = Files.readAllBytes(file);
    int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(loss);
    assertThat(at).isPositive();
    bytes[at] = (byte) (bytes[at] == '9' ? '8' : bytes[at] + 1);
    Files.write(file, bytes);
    assertThatThrownBy(() -> Checkpoint.read(file))
        .isInstanceOf(DamagedFileException.class)
        .hasMessageContaining("SHA-256");
  }

  @Test
  void startsAgainWhenNoCheckpointIsWhole() throws Exception {
    TrainingConfig config = config(INVASPREAD, EPOCHS);
    byte[] once = train(config, directory, NEVER);
    for (String name : List.of("step-000000004.safetensors", "step-000000006.safetensors")) {
      Files.writeString(directory.resolve(name), "not a checkpoint");
    }
    assertThat(train(config, directory, NEVER)).isEqualTo(once);
  }

  @Test
  void keepsTheLastTwoCheckpointsAndNothingElse() throws Exception {
    train(config(INVASPREAD, EPOCHS), directory, SILENT);
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("step-000000004.safetensors", "step-000000006.safetensors");
    }
  }

  @Test
  void refusesTheCheckpointsOfAnotherTraining() throws Exception {
    TrainingConfig config = config(INVASPREAD, 1);
    train(config, directory, SILENT);
    assertThatThrownBy(() -> Trainer.open(config, directory, "other"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("step-000000002.safetensors")
        .hasMessageContaining("its fingerprint is print, this training's other");
  }

  @Test
  void aCheckpointHoldsTheWholeState() throws Exception {
    TrainingConfig config = config(INSTDISC, EPOCHS);
    train(config, directory, NEVER);
    Checkpoint checkpoint = Checkpoint.read(directory.resolve("step-000000006.safetensors"));
    assertThat(checkpoint.epochs()).isEqualTo(3);
    assertThat(checkpoint.steps()).isEqualTo(6);
    assertThat(checkpoint.fingerprint()).isEqualTo("print");
    assertThat(checkpoint.curve())
        .extracting(EpochRecord::epoch, EpochRecord::learningRate, EpochRecord::measurements)
        .containsExactly(
            tuple(0, 0.03, Map.of("tenfold", 0.0)),
            tuple(1, 0.03, Map.of("tenfold", 10.0)),
            tuple(2, 0.03, Map.of("tenfold", 20.0)));
    assertThat(checkpoint.tensors())
        .containsKeys(
            "network.stem.conv.kernel",
            "network.stem.norm.variance",
            "network.head.bias",
            "optimizer.momentum.network.head.bias");
    for (String name :
        List.of(
            "network.stem.norm.mean",
            "network.stage4.block1.2.norm.variance",
            "optimizer.momentum.network.stem.conv.kernel")) {
      // Training moved them from where they start: 0, 1 and 0.
      FloatBuffer values = checkpoint.tensors().get(name).values();
      assertThat(values.get(0)).as(name).isNotIn(0f, 1f);
    }
    assertThat(checkpoint.memoryBank().orElseThrow().shape()).containsExactly(10, 8);
  }

  @Test
  void aCompleteTrainingIsNotTrainedAgain() throws Exception {
    TrainingConfig config = config(INVASPREAD, 1);
    train(config, directory, SILENT);
    try (Trainer trainer = Trainer.open(config, directory, "print")) {
      trainer.train(
          (epoch, rows, view, target) -> {
            throw new AssertionError("nothing is left to train");
          },
          SILENT);
      assertThat(trainer.completedEpochs()).isEqualTo(1);
      assertThat(trainer.curve()).hasSize(1);
    }
  }
}
