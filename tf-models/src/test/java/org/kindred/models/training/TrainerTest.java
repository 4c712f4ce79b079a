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
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.models.LogOf;
import org.kindred.models.inference.Encoder;
import org.kindred.models.neighbors.Propagation;
import org.kindred.models.objective.PositiveLists;
import org.kindred.models.objective.TrainingObjective;
import org.kindred.models.safetensors.NamedTensor;
import org.kindred.models.tensorflow.Sessions;
import org.kindred.proto.artifact.v1.Architecture;
import org.kindred.proto.artifact.v1.Initialization;
import org.kindred.proto.pipeline.v1.CosineSchedule;
import org.kindred.proto.pipeline.v1.InvP;
import org.kindred.proto.pipeline.v1.InvaSpread;
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

  /** A view of another image that were drawn as its own would be the other's very own view. */
  @Test
  void viewsOfNeighboursAreDrawnAsTheExamplesOwn() throws Exception {
    Objective always =
        Objective.newBuilder()
            .setInvaspread(InvaSpread.newBuilder().setNeighborPositives(1))
            .build();
    Map<Integer, Set<Integer>> asked = new ConcurrentHashMap<>();
    BatchSource source =
        new BatchSource() {
          @Override
          public void fill(int epoch, int[] rows, int view, ByteBuffer target) {
            throw new AssertionError("not asked for");
          }

          @Override
          public void fillOf(int epoch, int[] rows, int[] images, int view, ByteBuffer target)
              throws IOException {
            for (int i = 0; i < rows.length; i++) {
              // The look at the first epoch's views, before it, has none of neighbours.
              if (epoch == 1) {
                asked.computeIfAbsent(view, key -> ConcurrentHashMap.newKeySet()).add(rows[i]);
                assertThat(images[i] == rows[i]).isEqualTo(view == 0);
              }
            }
            RANDOM_VIEWS.fillOf(epoch, rows, images, view, target);
          }

          @Override
          public void fillEvaluation(int[] rows, ByteBuffer target) throws IOException {
            RANDOM_VIEWS.fillEvaluation(rows, target);
          }
        };
    try (Trainer trainer = open(config(always, 2))) {
      trainer.train(source, SILENT);
    }
    assertThat(asked.get(0)).hasSize(8).isEqualTo(asked.get(1));
  }

  /** Returns the length of the stem's running means after one step. */
  private double stemMean(Objective objective, String prefix) throws Exception {
    Path checkpoints = directory.resolve(objective.getKindCase() + prefix);
    try (Trainer trainer = Trainer.open(config(objective, 1), checkpoints, "print");
        TrainingRun run = trainer.start(RANDOM_VIEWS, SILENT)) {
      run.step();
      try (Snapshot snapshot = trainer.graph().snapshot()) {
        FloatBuffer means = snapshot.tensors().get(prefix + "network.stem.norm.mean").values();
        double squares = 0;
        while (means.hasRemaining()) {
          squares += Math.pow(means.get(), 2);
        }
        return Math.sqrt(squares);
      }
    }
  }

  /** A tenth of the way after one step, all of it when they are used before the first. */
  @Test
  void runningStatisticsAreSettledBeforeTheyAreUsed() throws Exception {
    Objective pcl =
        Objective.newBuilder()
            .setPcl(TinyTraining.PCL.getPcl().toBuilder().setStartEpoch(0))
            .build();
    double unsettled = stemMean(INSTDISC, "");
    for (double settled :
        List.of(
            stemMean(TinyTraining.DEEPCLUSTER, ""),
            stemMean(TinyTraining.INVASPREAD_NEIGHBORS, ""),
            stemMean(pcl, ""),
            stemMean(pcl, "objective.momentum_encoder."))) {
      assertThat(settled / unsettled).isBetween(8.0, 12.0);
    }
  }

  @Test
  void trainsOnce() throws Exception {
    try (Trainer trainer = open(config(INVASPREAD, 1))) {
      try (TrainingRun run = trainer.start(RANDOM_VIEWS, SILENT)) {
        run.step();
      }
      assertThatThrownBy(() -> trainer.start(RANDOM_VIEWS, SILENT))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(
              "a trainer trains once: open another one, which goes on from the last checkpoint");
    }
  }

  /** The evaluation images alone take 0.3 s. */
  @Test
  void imagesPerSecondCountTheTimeBeforeAnEpoch() throws Exception {
    BatchSource slow =
        new BatchSource() {
          @Override
          public void fill(int epoch, int[] rows, int view, ByteBuffer target) throws IOException {
            RANDOM_VIEWS.fill(epoch, rows, view, target);
          }

          @Override
          public void fillEvaluation(int[] rows, ByteBuffer target) throws IOException {
            try {
              Thread.sleep(300);
            } catch (InterruptedException e) {
              throw new IOException(e);
            }
            RANDOM_VIEWS.fillEvaluation(rows, target);
          }
        };
    List<Double> speeds = new ArrayList<>();
    try (Trainer trainer = open(config(TinyTraining.DEEPCLUSTER, 2))) {
      trainer.train(
          slow,
          new TrainingListener() {
            @Override
            public Map<String, Double> onEpochEnd(EpochReport report, ImageEmbedder embedder) {
              speeds.add(report.imagesPerSecond());
              return Map.of();
            }
          });
    }
    assertThat(speeds).hasSize(2).allMatch(speed -> speed < 8 / 0.3);
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
            TinyTraining.ROTATION,
            TinyTraining.INVP,
            TinyTraining.EXEMPLAR,
            TinyTraining.PIRL_OF_TWENTY)) {
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
  void positivesAreGivenJustWhenTheyAreRead() throws Exception {
    Objective reading =
        Objective.newBuilder().setInvp(InvP.newBuilder().setFromPositiveSet(true)).build();
    Optional<PositiveLists> next =
        Optional.of(
            new PositiveLists(
                new int[] {1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
                new int[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 0}));
    assertThat(config(reading, 1).readsPositives()).isTrue();
    assertThat(config(TinyTraining.INVP, 1).readsPositives()).isFalse();
    Path checkpoints = directory.resolve("checkpoints");
    try (Trainer trainer = Trainer.open(config(reading, 1), checkpoints, "print", Map.of(), next)) {
      trainer.train(RANDOM_VIEWS, SILENT);
      assertThat(trainer.curve().get(0).measurements()).containsEntry("positives", 1.0);
      assertThat(trainer.positivesOf().orElseThrow().apply(9)).containsExactly(0);
    }
    assertThatThrownBy(() -> open(config(reading, 2)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("invp.from_positive_set is set, but the training was given no positives");
    assertThatThrownBy(
            () ->
                Trainer.open(
                    config(TinyTraining.INVP, 1), directory.resolve("o"), "print", Map.of(), next))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("the training was given positives, which its objective does not read");
  }

  /** A rate of training that left out what is done before an epoch would promise too much. */
  @Test
  void whatIsDoneBeforeAnEpochCountsAsItsTime() throws Exception {
    long pause = 300;
    BatchSource slow =
        new BatchSource() {
          @Override
          public void fill(int epoch, int[] rows, int view, ByteBuffer target) throws IOException {
            RANDOM_VIEWS.fill(epoch, rows, view, target);
          }

          @Override
          public void fillEvaluation(int[] rows, ByteBuffer target) throws IOException {
            try {
              Thread.sleep(pause);
            } catch (InterruptedException e) {
              throw new IOException(e);
            }
            RANDOM_VIEWS.fillEvaluation(rows, target);
          }
        };
    List<Double> rates = new ArrayList<>();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public Map<String, Double> onEpochEnd(EpochReport report, ImageEmbedder embedder) {
            rates.add(report.imagesPerSecond());
            return Map.of();
          }
        };
    try (Trainer trainer = open(config(TinyTraining.DEEPCLUSTER, 2))) {
      trainer.train(slow, listener);
    }
    // Two batches of four images.
    assertThat(rates).hasSize(2).allMatch(rate -> rate < 8 * 1000.0 / pause);
  }

  @Test
  void theGraphOfNeighboursCanBeWalked() throws Exception {
    try (Trainer trainer = open(config(TinyTraining.INVP, 1))) {
      IntFunction<int[]> positivesOf = trainer.positivesOf().orElseThrow();
      assertThat(IntStream.range(0, 10).mapToObj(positivesOf)).allMatch(ids -> ids.length == 0);
      trainer.train(RANDOM_VIEWS, SILENT);
      int[] table = new int[20];
      Checkpoint.read(trainer.checkpoint())
          .tensors()
          .get(TrainingObjective.NEIGHBORS)
          .ints()
          .get(table);
      // Two batches of four of ten examples have been seen.
      assertThat(Arrays.stream(table).filter(neighbor -> neighbor == -1)).hasSize(4);
      Propagation.Walker walker = new Propagation(table, 2, 2, 2).skippingUnknown().walker();
      for (int example = 0; example < 10; example++) {
        Propagation.Positives positives = walker.positives(example);
        assertThat(positives.ids().length).isEqualTo(positives.hops().length).isLessThan(7);
        assertThat(positives.ids().length == 0).isEqualTo(table[2 * example] == -1);
        assertThat(positivesOf.apply(example))
            .containsExactlyInAnyOrder(
                Arrays.stream(positives.ids()).boxed().toArray(Integer[]::new));
      }
      assertThat(trainer.curve().get(0).measurements())
          .containsKeys("instance_term", "invariance_term", "positives", "refreshed_rows");
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
        .hasMessage("the initial weight network.x is none of the network's");
    Map<String, NamedTensor> misshapen =
        Map.of(name, new NamedTensor(name, List.of(4, 8), FloatBuffer.wrap(given)));
    assertThatThrownBy(() -> Trainer.open(config, directory.resolve("shape"), "print", misshapen))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "the initial weight " + name + " has shape [4, 8], valid is the network's, [32]");
  }

  @Test
  void theMomentumEncoderStartsFromTheGivenWeightsToo() throws Exception {
    String name = "network.stem.conv.kernel";
    float[] given = new float[3 * 3 * 3 * 32];
    Arrays.fill(given, 0.25f);
    NamedTensor weight = new NamedTensor(name, List.of(3, 3, 3, 32), FloatBuffer.wrap(given));
    TrainingConfig config = config(TinyTraining.MOCO, 1);
    try (Trainer trainer = Trainer.open(config, directory, "print", Map.of(name, weight));
        Snapshot snapshot = trainer.graph().snapshot()) {
      for (String encoder : List.of("", "objective.momentum_encoder.")) {
        assertThat(snapshot.tensors().get(encoder + name).values())
            .as(encoder)
            .isEqualTo(FloatBuffer.wrap(given));
      }
    }
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
