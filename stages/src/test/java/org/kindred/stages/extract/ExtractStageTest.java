package org.kindred.stages.extract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.models.network.FrozenNetwork;
import org.kindred.models.network.Networks;
import org.kindred.models.tensorflow.ConstantWeights;
import org.kindred.proto.artifact.v1.Architecture;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.CenterCrop;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.EmbeddingSet;
import org.kindred.proto.artifact.v1.FeatureSource;
import org.kindred.proto.artifact.v1.FeatureTable;
import org.kindred.proto.artifact.v1.Layer;
import org.kindred.proto.artifact.v1.Model;
import org.kindred.proto.artifact.v1.Network;
import org.kindred.proto.artifact.v1.Normalize;
import org.kindred.proto.artifact.v1.Operation;
import org.kindred.proto.artifact.v1.Producer;
import org.kindred.proto.artifact.v1.Split;
import org.kindred.proto.artifact.v1.ViewRecipe;
import org.kindred.proto.pipeline.v1.ExtractConfig;
import org.kindred.proto.pipeline.v1.RecipeConfig;
import org.kindred.stages.StageException;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.Digests;
import org.kindred.stages.artifact.Staging;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.image.Recipes;
import org.kindred.stages.testing.Artifacts;
import org.kindred.stages.testing.CifarFiles;
import org.kindred.stages.testing.CifarFiles.Pixels;
import org.kindred.stages.testing.StageRunner;

class ExtractStageTest {
  private static final int SIZE = 8;
  private static final long MODEL_SEED = 3;
  private static final ViewRecipe RECIPE =
      Recipes.resolve(RecipeConfig.newBuilder().setPreset("test").setSize(SIZE).build());
  private static final Network NETWORK =
      Network.newBuilder()
          .setArchitecture(Architecture.ARCHITECTURE_RESNET10_HALF)
          .setEmbeddingDimension(6)
          .build();
  private static final ExtractConfig CONFIG = ExtractConfig.getDefaultInstance();

  @TempDir Path directory;
  private StageRunner runner;
  private int models;

  @BeforeEach
  void open() {
    // One worker opens the networks once.
    runner = new StageRunner(StageRunner.in(directory.resolve("store")).store(), 1);
  }

  private StoredArtifact dataset(Pixels pixels) throws IOException {
    return CifarFiles.dataset(
        runner, directory.resolve("cifar"), Map.of("train", 7, "test", 4), pixels);
  }

  /** Publishes the network as it is before training. */
  private StoredArtifact model(ViewRecipe recipe) throws IOException {
    return model(recipe, "none", weight -> weight);
  }

  /** Publishes the network as it is before training, with other weights in one tensor. */
  private StoredArtifact model(ViewRecipe recipe, String tensor, DoubleUnaryOperator change)
      throws IOException {
    ConstantWeights.Source initial = ConstantWeights.Source.initial(MODEL_SEED);
    Path savedModel = directory.resolve("model-" + models++);
    try (FrozenNetwork network =
        FrozenNetwork.build(
            Networks.create(NETWORK, recipe.getNormalize()),
            SIZE,
            (target, name, initializer, number) -> {
              initial.fill(target, name, initializer, number);
              for (int i = 0; i < target.limit() && name.equals(tensor); i++) {
                target.put(i, (float) change.applyAsDouble(target.get(i)));
              }
            })) {
      network.writeSavedModel(savedModel);
    }
    Model model =
        Model.newBuilder()
            .setNetwork(NETWORK)
            .setEvaluationRecipe(recipe)
            .setSavedModel("saved_model")
            .addLayers(Layer.newBuilder().setName("embedding").setDimension(6))
            .addLayers(Layer.newBuilder().setName("pooled").setDimension(256))
            .addLayers(Layer.newBuilder().setName("stage2.block1").setDimension(2 * 2 * 64))
            .setSeed(MODEL_SEED)
            .build();
    Staging staging = runner.store().newStaging(ArtifactType.ARTIFACT_TYPE_MODEL);
    String key = Digests.of(savedModel.toString().getBytes(StandardCharsets.UTF_8));
    return runner
        .store()
        .publish(
            staging,
            staging.add(savedModel, "saved_model"),
            Content.newBuilder().setModel(model).build(),
            Producer.newBuilder().setStage("pretrain").setReuseKey(key).build());
  }

