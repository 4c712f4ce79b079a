package org.kindred.models.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.kindred.models.training.TinyTraining.INSTDISC;
import static org.kindred.models.training.TinyTraining.INVASPREAD;
import static org.kindred.models.training.TinyTraining.RANDOM_VIEWS;
import static org.kindred.models.training.TinyTraining.SILENT;
import static org.kindred.models.training.TinyTraining.config;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.models.inference.Encoder;
import org.kindred.models.safetensors.NamedTensor;
import org.kindred.models.tensorflow.Sessions;
import org.kindred.models.training.TrainingGraph.Snapshot;
import org.kindred.proto.artifact.v1.Architecture;
import org.kindred.proto.artifact.v1.Initialization;
import org.kindred.proto.pipeline.v1.CosineSchedule;
import org.kindred.proto.pipeline.v1.Objective;
import org.kindred.proto.pipeline.v1.Precision;
import org.kindred.proto.pipeline.v1.Schedule;
import org.tensorflow.proto.RewriterConfig;

final class TrainerTest {

  @TempDir private Path directory;

  @AfterEach
  void noThreadIsLeft() throws InterruptedException {
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().equals("kindred-batch-loader")) {
        thread.join(1000);
        assertThat(thread.isAlive()).isFalse();
      }
    }
  }

  private Trainer open(TrainingConfig config) throws IOException {
    return Trainer.open(config, directory.resolve("checkpoints"), "print");
  }

  @Test
  void asksForEveryViewOfDifferentExamples() throws Exception {
    // Per (epoch, view): the examples asked for.
    Map<String, List<Integer>> asked = new ConcurrentHashMap<>();
    try (Trainer trainer = open(config(INVASPREAD, 2))) {
      trainer.train(
          (epoch, rows, view, target) -> {
            assertThat(target.isDirect()).isTrue();
            assertThat(target.remaining()).isEqualTo(rows.length * 8 * 8 * 3);
            asked.compute(
                epoch + "/" + view,
                (key, before) -> {
                  List<Integer> all = before == null ? new ArrayList<>() : before;
                  Arrays.stream(rows).forEach(all::add);
                  return all;
                });
            target.position(target.limit());
          },
          SILENT);
    }
    assertThat(asked.keySet()).containsExactlyInAnyOrder("0/0", "0/1", "1/0", "1/1");
    // Two complete batches of four of ten examples; the last two are dropped.
    asked.values().forEach(rows -> assertThat(rows).hasSize(8).doesNotHaveDuplicates());
    assertThat(asked.get("0/0")).containsExactlyInAnyOrderElementsOf(asked.get("0/1"));
    assertThat(asked.get("0/0")).isSubsetOf(List.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  }

  @Test
  void everyEpochHasAnOrderOfItsOwn() {
    TrainingConfig config = config(INVASPREAD, 2);
    int[] first = BatchLoader.order(config, 0);
    assertThat(BatchLoader.order(config, 0)).isEqualTo(first);
    assertThat(BatchLoader.order(config, 1)).isNotEqualTo(first);
    int[] sorted = first.clone();
    Arrays.sort(sorted);
    assertThat(sorted).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
  }

  @Test
  void reportsStepsAndEpochs() throws Exception {
    List<StepReport> steps = new ArrayList<>();
    List<EpochReport> epochs = new ArrayList<>();
    Schedule cosine =
        Schedule.newBuilder().setCosine(CosineSchedule.newBuilder().setPerStep(true)).build();
    try (Trainer trainer =
        open(config(INVASPREAD, 2, 11, changed -> changed.setSchedule(cosine)))) {
      trainer.train(
          RANDOM_VIEWS,
          new TrainingListener() {
            @Override
            public void onStep(StepReport report) {
              steps.add(report);
            }

            @Override
            public Map<String, Double> onEpochEnd(EpochReport report, ImageEmbedder embedder) {
              epochs.add(report);
              return Map.of();
            }
          });
      assertThat(trainer.savedSteps()).isEqualTo(4);
    }
    assertThat(steps).extracting(StepReport::epoch).containsExactly(0, 0, 1, 1);
    assertThat(steps).extracting(StepReport::step).containsExactly(0, 1, 0, 1);
    double[] rates = steps.stream().mapToDouble(StepReport::learningRate).toArray();
    double root = Math.sqrt(2) / 2;
    assertThat(rates)
        .containsExactly(
            new double[] {0.03, 0.015 * (1 + root), 0.015, 0.015 * (1 - root)}, within(1e-9));
    assertThat(epochs).extracting(EpochReport::learningRate).containsExactly(rates[1], rates[3]);
    assertThat(steps).allMatch(step -> step.imagesPerSecond() > 0);
    assertThat(steps).allMatch(step -> step.inputWait() >= 0 && step.inputWait() <= 1);
    assertThat(epochs).hasSize(2);
    assertThat(epochs.get(1).meanLoss()).isEqualTo((steps.get(2).loss() + steps.get(3).loss()) / 2);
  }

  @Test
  void learnsFixedViewsByHeart() throws Exception {
    BatchSource sameInEveryEpoch =
        new BatchSource() {
          @Override
          public void fill(int epoch, int[] rows, int view, ByteBuffer target) throws IOException {
            RANDOM_VIEWS.fill(0, rows, view, target);
          }

          @Override
          public void fillEvaluation(int[] rows, ByteBuffer target) throws IOException {
            RANDOM_VIEWS.fillEvaluation(rows, target);
          }
        };
    for (Objective objective :
        List.of(
            INVASPREAD,
            INSTDISC,
            TinyTraining.SWAV,
            TinyTraining.MOCO,
            TinyTraining.SIMCLR,
            TinyTraining.TRIPLET,
            TinyTraining.ROTATION)) {
      Path checkpoints = directory.resolve(objective.getKindCase().name());
      try (Trainer trainer = Trainer.open(config(objective, 15), checkpoints, "print")) {
        trainer.train(sameInEveryEpoch, SILENT);
        double first = trainer.curve().get(0).meanLoss();
        double last = trainer.curve().get(14).meanLoss();
        assertThat(last).as("%s", objective.getKindCase()).isLessThan(0.7 * first);
      }
    }
  }

  @Test
  void exportsTheNetworkThatItTrained() throws Exception {
    ByteBuffer images = ByteBuffer.allocateDirect(5 * 8 * 8 * 3);
    new Random(2).ints(images.capacity()).forEach(value -> images.put((byte) value));
    images.flip();
    AtomicReference<float[]> monitored = new AtomicReference<>();
    TrainingListener monitor =
        new TrainingListener() {
          @Override
          public Map<String, Double> onEpochEnd(EpochReport report, ImageEmbedder embedder) {
            monitored.set(embedder.embed(images, 5));
            return Map.of();
          }
        };
    Path first = directory.resolve("first");
    Path second = directory.resolve("a/second");
    try (Trainer trainer = open(config(INSTDISC, 2))) {
      trainer.train(RANDOM_VIEWS, monitor);
      trainer.exportSavedModel(first);
    }
    try (Trainer trainer = open(config(INSTDISC, 2))) {
      trainer.exportSavedModel(second);
    }
    assertThat(first.resolve("saved_model.pb"))
        .hasSameBinaryContentAs(second.resolve("saved_model.pb"));
    try (Encoder encoder = Encoder.open(first)) {
      assertThat(encoder.layers())
          .contains(new Encoder.Layer("embedding", 8), new Encoder.Layer("pooled", 256))
          .hasSize(8);
      assertThat(encoder.embed(images, 5, List.of("embedding")).get("embedding"))
          .containsExactly(monitored.get(), within(1e-5f));
    }
  }

  @Test
  void startsFromWeightsThatAreGiven() throws Exception {
    String name = "network.stem.norm.mean";
    float[] given = new float[32];
    Arrays.fill(given, 0.25f);
    Map<String, NamedTensor> weights =
        Map.of(name, new NamedTensor(name, List.of(32), FloatBuffer.wrap(given)));
    Path drawn = directory.resolve("drawn");
    TrainingConfig config = config(INVASPREAD, 1);
    try (Trainer trainer = Trainer.open(config, drawn, "print");
        Trainer started = Trainer.open(config, directory.resolve("given"), "print", weights);
        Snapshot before = trainer.graph().snapshot();
        Snapshot after = started.graph().snapshot()) {
      assertThat(after.tensors().keySet()).isEqualTo(before.tensors().keySet());
      after
          .tensors()
          .forEach(
              (tensor, value) ->
                  assertThat(value.values())
                      .as(tensor)
                      .isEqualTo(
                          tensor.equals(name)
                              ? FloatBuffer.wrap(given)
                              : before.tensors().get(tensor).values()));
    }
    try (Trainer trainer = Trainer.open(config, drawn, "print")) {
      trainer.train(RANDOM_VIEWS, SILENT);
    }
    try (Trainer resumed = Trainer.open(config, drawn, "print", weights);
        Snapshot snapshot = resumed.graph().snapshot()) {
      assertThat(snapshot.tensors().get(name).values()).isNotEqualTo(FloatBuffer.wrap(given));
    }
    Map<String, NamedTensor> unknown =
        Map.of("network.x", new NamedTensor("network.x", List.of(32), FloatBuffer.wrap(given)));
    assertThatThrownBy(() -> Trainer.open(config, directory.resolve("unknown"), "print", unknown))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("network.x");
  }

  /** Max-pooling and a hidden layer with batch norm have gradients and statistics. */
  @Test
  void trainsALargeStemAndAHeadWithBatchNorm() throws Exception {
    TrainingConfig config =
        config(
            INVASPREAD,
            1,
            11,
            changed -> {
              changed
                  .getNetworkBuilder()
                  .setArchitecture(Architecture.ARCHITECTURE_RESNET18)
                  .setInitialization(Initialization.INITIALIZATION_HE_NORMAL)
                  .getHeadBuilder()
                  .getMlpBuilder()
                  .setHidden(16)
                  .setBatchNorm(true);
              return changed;
            });
    try (Trainer trainer = open(config)) {
      Map<String, FloatBuffer> before = new HashMap<>();
      try (Snapshot snapshot = trainer.graph().snapshot()) {
        snapshot
            .tensors()
            .forEach(
                (name, tensor) ->
                    before.put(
                        name, FloatBuffer.allocate(tensor.size()).put(tensor.values()).flip()));
      }
      trainer.train(RANDOM_VIEWS, SILENT);
      try (Snapshot after = trainer.graph().snapshot()) {
        assertThat(after.tensors().keySet())
            .contains("network.head.hidden.weight", "network.head.hidden.norm.mean");
        after
            .tensors()
            .forEach(
                (name, tensor) ->
                    assertThat(tensor.values()).as(name).isNotEqualTo(before.get(name)));
      }
    }
  }

  @Test
  void warnsOfAStemThatLeavesLittleOfSmallImages() throws Exception {
    for (Architecture architecture :
        List.of(Architecture.ARCHITECTURE_RESNET10_HALF, Architecture.ARCHITECTURE_RESNET18)) {
      TrainingConfig config =
          config(
              INVASPREAD,
              1,
              11,
              changed -> {
                changed.getNetworkBuilder().setArchitecture(architecture);
                return changed;
              });
      try (LogOf log = new LogOf(Trainer.class);
          Trainer trainer = Trainer.open(config, directory.resolve(architecture.name()), "p")) {
        assertThat(trainer.completedEpochs()).isZero();
        assertThat(log.warnings())
            .hasSize(architecture == Architecture.ARCHITECTURE_RESNET18 ? 1 : 0)
            .allMatch(warning -> warning.contains("resnet18") && warning.contains("8 px"));
      }
    }
  }

  @Test
  void stopsWhenTheLossIsNotFinite() throws Exception {
    TrainingConfig config =
        config(
            INVASPREAD,
            3,
            11,
            changed ->
                changed.setOptimizer(changed.getOptimizer().toBuilder().setLearningRate(1e30)));
    try (Trainer trainer = open(config)) {
      assertThatThrownBy(() -> trainer.train(RANDOM_VIEWS, SILENT))
          .isInstanceOfSatisfying(
              TrainingDivergedException.class,
              diverged -> {
                assertThat(diverged.epoch()).isZero();
                assertThat(diverged.step()).isEqualTo(1);
              })
          .hasMessageContaining("epoch 0, step 1")
          .hasMessageContaining("optimizer.learning_rate");
      assertThat(trainer.completedEpochs()).isZero();
    }
    assertThat(directory.resolve("checkpoints")).doesNotExist();
  }

  @Test
  void keepsTheCheckpointFromBeforeWeightsThatAreNotFinite() throws Exception {
    // One step an epoch: the loss of the last step is still finite, the weights after it are not.
    TrainingConfig good = config(INVASPREAD, 1, 11, changed -> changed.setBatchSize(10));
    TrainingConfig bad =
        config(
            INVASPREAD,
            2,
            11,
            changed ->
                changed
                    .setBatchSize(10)
                    .setOptimizer(
                        changed.getOptimizer().toBuilder().setLearningRate(Float.MAX_VALUE)));
    try (Trainer trainer = open(good)) {
      trainer.train(RANDOM_VIEWS, SILENT);
    }
    try (Trainer trainer = open(bad)) {
      assertThatThrownBy(() -> trainer.train(RANDOM_VIEWS, SILENT))
          .isInstanceOf(TrainingDivergedException.class)
          .hasMessageContaining("epoch 1, step 0")
          .hasMessageContaining("network.");
      assertThat(Checkpoint.read(trainer.checkpoint()).epochs()).isEqualTo(1);
    }
  }

  @Test
  void namesTheStepWhoseViewsCouldNotBeMade() throws Exception {
    BatchSource failing =
        (epoch, rows, view, target) -> {
          if (epoch == 1) {
            throw new IOException("no such image");
          }
          RANDOM_VIEWS.fill(epoch, rows, view, target);
        };
    try (Trainer trainer = open(config(INVASPREAD, 3))) {
      assertThatThrownBy(() -> trainer.train(failing, SILENT))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("epoch 1, step 0")
          .hasMessageContaining("no such image");
      assertThat(trainer.completedEpochs()).isEqualTo(1);
    }
  }

  @Test
  void refusesAViewThatIsTooShort() throws Exception {
    try (Trainer trainer = open(config(INVASPREAD, 1))) {
      assertThatThrownBy(
              () -> trainer.train((epoch, rows, view, target) -> target.put((byte) 1), SILENT))
          .hasMessageContaining("bytes of view");
    }
  }

  @Test
  void endsWhenInterrupted() throws Exception {
    try (Trainer trainer = open(config(INVASPREAD, 100))) {
      TrainingListener interrupter =
          new TrainingListener() {
            @Override
            public void onStep(StepReport report) {
              Thread.currentThread().interrupt();
            }
          };
      assertThatThrownBy(() -> trainer.train(RANDOM_VIEWS, interrupter))
          .isInstanceOf(InterruptedException.class);
    }
    assertThat(Thread.interrupted()).isFalse();
  }

  private double firstLoss(Precision precision) throws Exception {
    List<Double> losses = new ArrayList<>();
    TrainingConfig config = config(INVASPREAD, 1, 11, c -> c.setPrecision(precision));
    try (Trainer trainer = Trainer.open(config, directory.resolve(precision.name()), "print")) {
      trainer.train(
          RANDOM_VIEWS,
          new TrainingListener() {
            @Override
            public void onStep(StepReport report) {
              losses.add(report.loss());
            }
          });
    }
    return losses.get(0);
  }

  /** The network computes in bfloat16, the loss of its embeddings does not. */
  @Test
  void bfloat16ChangesTheLossAsMuchAsItsMantissaAllows() throws Exception {
    assertThat(Sessions.configuration(Precision.PRECISION_FLOAT32, 0).hasGraphOptions()).isFalse();
    assertThat(
            Sessions.configuration(Precision.PRECISION_BFLOAT16, 0)
                .getGraphOptions()
                .getRewriteOptions()
                .getAutoMixedPrecisionOnednnBfloat16())
        .isEqualTo(RewriterConfig.Toggle.ON);
    // TensorFlow passes over the rewrite on processors that lack the instructions.
    assumeThat(Files.readString(Path.of("/proc/cpuinfo"))).contains("avx512bw");
    double exact = firstLoss(Precision.PRECISION_FLOAT32);
    double rounded = firstLoss(Precision.PRECISION_BFLOAT16);
    assertThat(rounded).isNotEqualTo(exact).isCloseTo(exact, within(0.03 * exact));
    double steps = rounded * 256;
    assertThat(steps).as("not a number of 8 bits").isNotEqualTo(Math.rint(steps));
  }

  @Test
  void namesWhatIsOutOfRange() {
    assertThatThrownBy(() -> config(INVASPREAD, 1, 1, c -> c.setBatchSize(11)))
        .hasMessageContaining("batch_size is 11")
        .hasMessageContaining("only 10 examples");
    assertThatThrownBy(() -> config(INVASPREAD, 0, 1, UnaryOperator.identity()))
        .hasMessage("epochs is 0, valid is 1 or more");
    int other = Runtime.getRuntime().availableProcessors() + 1;
    assertThatThrownBy(() -> open(config(INVASPREAD, 1, 1, c -> c.setThreads(other))))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("threads is " + other);
    try (Trainer trainer = open(config(INVASPREAD, 1))) {
      assertThatThrownBy(trainer::checkpoint).isInstanceOf(IllegalStateException.class);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
