package org.kindred.stages.pretrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kindred.models.objective.Objectives;
import org.kindred.models.tensorflow.Device;
import org.kindred.models.training.Checkpoint;
import org.kindred.proto.artifact.v1.Architecture;
import org.kindred.proto.artifact.v1.Artifact;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.Layer;
import org.kindred.proto.artifact.v1.Model;
import org.kindred.proto.artifact.v1.Normalize;
import org.kindred.proto.artifact.v1.ViewRecipe;
import org.kindred.proto.pipeline.v1.AugmentConfig;
import org.kindred.proto.pipeline.v1.CodeQueue;
import org.kindred.proto.pipeline.v1.CosineSchedule;
import org.kindred.proto.pipeline.v1.CropGroup;
import org.kindred.proto.pipeline.v1.Drop;
import org.kindred.proto.pipeline.v1.Objective;
import org.kindred.proto.pipeline.v1.Precision;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.proto.pipeline.v1.RecipeConfig;
import org.kindred.proto.pipeline.v1.Schedule;
import org.kindred.proto.pipeline.v1.StepSchedule;
import org.kindred.proto.pipeline.v1.SwAV;
import org.kindred.stages.Progress;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.augment.AugmentStage;
import org.kindred.stages.image.Recipes;
import org.kindred.stages.testing.Artifacts;
import org.kindred.stages.testing.CifarFiles;
import org.kindred.stages.testing.CifarFiles.Pixels;
import org.kindred.stages.testing.StageRunner;

class PretrainStageTest {
  private static final int EXAMPLES = 14;
  private static final int STEPS = EXAMPLES / 4;
  private static final List<String> TAGS =
      List.of(
          "brain.Event:2",
          "train/loss",
          "train/learning_rate",
          "speed/images_per_second",
          "speed/input_wait",
          "epoch/mean_loss",
          "epoch/knn_accuracy");

  @TempDir Path directory;
  private StageRunner runner;
  private Map<String, StoredArtifact> inputs;

  @BeforeEach
  void ingest() throws IOException {
    runner = StageRunner.in(directory.resolve("store"));
    Map<String, Integer> examples = Map.of("train", EXAMPLES, "test", 2);
    inputs =
        Map.of(
            "dataset",
            CifarFiles.dataset(runner, directory.resolve("cifar"), examples, Pixels.VARIED));
  }

  static Stream<Objective> objectives() {
    return Stream.of(TinyPretraining.INVASPREAD, TinyPretraining.INSTDISC);
  }

  private StoredArtifact pretrain(PretrainConfig config) throws IOException {
    return runner.run(new PretrainStage(), config, inputs);
  }

  /** Trains until the first step of an epoch, which throws. */
  private void kill(PretrainConfig config, int epoch) {
    Progress.Subscription killer =
        Progress.listen(
            update -> {
              if (update.done() == (long) epoch * STEPS + 1) {
                throw new CancellationException("killed");
              }
            });
    try {
      assertThatThrownBy(() -> pretrain(config)).hasRootCauseMessage("killed");
    } finally {
      killer.close();
    }
  }

  @Test
  void aKilledTrainingEndsInTheSameModel() throws IOException {
    PretrainConfig config = TinyPretraining.config(TinyPretraining.INSTDISC).build();
    StageContext<PretrainConfig> context = runner.context(new PretrainStage(), config, inputs);
    Path checkpoints = Path.of(runner.store().checkpoints(context.producer().getReuseKey()));
    kill(config, 2);
    assertThat(checkpoints.resolve("step-%09d.safetensors".formatted(2 * STEPS))).isNotEmptyFile();
    assertThat(runner.store().lookup(context.producer().getReuseKey())).isEmpty();
    assertThat(runner.store().list()).as("the data set alone").hasSize(1);

    StoredArtifact resumed = pretrain(config);
    assertThat(checkpoints).doesNotExist();
    StageRunner other = StageRunner.in(directory.resolve("other"));
    StoredArtifact once = other.run(new PretrainStage(), config, inputs);
    assertThat(Artifacts.files(resumed)).isEqualTo(Artifacts.files(once));
    assertThat(resumed.digest()).isEqualTo(once.digest());
    assertThat(resumed.manifest().getProducer().getMeasurementsMap())
        .containsOnlyKeys("images_per_second", "input_wait_share", "peak_memory_bytes");
    assertThat(resumed.manifest().getProducer().getPlatform().getDevice()).isEqualTo(Device.name());
  }