  private StoredArtifact extract(StoredArtifact model, StoredArtifact dataset, ExtractConfig config)
      throws IOException {
    return runner.run(new ExtractStage(), config, Map.of("model", model, "dataset", dataset));
  }

  private static FeatureTable table(
      FeatureSource source, String layer, int dimension, String name) {
    return FeatureTable.newBuilder()
        .setSource(source)
        .setLayer(layer)
        .setDimension(dimension)
        .setNormalized(layer.equals("embedding"))
        .setTable(name)
        .build();
  }

  @Test
  void embeddingAndPooledFeaturesComeWithTheirBaselines() throws IOException {
    StoredArtifact artifact =
        extract(
            model(RECIPE, "network.stem.conv.kernel", weight -> 2 * weight),
            dataset(Pixels.VARIED),
            CONFIG);
    EmbeddingSet set = artifact.content().getEmbeddingSet();
    assertThat(set.getFeaturesList())
        .containsExactly(
            table(FeatureSource.FEATURE_SOURCE_LEARNED, "embedding", 6, "learned-embedding"),
            table(FeatureSource.FEATURE_SOURCE_UNTRAINED, "embedding", 6, "untrained-embedding"),
            table(FeatureSource.FEATURE_SOURCE_LEARNED, "pooled", 256, "learned-pooled"),
            table(FeatureSource.FEATURE_SOURCE_UNTRAINED, "pooled", 256, "untrained-pooled"),
            table(FeatureSource.FEATURE_SOURCE_PIXELS, "pixels", 192, "pixels"));
    assertThat(set.getExamples()).isEqualTo(11);
    assertThat(set.getRejected()).isZero();
    assertThat(set.getSplitsList()).extracting(Split::getExamples).containsExactly(4L, 7L);
    assertThat(set.getClassNamesList()).hasSize(10);
    for (FeatureTable table : set.getFeaturesList()) {
      Artifacts.read(
          artifact,
          table.getTable(),
          mapped -> {
            assertThat(mapped.rows()).isEqualTo(11);
            assertThat(mapped.width("vector")).isEqualTo(table.getDimension());
            assertThat(mapped.longs("id")).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
            assertThat(mapped.ints("label")).containsExactly(0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3);
            assertThat(mapped.strings("split")[7]).isEqualTo("test");
            assertThat(mapped.metadata())
                .containsEntry("layer", table.getLayer())
                .containsEntry("normalized", "" + table.getNormalized());
            return null;
          });
    }
    assertThat(Artifacts.vectors(artifact, "learned-pooled"))
        .isNotEqualTo(Artifacts.vectors(artifact, "untrained-pooled"));
  }

  /** The untrained baseline is the network that the seed initialised. */
  @Test
  void anUntrainedModelIsItsOwnBaseline() throws IOException {
    StoredArtifact artifact = extract(model(RECIPE), dataset(Pixels.VARIED), CONFIG);
    for (String layer : new String[] {"embedding", "pooled"}) {
      assertThat(Artifacts.vectors(artifact, "learned-" + layer))
          .isEqualTo(Artifacts.vectors(artifact, "untrained-" + layer));
    }
    float[] embeddings = Artifacts.vectors(artifact, "learned-embedding");
    double squaredNorm = 0;
    for (int d = 0; d < 6; d++) {
      squaredNorm += (double) embeddings[d] * embeddings[d];
    }
    assertThat(squaredNorm).isBetween(1 - 1e-5, 1 + 1e-5);
  }

