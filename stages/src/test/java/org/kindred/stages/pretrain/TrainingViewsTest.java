package org.kindred.stages.pretrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.models.objective.Crop;
import org.kindred.proto.artifact.v1.CenterCrop;
import org.kindred.proto.artifact.v1.Operation;
import org.kindred.proto.artifact.v1.ViewRecipe;
import org.kindred.proto.pipeline.v1.AugmentConfig;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.proto.pipeline.v1.RecipeConfig;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.augment.AugmentStage;
import org.kindred.stages.dataset.DatasetReader;
import org.kindred.stages.ingest.IngestStage;
import org.kindred.stages.testing.Artifacts;
import org.kindred.stages.testing.CifarFiles;
import org.kindred.stages.testing.CifarFiles.Pixels;
import org.kindred.stages.testing.StageRunner;

/** Views that were stored are the views that training would make. */
class TrainingViewsTest {
  private static final int VIEW_BYTES = 8 * 8 * 3;
  private static final PretrainConfig CONFIG =
      TinyPretraining.config(TinyPretraining.INVASPREAD).build();

  @TempDir Path directory;
  private StageRunner runner;

  @BeforeEach
  void open() {
    runner = StageRunner.in(directory.resolve("store"));
  }

  private StoredArtifact dataset(String name, int examples, Pixels pixels) throws IOException {
    return CifarFiles.dataset(
        runner, directory.resolve(name), Map.of("train", examples, "test", 2), pixels);
  }

  /** Stores the two views of each training example in some epochs. */
  private StoredArtifact augment(StoredArtifact dataset, int epochs) throws IOException {
    AugmentConfig config =
        AugmentConfig.newBuilder().setViews(CONFIG.getViews()).setEpochs(epochs).build();
    return runner.run(new AugmentStage(), config, Map.of("dataset", dataset));
  }

  private byte[] fill(Map<String, StoredArtifact> inputs, int epoch, int view) throws IOException {
    return fill(inputs, epoch, view, UnaryOperator.identity());
  }

  private byte[] fill(
      Map<String, StoredArtifact> inputs, int epoch, int view, UnaryOperator<int[]> images)
      throws IOException {
    StageContext<PretrainConfig> context = runner.context(new PretrainStage(), CONFIG, inputs);
    try (DatasetReader dataset = DatasetReader.open(inputs.get("dataset"), Optional.of("train"));
        TrainingViews views =
            new TrainingViews(context, dataset, Collections.nCopies(3, Crop.OF_RECIPE))) {
      ByteBuffer target = ByteBuffer.allocate(dataset.size() * VIEW_BYTES);
      // Backwards, as no order must matter.
      int last = dataset.size() - 1;
      int[] rows = IntStream.rangeClosed(0, last).map(i -> last - i).toArray();
      views.fillOf(epoch, rows, images.apply(rows), view, target);
      assertThat(target.hasRemaining()).isFalse();
      return target.array();
    }
  }

  /** More examples than one data file of views holds. */
  @Test
  void storedViewsAreWhatTrainingMakes() throws IOException {
    int examples = 1003;
    StoredArtifact dataset = dataset("cifar", examples, Pixels.VARIED);
    StoredArtifact views = augment(dataset, 2);
    assertThat(views.parts(Tables.VIEWS)).hasSizeGreaterThan(2);
    for (int epoch = 0; epoch < 2; epoch++) {
      for (int view = 0; view < 2; view++) {
        byte[] online = fill(Map.of("dataset", dataset), epoch, view);
        assertThat(fill(Map.of("dataset", dataset, "views", views), epoch, view)).isEqualTo(online);
        long first = (long) epoch * examples * 2 + view;
        byte[] stored =
            Artifacts.read(
                views,
                Tables.VIEWS,
                table -> {
                  byte[] all = new byte[examples * VIEW_BYTES];
                  for (int i = 0; i < examples; i++) {
                    int offset = (examples - 1 - i) * VIEW_BYTES;
                    table.copyBytes("image", first + 2L * i, all, offset, VIEW_BYTES);
                  }
                  return all;
                });
        assertThat(stored).isEqualTo(online);
      }
    }
  }

