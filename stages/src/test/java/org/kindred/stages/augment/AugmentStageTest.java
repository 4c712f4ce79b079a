package org.kindred.stages.augment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.proto.artifact.v1.CenterCrop;
import org.kindred.proto.artifact.v1.Operation;
import org.kindred.proto.artifact.v1.ViewRecipe;
import org.kindred.proto.artifact.v1.ViewSet;
import org.kindred.proto.pipeline.v1.AugmentConfig;
import org.kindred.proto.pipeline.v1.RecipeConfig;
import org.kindred.stages.StageException;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.image.Recipes;
import org.kindred.stages.image.RgbImage;
import org.kindred.stages.image.ViewMaker;
import org.kindred.stages.testing.Artifacts;
import org.kindred.stages.testing.CifarFiles;
import org.kindred.stages.testing.CifarFiles.Pixels;
import org.kindred.stages.testing.StageRunner;

/** See also {@code TrainingViewsTest} in package pretrain, which compares with training's views. */
class AugmentStageTest {
  private static final RecipeConfig RECIPE =
      RecipeConfig.newBuilder().setPreset("A-cifar-is").setSize(8).build();

  @TempDir Path directory;
  private StageRunner runner;
  private StoredArtifact dataset;

  @BeforeEach
  void ingest() throws IOException {
    runner = StageRunner.in(directory.resolve("store"));
    dataset =
        CifarFiles.dataset(
            runner, directory.resolve("cifar"), Map.of("train", 4, "test", 3), Pixels.VARIED);
  }

  private StoredArtifact augment(AugmentConfig config) throws IOException {
    return runner.run(new AugmentStage(), config, Map.of("dataset", dataset));
  }

  @Test
  void writesViewsInOrderOfEpochExampleAndView() throws IOException {
    StoredArtifact artifact =
        augment(
            AugmentConfig.newBuilder()
                .setViews(RECIPE)
                .setSplit("test")
                .setEpochs(2)
                .setViewsPerExample(3)
                .build());
    assertThat(artifact.content().getViewSet())
        .isEqualTo(
            ViewSet.newBuilder()
                .setDataset(dataset.digest())
                .setRecipe(Recipes.resolve(RECIPE))
                .setSeed(StageRunner.SEED)
                .setEpochs(2)
                .setViews(3)
                .setSplit("test")
                .setRows(18)
                .build());
    ViewMaker maker = new ViewMaker(Recipes.resolve(RECIPE));
    byte[] expected = new byte[maker.bytesPerView()];
    Artifacts.read(
        artifact,
        Tables.VIEWS,
        table -> {
          assertThat(table.metadata()).containsEntry("height", "8").containsEntry("width", "8");
          long[] ids = table.longs("id");
          int[] labels = table.ints("label");
          assertThat(table.ints("epoch"))
              .containsExactly(IntStream.range(0, 18).map(row -> row / 9).toArray());
          assertThat(table.ints("view"))
              .containsExactly(IntStream.range(0, 18).map(row -> row % 3).toArray());
          for (int row = 0; row < 18; row++) {
            int record = row / 3 % 3;
            assertThat(ids[row]).isEqualTo(4 + record);
            assertThat(labels[row]).isEqualTo(record);
            RgbImage image = new RgbImage(32, 32, CifarFiles.rgb(record, Pixels.VARIED));
            maker.make(image, StageRunner.SEED, row / 9, 4 + record, row % 3, expected, 0);
            assertThat(table.bytes("image", row)).as("row %d", row).isEqualTo(expected);
          }
          return null;
        });
  }

  @Test
  void anUnknownSplitIsNamed() {
    AugmentConfig config = AugmentConfig.newBuilder().setViews(RECIPE).setSplit("dev").build();
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> augment(config))
        .withMessage("augment.split is \"dev\", valid are the data set's splits: test, train");
  }

  @Test
  void anImageThatIsTooSmallIsNamed() {
    Operation crop =
        Operation.newBuilder().setCenterCrop(CenterCrop.newBuilder().setSize(40)).build();
    RecipeConfig recipe =
        RecipeConfig.newBuilder().setRecipe(ViewRecipe.newBuilder().addOperations(crop)).build();
    AugmentConfig config = AugmentConfig.newBuilder().setViews(recipe).setSplit("test").build();
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> augment(config))
        .withMessage(
            "%s: example 4 has 32 x 32 pixels, the recipe needs 40 or more on each side",
            dataset.location());
  }

  @Test
  void aRecipeThatCannotBeFollowedIsNamed() {
    AugmentConfig config =
        AugmentConfig.newBuilder().setViews(RecipeConfig.newBuilder().setPreset("B")).build();
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> augment(config))
        .withMessageStartingWith("augment.views: preset is \"B\", valid is one of ");
  }
}