  @ParameterizedTest
  @MethodSource("objectives")
  void aModelIsWhole(Objective objective) throws IOException {
    Schedule everyStep =
        Schedule.newBuilder().setCosine(CosineSchedule.newBuilder().setPerStep(true)).build();
    StoredArtifact artifact =
        pretrain(TinyPretraining.config(objective).setSchedule(everyStep).build());
    boolean bank = objective.hasInstdisc();
    Model model = artifact.content().getModel();
    assertThat(model.getObjective()).isEqualTo(bank ? "instdisc" : "invaspread");
    assertThat(model.getLayersList())
        .containsExactly(
            layer("embedding", 8),
            layer("pooled", 256),
            layer("projection", 8),
            layer("stage1.block1", 4 * 4 * 32),
            layer("stage2.block1", 2 * 2 * 64),
            layer("stage3.block1", 128),
            layer("stage4.block1", 256),
            layer("stem", 4 * 4 * 32));
    assertThat(model.getEvaluationRecipe())
        .isEqualTo(Recipes.resolve(TinyPretraining.recipe("test", 8)));
    assertThat(model.getEpochs()).isEqualTo(3);
    assertThat(model.getSteps()).isEqualTo(3 * STEPS);
    assertThat(model.getExamples()).isEqualTo(EXAMPLES);
    assertThat(model.getSeed()).isEqualTo(StageRunner.SEED);
    assertThat(model.getParameters()).isEqualTo(1_226_400 + 256 * 8 + 8);
    Map<String, String> expected = new TreeMap<>();
    expected.put("saved_model/saved_model.pb", "");
    expected.put("checkpoint.safetensors", "");
    expected.put("curve-000000.arrow", "");
    expected.put("measurements-000000.arrow", "");
    if (bank) {
      expected.put("memory_bank-000000.arrow", "");
    }
    assertThat(Artifacts.files(artifact).keySet()).isEqualTo(expected.keySet());
    assertTablesAgreeWithCheckpoint(artifact, bank);
  }

  private static Layer layer(String name, int dimension) {
    return Layer.newBuilder().setName(name).setDimension(dimension).build();
  }

  private static void assertTablesAgreeWithCheckpoint(StoredArtifact artifact, boolean bank)
      throws IOException {
    Checkpoint checkpoint =
        Checkpoint.read(
            Path.of(artifact.location(), artifact.content().getModel().getCheckpoint()));
    assertThat(checkpoint.epochs()).isEqualTo(3);
    Artifacts.read(
        artifact,
        Tables.CURVE,
        table -> {
          float[] losses = table.floats("loss");
          float[] rates = table.floats("learning_rate");
          assertThat(table.longs("step")).hasSize(3 * STEPS).startsWith(0, 1, 2);
          assertThat(table.ints("epoch")[STEPS]).isEqualTo(1);
          for (int step = 0; step < losses.length; step++) {
            assertThat(losses[step])
                .isFinite()
                .isEqualTo(checkpoint.curve().get(step / STEPS).losses().get(step % STEPS));
            double cosine = Math.cos(Math.PI * step / losses.length);
            assertThat(rates[step]).isCloseTo((float) (0.015 * (1 + cosine)), within(1e-8f));
          }
          assertThat(rates[2 * STEPS - 1])
              .isEqualTo((float) checkpoint.curve().get(1).learningRate());
          return null;
        });
    Artifacts.read(
        artifact,
        Tables.MEASUREMENTS,
        table -> {
          assertThat(table.rows()).isEqualTo(3 * 5);
          Map<String, List<Float>> values = new TreeMap<>();
          float[] all = table.floats("value");
          String[] names = table.strings("measure");
          for (int row = 0; row < all.length; row++) {
            values.computeIfAbsent(names[row], name -> new ArrayList<>()).add(all[row]);
          }
          assertThat(values.keySet())
              .containsExactly(
                  "alignment", "effective_rank", "embedding_std", "knn_accuracy", "uniformity");
          assertThat(values.get("knn_accuracy")).hasSize(3).allMatch(a -> a >= 0 && a <= 1);
          assertThat(values.get("effective_rank")).allMatch(rank -> rank >= 1 && rank <= 8);
          return null;
        });
    assertThat(checkpoint.memoryBank().isPresent()).isEqualTo(bank);
    if (bank) {
      float[] values = new float[EXAMPLES * 8];
      checkpoint.memoryBank().orElseThrow().values().get(values);
      assertThat(Artifacts.vectors(artifact, Tables.MEMORY_BANK)).isEqualTo(values);
      assertThat(Artifacts.longs(artifact, Tables.MEMORY_BANK, "id"))
          .hasSize(EXAMPLES)
          .startsWith(0, 1, 2);
    }
  }