  @Test
  void storedViewsAreReadAsFarAsTheyReach() throws IOException {
    StoredArtifact dataset = dataset("cifar", 5, Pixels.VARIED);
    // Black views in the place of the data set's own: what is read is told from what is made.
    StoredArtifact black = augment(dataset("black", 5, (record, channel, y, x) -> 0), 1);
    Map<String, StoredArtifact> online = Map.of("dataset", dataset);
    Map<String, StoredArtifact> stored = Map.of("dataset", dataset, "views", black);
    assertThat(fill(stored, 0, 1)).containsOnly(0);
    assertThat(fill(stored, 1, 1)).isEqualTo(fill(online, 1, 1));
    assertThat(fill(stored, 0, 2)).isEqualTo(fill(online, 0, 2));
  }

  @Test
  void aViewOfAnotherImageIsDrawnAsTheExamplesOwn() throws IOException {
    // Records are alike, so that views differ in their draws alone.
    StoredArtifact dataset =
        dataset("cifar", 5, (record, channel, y, x) -> (40 * channel + 7 * y + 3 * x) % 256);
    Map<String, StoredArtifact> online = Map.of("dataset", dataset);
    UnaryOperator<int[]> first = rows -> new int[rows.length];
    byte[] own = fill(online, 0, 1);
    assertThat(own).isNotEqualTo(fill(online, 0, 0));
    assertThat(fill(online, 0, 1, first)).isEqualTo(own);
    // A stored view is of the example's own image.
    StoredArtifact black = augment(dataset("black", 5, (record, channel, y, x) -> 0), 1);
    byte[] mixed = fill(Map.of("dataset", dataset, "views", black), 0, 1, first);
    int ofOthers = 4 * VIEW_BYTES;
    assertThat(Arrays.copyOf(mixed, ofOthers)).isEqualTo(Arrays.copyOf(own, ofOthers));
    assertThat(Arrays.copyOfRange(mixed, ofOthers, mixed.length)).containsOnly(0);
  }

  @Test
  void viewsOfOtherExamplesAreRefused() throws IOException {
    StoredArtifact views = augment(dataset("cifar", 5, Pixels.VARIED), 1);
    StoredArtifact more = dataset("more", 6, Pixels.VARIED);
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> fill(Map.of("dataset", more, "views", views), 0, 0))
        .withMessage(
            "input views of step pretrain was not made of split train of its input dataset");
    StoredArtifact sameCount = otherIds();
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> fill(Map.of("dataset", sameCount, "views", views), 0, 0))
        .withMessageContaining("was not made of split train");
  }

  /** Five training examples, the first of which has id 1: record 0 is refused. */
  private StoredArtifact otherIds() throws IOException {
    Path folder = directory.resolve("other");
    Path file = CifarFiles.write(folder.resolve("data_batch_1.bin"), 6, Pixels.VARIED);
    byte[] bytes = Files.readAllBytes(file);
    bytes[0] = 99;
    Files.write(file, bytes);
    return runner.run(new IngestStage(), CifarFiles.config(folder).setMaxRejectShare(0.5).build());
  }

  @Test
  void anImageThatIsTooSmallIsNamed() throws IOException {
    StoredArtifact dataset = dataset("cifar", 5, Pixels.VARIED);
    Operation crop =
        Operation.newBuilder().setCenterCrop(CenterCrop.newBuilder().setSize(33)).build();
    RecipeConfig recipe =
        RecipeConfig.newBuilder().setRecipe(ViewRecipe.newBuilder().addOperations(crop)).build();
    PretrainConfig config = CONFIG.toBuilder().setViews(recipe).setEvaluation(recipe).build();
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> runner.run(new PretrainStage(), config, Map.of("dataset", dataset)))
        .withMessageContaining("example 0 has 32 x 32 pixels, the recipe needs 33 or more");
  }
}