  @Test
  void pixelsAreWhatTheNetworkSees() throws IOException {
    StoredArtifact dataset = dataset((record, channel, y, x) -> 10 * record + channel);
    float[] pixels = Artifacts.vectors(extract(model(RECIPE), dataset, CONFIG), "pixels");
    Normalize normalize = RECIPE.getNormalize();
    assertThat(pixels[5 * 192 + 2])
        .isEqualTo((52 / 255f - normalize.getMeanBlue()) / normalize.getStdBlue());
    assertThat(pixels[10 * 192 + 189])
        .isEqualTo((30 / 255f - normalize.getMeanRed()) / normalize.getStdRed());
  }

  @Test
  void layersAndBaselinesAreChosen() throws IOException {
    StoredArtifact model = model(RECIPE);
    StoredArtifact dataset = dataset(Pixels.VARIED);
    ExtractConfig pooled = CONFIG.toBuilder().setBaselines(false).addLayers("pooled").build();
    assertThat(extract(model, dataset, pooled).content().getEmbeddingSet().getFeaturesList())
        .extracting(FeatureTable::getTable)
        .containsExactly("learned-pooled");
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> extract(model, dataset, pooled.toBuilder().addLayers("head").build()))
        .withMessage(
            "extract.layers has \"head\", valid are the model's layers: embedding, pooled, stage2.block1");
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> extract(model, dataset, pooled.toBuilder().addLayers("pooled").build()))
        .withMessage("extract.layers has \"pooled\" twice, valid is each layer once");
  }

  @Test
  void layersOfTheBackboneAreExtractedWhenTheyAreNamed() throws IOException {
    ExtractConfig config =
        CONFIG.toBuilder().addLayers("stage2.block1").addLayers("pooled").build();
    StoredArtifact model = model(RECIPE, "network.stem.conv.kernel", weight -> 2 * weight);
    StoredArtifact artifact = extract(model, dataset(Pixels.VARIED), config);
    assertThat(artifact.content().getEmbeddingSet().getFeaturesList())
        .containsExactly(
            table(
                FeatureSource.FEATURE_SOURCE_LEARNED,
                "stage2.block1",
                256,
                "learned-stage2.block1"),
            table(
                FeatureSource.FEATURE_SOURCE_UNTRAINED,
                "stage2.block1",
                256,
                "untrained-stage2.block1"),
            table(FeatureSource.FEATURE_SOURCE_LEARNED, "pooled", 256, "learned-pooled"),
            table(FeatureSource.FEATURE_SOURCE_UNTRAINED, "pooled", 256, "untrained-pooled"),
            table(FeatureSource.FEATURE_SOURCE_PIXELS, "pixels", 192, "pixels"));
    assertThat(Artifacts.vectors(artifact, "learned-stage2.block1"))
        .hasSize(11 * 256)
        .isNotEqualTo(Artifacts.vectors(artifact, "untrained-stage2.block1"))
        .isNotEqualTo(Artifacts.vectors(artifact, "learned-pooled"));
  }

  @Test
  void shardsDoNotChangeRows() throws IOException {
    StoredArtifact model = model(RECIPE, "network.stem.conv.kernel", weight -> 2 * weight);
    StoredArtifact dataset = dataset(Pixels.VARIED);
    ExtractConfig whole = CONFIG.toBuilder().setBatchSize(4).build();
    StoredArtifact one = extract(model, dataset, whole);
    for (int rows : new int[] {3, 8}) {
      StoredArtifact cut = extract(model, dataset, whole.toBuilder().setShardRows(rows).build());
      assertThat(cut.parts("pixels")).hasSize((10 + rows) / rows);
      for (FeatureTable table : cut.content().getEmbeddingSet().getFeaturesList()) {
        assertThat(Artifacts.vectors(cut, table.getTable()))
            .as("%s, %d rows", table.getTable(), rows)
            .isEqualTo(Artifacts.vectors(one, table.getTable()));
      }
      assertThat(Artifacts.longs(cut, "pixels", "id"))
          .containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    }
  }

  /** A network whose head overflows on whatever is not black. */
  @Test
  void featuresThatAreNotFiniteAreRefused() throws IOException {
    ViewRecipe recipe =
        RECIPE.toBuilder()
            .setNormalize(
                RECIPE.getNormalize().toBuilder().setMeanRed(0).setMeanGreen(0).setMeanBlue(0))
            .build();
    StoredArtifact model = model(recipe, "network.head.weight", weight -> 3e38);
    StoredArtifact dataset = dataset((record, channel, y, x) -> record == 2 ? 200 : 0);
    StoredArtifact artifact =
        extract(model, dataset, CONFIG.toBuilder().setMaxRejectShare(0.2).setShardRows(6).build());
    EmbeddingSet set = artifact.content().getEmbeddingSet();
    assertThat(set.getExamples()).isEqualTo(9);
    assertThat(set.getRejected()).isEqualTo(2);
    assertThat(set.getSplitsList()).extracting(Split::getExamples).containsExactly(3L, 6L);
    for (FeatureTable table : set.getFeaturesList()) {
      assertThat(Artifacts.longs(artifact, table.getTable(), "id"))
          .as(table.getTable())
          .containsExactly(0, 1, 3, 4, 5, 6, 7, 8, 10);
    }
    Artifacts.read(
        artifact,
        Tables.REJECTS,
        table -> {
          assertThat(table.longs("id")).containsExactly(2, 9);
          assertThat(table.strings("source")).containsExactly("example 2", "example 9");
          assertThat(table.strings("reason"))
              .allMatch(reason -> reason.matches("learned-\\w+\\[\\d+\\] is \\S+, valid is a .*"));
          return null;
        });
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> extract(model, dataset, CONFIG))
        .withMessageStartingWith(
            "step extract: 2 of 11 records were refused (18.18 %), max_reject_share allows 0.00 %;"
                + " first: example 2: learned-");
  }

  @Test
  void aModelWithoutOneFiniteFeatureIsAnError() throws IOException {
    StoredArtifact model = model(RECIPE, "network.head.bias", weight -> Double.NaN);
    StoredArtifact dataset = dataset(Pixels.VARIED);
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> extract(model, dataset, CONFIG.toBuilder().setMaxRejectShare(1).build()))
        .withMessageStartingWith("step extract: 11 of 11 records were refused");
  }

  @Test
  void anImageThatIsTooSmallIsNamed() throws IOException {
    Operation crop =
        Operation.newBuilder().setCenterCrop(CenterCrop.newBuilder().setSize(64)).build();
    StoredArtifact model = model(RECIPE.toBuilder().clearOperations().addOperations(crop).build());
    StoredArtifact dataset = dataset(Pixels.VARIED);
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> extract(model, dataset, CONFIG))
        .withMessageContaining("example 0 has 32 x 32 pixels, the recipe needs 64 or more");
  }

  /** The last of four tables can't be made; the others are closed. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void tablesThatCannotAllBeOpenedAreClosed() throws IOException {
    StoredArtifact model = model(RECIPE);
    Content.Builder wrong = model.content().toBuilder();
    wrong.getModelBuilder().getLayersBuilder(1).setDimension(-2);
    Map<String, StoredArtifact> inputs =
        Map.of(
            "model",
            Artifacts.withContent(model, wrong.build()),
            "dataset",
            dataset(Pixels.VARIED));
    assertThatThrownBy(() -> runner.run(new ExtractStage(), CONFIG, inputs))
        .hasRootCauseInstanceOf(IllegalArgumentException.class);
    Path staging = directory.resolve("store/staging").toRealPath();
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      assertThat(open.map(ExtractStageTest::target)).noneMatch(path -> path.startsWith(staging));
    }
  }

  private static Path target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor);
    } catch (IOException e) {
      return descriptor; // closed meanwhile
    }
  }
}