  @Test
  void tensorBoardCanFollow() throws IOException {
    PretrainConfig config = TinyPretraining.config(TinyPretraining.INVASPREAD).setEpochs(1).build();
    pretrain(config);
    String key = runner.context(new PretrainStage(), config, inputs).producer().getReuseKey();
    Path run = directory.resolve("store/tensorboard/pretrain-" + key.substring(0, 12));
    Path file;
    try (Stream<Path> files = Files.list(run)) {
      file = files.toList().get(0);
    }
    assertThat(file.getFileName().toString()).startsWith("events.out.tfevents.");
    Map<String, Integer> events = countEvents(file);
    assertThat(events)
        .containsEntry("brain.Event:2", 1)
        .containsEntry("train/loss", STEPS)
        .containsEntry("train/learning_rate", STEPS)
        .containsEntry("speed/images_per_second", STEPS)
        .containsEntry("speed/input_wait", STEPS)
        .containsEntry("epoch/mean_loss", 1)
        .containsEntry("epoch/knn_accuracy", 1);
  }

  /** Counts the records that hold each of some texts; checks every record's frame. */
  private static Map<String, Integer> countEvents(Path file) throws IOException {
    byte[] all = Files.readAllBytes(file);
    ByteBuffer bytes = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN);
    Map<String, Integer> counts = new TreeMap<>();
    while (bytes.hasRemaining()) {
      int start = bytes.position();
      byte[] data = new byte[Math.toIntExact(bytes.getLong())];
      assertThat(bytes.getInt()).isEqualTo(maskedChecksum(all, start, Long.BYTES));
      bytes.get(data);
      assertThat(bytes.getInt()).isEqualTo(maskedChecksum(data, 0, data.length));
      String text = new String(data, StandardCharsets.ISO_8859_1);
      for (String tag : TAGS) {
        if (text.contains(tag)) {
          counts.merge(tag, 1, Integer::sum);
        }
      }
    }
    return counts;
  }

  private static int maskedChecksum(byte[] bytes, int start, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, start, length);
    int value = (int) crc.getValue();
    return ((value >>> 15) | (value << 17)) + 0xa282ead8;
  }

  private float[] losses(Precision precision) throws IOException {
    PretrainConfig config =
        TinyPretraining.config(TinyPretraining.INVASPREAD)
            .setEpochs(1)
            .setPrecision(precision)
            .build();
    StoredArtifact artifact = pretrain(config);
    assertThat(artifact.content().getModel().getSteps()).isEqualTo(STEPS);
    return Artifacts.read(artifact, Tables.CURVE, table -> table.floats("loss"));
  }

  @Test
  void thePrecisionReachesTheTraining() throws IOException {
    // TensorFlow passes over the rewrite on processors that lack the instructions.
    assumeThat(Files.readString(Path.of("/proc/cpuinfo"))).contains("avx512bw");
    float[] losses = losses(Precision.PRECISION_BFLOAT16);
    assertThat(losses).isNotEqualTo(losses(Precision.PRECISION_FLOAT32));
    for (float loss : losses) {
      assertThat(loss).isFinite().isPositive();
    }
  }

  @Test
  void imagesThatAreTooSmallForTheNetworkAreRefusedBeforeTraining() throws IOException {
    PretrainConfig.Builder config = TinyPretraining.config(TinyPretraining.INVASPREAD);
    config.getNetworkBuilder().setArchitecture(Architecture.ARCHITECTURE_VGG16_BN);
    StageContext<PretrainConfig> context =
        runner.context(new PretrainStage(), config.build(), inputs);
    String message = "pretrain.network.architecture is vgg16_bn, valid for larger images only";
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> new PretrainStage().check(context))
        .withMessageStartingWith(message);
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> new PretrainStage().estimate(context))
        .withMessageStartingWith(message);
    assertThatExceptionOfType(StageException.class)
        .as("before there is a data set")
        .isThrownBy(() -> new PretrainStage().checkConfig(config.build()))
        .withMessageStartingWith(message);
  }

  private static void assertRefusedEarly(PretrainConfig.Builder config, String message) {
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> new PretrainStage().checkConfig(config.build()))
        .withMessage(message);
  }

  /** What a step upstream would take hours for is not begun. */
  @Test
  void whatNoDatasetCouldBeTrainedWithIsRefusedBeforeAnythingRuns() {
    CropGroup large = CropGroup.newBuilder().setCount(2).build();
    SwAV swav =
        SwAV.newBuilder()
            .addCrops(large)
            .addCrops(CropGroup.newBuilder().setCount(2).setSize(32))
            .build();
    PretrainConfig.Builder config =
        TinyPretraining.config(Objective.newBuilder().setSwav(swav).build())
            .setViews(TinyPretraining.recipe("A-cifar-is", 64))
            .setEvaluation(TinyPretraining.recipe("test", 64));
    new PretrainStage().checkConfig(config.build());
    config.getNetworkBuilder().setArchitecture(Architecture.ARCHITECTURE_VGG16_BN);
    assertRefusedEarly(
        config,
        "pretrain.network.architecture is vgg16_bn, whose weights belong to images of one size,"
            + " valid with objective swav, which has images of 32 px beside views of 64 px, are"
            + " residual networks");
    assertRefusedEarly(
        TinyPretraining.config(
            Objective.newBuilder()
                .setSwav(swav.toBuilder().setQueue(CodeQueue.newBuilder().setLength(6)))
                .build()),
        "pretrain.objective.swav.queue.length is 6, valid is a multiple of 4, the images that go"
            + " through the network at a time");
    assertRefusedEarly(
        TinyPretraining.config(TinyPretraining.INSTDISC).setMicroBatches(3),
        "pretrain.micro_batches is 3, valid is a divisor of batch_size, which is 4");
    assertRefusedEarly(
        TinyPretraining.config(
            Objective.newBuilder().setSwav(SwAV.newBuilder().setTemperature(-1)).build()),
        "pretrain.objective.swav.temperature is -1.0, valid is above 0");
    CropGroup scaled = large.toBuilder().setMinScale(0.3).build();
    PretrainConfig.Builder uncropped =
        TinyPretraining.config(
            Objective.newBuilder().setSwav(SwAV.newBuilder().addCrops(scaled)).build());
    uncropped.getViewsBuilder().addLeaveOut("random_resized_crop");
    assertRefusedEarly(
        uncropped,
        "pretrain.objective.swav.crops, applied to pretrain.views: the scale of a crop is set, but"
            + " the recipe has no random_resized_crop");
    CropGroup small = large.toBuilder().setMaxScale(0.1).build();
    assertRefusedEarly(
        TinyPretraining.config(
            Objective.newBuilder().setSwav(SwAV.newBuilder().addCrops(small)).build()),
        "pretrain.objective.swav.crops, applied to pretrain.views: operations[0]"
            + " (random_resized_crop): min_scale is 0.2 and max_scale is 0.1, valid is 0 < min_scale"
            + " <= max_scale <= 1.0");
  }

  @Test
  void aPlanSaysWhenAStemLeavesLittleOfTheImages() throws IOException {
    PretrainConfig.Builder config = TinyPretraining.config(TinyPretraining.INVASPREAD);
    assertThat(notes(config.build())).isEmpty();
    config.getNetworkBuilder().setArchitecture(Architecture.ARCHITECTURE_RESNET18);
    assertThat(notes(config.build()))
        .singleElement()
        .asString()
        .startsWith("network.architecture resnet18 halves images twice");
  }

  private List<String> notes(PretrainConfig config) throws IOException {
    PretrainStage stage = new PretrainStage();
    return stage.estimate(runner.context(stage, config, inputs)).orElseThrow().notes();
  }

  @Test
  void theMonitorCanBeOff() throws IOException {
    PretrainConfig.Builder config = TinyPretraining.config(TinyPretraining.INVASPREAD).setEpochs(1);
    config.getMonitorBuilder().setHoldout(0).setCollapseImages(0);
    assertThat(pretrain(config.build()).rows(Tables.MEASUREMENTS)).isZero();
  }

  @Test
  void trainsOnStoredViewsToTheSameModel() throws IOException {
    PretrainConfig config = TinyPretraining.config(TinyPretraining.INVASPREAD).setEpochs(2).build();
    AugmentConfig augment = AugmentConfig.newBuilder().setViews(config.getViews()).build();
    Map<String, StoredArtifact> withViews = new TreeMap<>(inputs);
    withViews.put("views", runner.run(new AugmentStage(), augment, inputs));
    StoredArtifact stored = runner.run(new PretrainStage(), config, withViews);
    StoredArtifact online = pretrain(config);
    // The checkpoint tells which training it is of; the weights are in both files.
    assertThat(Artifacts.files(stored).get("saved_model/saved_model.pb"))
        .isEqualTo(Artifacts.files(online).get("saved_model/saved_model.pb"));
  }

  @Test
  void viewsThatWereMadeOtherwiseAreRefused() throws IOException {
    PretrainConfig config = TinyPretraining.config(TinyPretraining.INVASPREAD).build();
    AugmentConfig same = AugmentConfig.newBuilder().setViews(config.getViews()).build();
    AugmentConfig split = same.toBuilder().setSplit("test").build();
    AugmentConfig recipe =
        same.toBuilder().setViews(TinyPretraining.recipe("A-cifar-id", 8)).build();
    for (Map.Entry<String, AugmentConfig> differing :
        Map.of("split", split, "recipe", recipe).entrySet()) {
      Map<String, StoredArtifact> withViews = new TreeMap<>(inputs);
      withViews.put("views", runner.run(new AugmentStage(), differing.getValue(), inputs));
      assertThatExceptionOfType(StageException.class)
          .isThrownBy(() -> runner.run(new PretrainStage(), config, withViews))
          .withMessage(
              "input views of step pretrain were made with another %s than pretrain has",
              differing.getKey());
    }
  }

  @Test
  void viewsOfAnotherDatasetAreRefused() throws IOException {
    PretrainConfig config = TinyPretraining.config(TinyPretraining.INVASPREAD).setEpochs(1).build();
    AugmentConfig augment = AugmentConfig.newBuilder().setViews(config.getViews()).build();
    StoredArtifact dataset = inputs.get("dataset");
    StoredArtifact other =
        CifarFiles.dataset(
            runner,
            directory.resolve("other"),
            Map.of("train", EXAMPLES, "test", 2),
            (record, channel, y, x) -> 5 * record + x);
    StoredArtifact views = runner.run(new AugmentStage(), augment, Map.of("dataset", other));
    String madeOfOther =
        "input views of step pretrain was made of dataset %s, valid is one that was made of its"
            + " input dataset, %s";
    assertViewsRefused(config, views, madeOfOther.formatted(other.digest(), dataset.digest()));

    // Artifacts of older versions tell it by their producer alone.
    Content.Builder older = views.content().toBuilder();
    older.getViewSetBuilder().clearDataset();
    StoredArtifact old = Artifacts.withContent(views, older.build());
    assertViewsRefused(config, old, madeOfOther.formatted(other.digest(), dataset.digest()));
    runner.run(new PretrainStage(), config, Map.of("dataset", other, "views", old));
    Artifact.Builder manifest = old.manifest().toBuilder().clearProducer();
    StoredArtifact nobodys = new StoredArtifact(old.files(), old.location(), manifest.build());
    assertViewsRefused(
        config,
        nobodys,
        "input views of step pretrain was made of what nobody tells, valid is one that was made of"
            + " its input dataset, "
            + dataset.digest());
  }

  private void assertViewsRefused(PretrainConfig config, StoredArtifact views, String message) {
    Map<String, StoredArtifact> withViews = new TreeMap<>(inputs);
    withViews.put("views", views);
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> runner.run(new PretrainStage(), config, withViews))
        .withMessage(message);
  }

  @Test
  void evaluationDrawsNothing() {
    PretrainConfig.Builder config = TinyPretraining.config(TinyPretraining.INVASPREAD);
    for (String random : List.of("A-cifar-is", "A-cifar-id")) {
      assertRefused(
          config.clone().setEvaluation(TinyPretraining.recipe(random, 8)),
          "pretrain.evaluation draws at random, valid is a recipe that gives one image always the"
              + " same view, such as the preset test");
    }
    new PretrainStage()
        .checkConfig(config.setEvaluation(TinyPretraining.recipe("none", 8)).build());
  }

  @Test
  void evaluationTakesImagesAsTrainingDoes() {
    PretrainConfig.Builder config = TinyPretraining.config(TinyPretraining.INVASPREAD);
    assertRefused(
        config.setEvaluation(TinyPretraining.recipe("test", 9)),
        "pretrain.evaluation makes images of 9 px, valid is the size of pretrain.views, 8 px");
    ViewRecipe test = Recipes.resolve(TinyPretraining.recipe("test", 8));
    Normalize other = test.getNormalize().toBuilder().setStdGreen(0.25f).build();
    assertRefused(
        config.setEvaluation(
            RecipeConfig.newBuilder().setRecipe(test.toBuilder().setNormalize(other))),
        "pretrain.evaluation normalizes by {mean_red: 0.4914 mean_green: 0.4822 mean_blue: 0.4465"
            + " std_red: 0.2023 std_green: 0.25 std_blue: 0.201}, valid is what pretrain.views has,"
            + " {mean_red: 0.4914 mean_green: 0.4822 mean_blue: 0.4465"
            + " std_red: 0.2023 std_green: 0.1994 std_blue: 0.201}");
    config
        .setViews(RecipeConfig.newBuilder().setRecipe(test.toBuilder().setNormalize(other)))
        .setEvaluation(TinyPretraining.recipe("test", 8));
    assertThat(PretrainStage.evaluationRecipe(config.build()).getNormalize()).isEqualTo(other);
    new PretrainStage().checkConfig(config.build());
  }

  @Test
  void whatCannotBeTrainedIsNamed() {
    PretrainConfig config = TinyPretraining.config(TinyPretraining.INVASPREAD).build();
    assertRefused(
        config.toBuilder().setBatchSize(15),
        "pretrain.batch_size is 15, valid is 2 to 14, the examples of split train");
    assertRefused(
        config.toBuilder().setSplit("dev"),
        "pretrain.split is \"dev\", valid are the data set's splits: test, train");
    assertRefused(
        config.toBuilder().clearObjective(),
        "pretrain.objective is not set, valid are " + String.join(", ", Objectives.names()));
    StepSchedule drops =
        StepSchedule.newBuilder()
            .addDrops(Drop.newBuilder().setEpoch(5).setFactor(0.1))
            .addDrops(Drop.newBuilder().setEpoch(5).setFactor(0.1))
            .build();
    assertRefused(
        config.toBuilder().setSchedule(Schedule.newBuilder().setSteps(drops)),
        "pretrain.schedule.steps.drops[1].epoch is 5, valid is above the one before it, 5");
  }

  /** Runners give up at once on what a stage says: trained again it would diverge again. */
  @Test
  void aTrainingThatDivergesIsTheStagesError() {
    PretrainConfig.Builder config = TinyPretraining.config(TinyPretraining.INVASPREAD);
    config.getOptimizerBuilder().setLearningRate(1e30);
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> pretrain(config.build()))
        .withMessageMatching(
            "step pretrain: training diverged in epoch 0, step 1 \\(both from 0\\): the loss is .*;"
                + " a lower optimizer.learning_rate may help");
  }

  private void assertRefused(PretrainConfig.Builder config, String message) {
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> pretrain(config.build()))
        .withMessage(message);
  }
}
