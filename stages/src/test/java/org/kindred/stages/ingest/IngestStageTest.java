package org.kindred.stages.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.proto.artifact.v1.Dataset;
import org.kindred.proto.artifact.v1.ImageEncoding;
import org.kindred.proto.artifact.v1.Split;
import org.kindred.proto.pipeline.v1.IngestConfig;
import org.kindred.stages.StageException;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.dataset.DatasetReader;
import org.kindred.stages.testing.Artifacts;
import org.kindred.stages.testing.CifarFiles;
import org.kindred.stages.testing.CifarFiles.Pixels;
import org.kindred.stages.testing.ImageTrees;
import org.kindred.stages.testing.StageRunner;

class IngestStageTest {
  private static final int RECORD_BYTES = 3073;
  private static final Pixels NEGATIVE =
      (record, channel, y, x) -> ~Pixels.VARIED.value(record, channel, y, x);

  @TempDir Path directory;
  private Path source;
  private StageRunner runner;

  @BeforeEach
  void open() {
    source = directory.resolve("source");
    runner = StageRunner.in(directory.resolve("store"));
  }

  private StoredArtifact ingest(IngestConfig.Builder config) throws IOException {
    return runner.run(new IngestStage(), config.build());
  }

  private static Dataset dataset(StoredArtifact artifact) {
    return artifact.content().getDataset();
  }

  private static Split split(String name, long examples, long labelled) {
    return Split.newBuilder().setName(name).setExamples(examples).setLabelled(labelled).build();
  }

  private void assertFails(IngestConfig.Builder config, String message) {
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> ingest(config))
        .withMessageContaining(message);
  }

  @Test
  void readsCifarRecords() throws IOException {
    CifarFiles.write(source.resolve("data_batch_1.bin"), 5, Pixels.VARIED);
    CifarFiles.write(source.resolve("data_batch_2.bin"), 12, NEGATIVE);
    CifarFiles.write(source.resolve("test_batch.bin"), 3, Pixels.VARIED);
    Files.writeString(source.resolve("readme.html"), "not read");
    StoredArtifact artifact = ingest(CifarFiles.config(source).setShardRows(4));

    assertThat(dataset(artifact).getExamples()).isEqualTo(20);
    assertThat(dataset(artifact).getRejected()).isZero();
    assertThat(dataset(artifact).getSplitsList())
        .containsExactly(split("test", 3, 3), split("train", 17, 17));
    assertThat(dataset(artifact).getClassNamesList())
        .hasSize(10)
        .startsWith("airplane", "automobile");
    assertThat(dataset(artifact).getEncoding()).isEqualTo(ImageEncoding.IMAGE_ENCODING_RAW_RGB);
    assertThat(artifact.parts(Tables.REJECTS)).isEmpty();
    try (DatasetReader all = DatasetReader.open(artifact, Optional.empty())) {
      assertThat(IntStream.range(0, 20).mapToLong(all::id))
          .containsExactly(IntStream.range(0, 20).asLongStream().boxed().toArray(Long[]::new));
      assertThat(IntStream.range(0, 20).map(all::label))
          .containsExactly(0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 0, 1, 2);
      assertThat(IntStream.range(0, 20).mapToObj(all::split).toList())
          .isEqualTo(Stream.of("train", "test").flatMap(IngestStageTest::times).toList());
      assertThat(all.image(3).pixels()).isEqualTo(CifarFiles.rgb(3, Pixels.VARIED));
      assertThat(all.image(9).pixels()).isEqualTo(CifarFiles.rgb(4, NEGATIVE));
      assertThat(all.image(19).pixels()).isEqualTo(CifarFiles.rgb(2, Pixels.VARIED));
      assertThat(all.image(19).width()).isEqualTo(32);
      assertThat(all.image(19).height()).isEqualTo(32);
    }
    assertThat(Artifacts.strings(artifact, Tables.EXAMPLES, "source"))
        .contains("data_batch_1.bin#4", "data_batch_2.bin#11", "test_batch.bin#0");
  }

  private static Stream<String> times(String split) {
    return Stream.generate(() -> split).limit(split.equals("train") ? 17 : 3);
  }

  @Test
  void classNamesOfCifarMayComeWithIt() throws IOException {
    CifarFiles.write(source.resolve("test_batch.bin"), 2, Pixels.VARIED);
    IngestConfig config = CifarFiles.config(source).build();
    String without = new IngestStage().sourceFingerprint(config);
    Path names = source.resolve("batches.meta.txt");
    Files.writeString(names, "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n");
    assertThat(dataset(ingest(config.toBuilder())).getClassNamesList()).startsWith("a", "b");
    assertThat(new IngestStage().sourceFingerprint(config)).isNotEqualTo(without);
    Files.writeString(names, "a\nb\n");
    assertFails(config.toBuilder(), names + " names 2 classes, CIFAR-10 has 10");
  }

  @Test
  void aLabelOutOfRangeIsRefused() throws IOException {
    Path file = CifarFiles.write(source.resolve("data_batch_1.bin"), 12, Pixels.VARIED);
    byte[] bytes = Files.readAllBytes(file);
    bytes[2 * RECORD_BYTES] = 10;
    bytes[7 * RECORD_BYTES] = (byte) 255;
    Files.write(file, bytes);
    StoredArtifact artifact =
        ingest(CifarFiles.config(source).setShardRows(5).setMaxRejectShare(0.2));
    assertThat(dataset(artifact).getExamples()).isEqualTo(10);
    assertThat(dataset(artifact).getRejected()).isEqualTo(2);
    assertThat(dataset(artifact).getSplitsList()).containsExactly(split("train", 10, 10));
    assertThat(rejects(artifact))
        .containsExactly(
            Map.entry(2L, "data_batch_1.bin#2: label is 10, valid is 0 to 9"),
            Map.entry(7L, "data_batch_1.bin#7: label is 255, valid is 0 to 9"));
    assertThat(Artifacts.longs(artifact, Tables.EXAMPLES, "id"))
        .containsExactly(0, 1, 3, 4, 5, 6, 8, 9, 10, 11);
  }

  /** Returns what a table of rejects says, by id. */
  private static Map<Long, String> rejects(StoredArtifact artifact) throws IOException {
    return Artifacts.read(
        artifact,
        Tables.REJECTS,
        table -> {
          Map<Long, String> rejects = new TreeMap<>();
          long[] ids = table.longs("id");
          String[] sources = table.strings("source");
          String[] reasons = table.strings("reason");
          for (int row = 0; row < ids.length; row++) {
            rejects.put(ids[row], sources[row] + ": " + reasons[row]);
          }
          return rejects;
        });
  }

  @Test
  void aCifarFileThatIsCutOffIsAnError() throws IOException {
    Path file = CifarFiles.write(source.resolve("data_batch_1.bin"), 2, Pixels.VARIED);
    Files.write(file, Arrays.copyOf(Files.readAllBytes(file), 6145));
    assertFails(
        CifarFiles.config(source),
        file + " has 6145 bytes, valid is a multiple of 3073, a CIFAR-10 record's length");
  }

  @Test
  void aFolderAndAZipOfTheSameImagesAreTheSame() throws IOException {
    ImageTrees.unpack(source, 2, List.of("hat", "shoes"));
    Files.writeString(source.resolve("train/notes.txt"), "not an image");
    Path zip = ImageTrees.zip(source, directory.resolve("images.zip"));
    StoredArtifact folder = ingest(ImageTrees.config(source));
    StoredArtifact zipped = ingest(ImageTrees.config(zip).setShardRows(2000));
    assertThat(zipped.digest()).isEqualTo(folder.digest());
    assertThat(dataset(folder).getSplitsList())
        .containsExactly(split("test", 4, 4), split("train", 4, 4), split("validation", 4, 4));
    assertThat(dataset(folder).getClassNamesList()).containsExactly("hat", "shoes");
    try (DatasetReader train = DatasetReader.open(folder, Optional.of("train"))) {
      assertThat(IntStream.range(0, 4).mapToLong(train::id)).containsExactly(4L, 5L, 6L, 7L);
      assertThat(IntStream.range(0, 4).map(train::label)).containsExactly(0, 0, 1, 1);
    }
  }

  @Test
  void filesMayBeKeptAsTheyAre() throws IOException {
    ImageTrees.unpack(source, 1, List.of("hat"));
    StoredArtifact raw = ingest(ImageTrees.config(source));
    StoredArtifact files =
        ingest(ImageTrees.config(source).setEncoding(ImageEncoding.IMAGE_ENCODING_FILE));
    String[] names = Artifacts.strings(files, Tables.EXAMPLES, "source");
    for (int row = 0; row < names.length; row++) {
      long at = row;
      byte[] kept = Artifacts.read(files, Tables.EXAMPLES, table -> table.bytes("image", at));
      assertThat(kept).isEqualTo(Files.readAllBytes(source.resolve(names[row])));
    }
    try (DatasetReader decoded = DatasetReader.open(files, Optional.empty());
        DatasetReader pixels = DatasetReader.open(raw, Optional.empty())) {
      assertThat(decoded.image(1).pixels()).isEqualTo(pixels.image(1).pixels());
    }
    assertFails(
        CifarFiles.config(source).setEncoding(ImageEncoding.IMAGE_ENCODING_FILE),
        "ingest.encoding is file, valid with format cifar10_binary is raw_rgb");
  }

  @Test
  void badImagesAreRefusedOneByOne() throws IOException {
    ImageTrees.unpack(source, 3, List.of("hat"));
    Path good = images(source).get(0);
    byte[] photograph = Files.readAllBytes(good);
    Files.write(source.resolve("test/hat/0-cut.jpg"), Arrays.copyOf(photograph, 300));
    Files.writeString(source.resolve("train/hat/noise.png"), "this is text");
    Files.write(source.resolve("train/stray.jpg"), photograph);
    StoredArtifact artifact = ingest(ImageTrees.config(source).setMaxRejectShare(0.25));
    assertThat(dataset(artifact).getExamples()).isEqualTo(9);
    assertThat(dataset(artifact).getRejected()).isEqualTo(3);
    assertThat(artifact.rows(Tables.REJECTS)).isEqualTo(3);
    Map<Long, String> rejects = rejects(artifact);
    assertThat(rejects.keySet()).containsExactly(0L, 7L, 8L);
    assertThat(rejects.get(0L)).startsWith("test/hat/0-cut.jpg: ").hasSizeGreaterThan(25);
    assertThat(rejects.get(7L)).startsWith("train/hat/noise.png: ").hasSizeGreaterThan(25);
    assertThat(rejects.get(8L)).isEqualTo("train/stray.jpg: does not lie at split/class/file");
    assertThat(Artifacts.longs(artifact, Tables.EXAMPLES, "id"))
        .containsExactly(1, 2, 3, 4, 5, 6, 9, 10, 11);

    assertFails(
        ImageTrees.config(source).setMaxRejectShare(0.2),
        "step ingest: 3 of 12 records were refused (25.00 %), max_reject_share allows 20.00 %;"
            + " first: "
            + rejects.get(0L)
            + "; "
            + rejects.get(7L)
            + "; train/stray.jpg: does not lie");
  }

  private static List<Path> images(Path folder) throws IOException {
    try (Stream<Path> tree = Files.walk(folder)) {
      return tree.filter(Files::isRegularFile).sorted().toList();
    }
  }

  @Test
  void noMoreOfAFileIsReadThanTheLimit() throws IOException {
    ImageTrees.unpack(source, 3, List.of("hat"));
    List<Path> bySize =
        images(source).stream().sorted(Comparator.comparingLong(p -> p.toFile().length())).toList();
    int limit = Math.toIntExact(Files.size(bySize.get(bySize.size() - 2)));
    String largest = source.relativize(bySize.get(bySize.size() - 1)).toString();
    assertThat(Files.size(bySize.get(bySize.size() - 1))).isGreaterThan(limit);
    Path zip = ImageTrees.zip(source, directory.resolve("images.zip"));
    for (Path each : List.of(source, zip)) {
      StoredArtifact artifact =
          ingest(ImageTrees.config(each).setMaxFileBytes(limit).setMaxRejectShare(0.5));
      assertThat(rejects(artifact).values())
          .containsExactly(
              largest + ": has more than " + limit + " bytes, the limit ingest.max_file_bytes");
    }
  }

  @Test
  void aDamagedZipEntryIsRefused() throws IOException {
    ImageTrees.unpack(source, 3, List.of("hat"));
    Path zip = ImageTrees.zip(source, directory.resolve("images.zip"));
    byte[] bytes = Files.readAllBytes(zip);
    try (ZipFile entries = new ZipFile(zip.toFile())) {
      // The first entry's data follow its local header of 30 bytes and its name.
      int data = 30 + entries.entries().nextElement().getName().length();
      Arrays.fill(bytes, data, data + 10, (byte) 0xff);
    }
    Files.write(zip, bytes);
    StoredArtifact artifact = ingest(ImageTrees.config(zip).setMaxRejectShare(0.5));
    assertThat(rejects(artifact).values()).singleElement().asString().contains(": unreadable: ");
  }

  /** The image may be good: what failed is the machine that it is read on. */
  @Test
  void aFileThatCannotBeOpenedFailsTheStage() throws IOException {
    ImageTrees.unpack(source, 3, List.of("hat"));
    Path gone = source.resolve("train/hat/gone.jpg");
    Files.createSymbolicLink(gone, source.resolve("elsewhere.jpg"));
    assertThatThrownBy(() -> ingest(ImageTrees.config(source).setMaxRejectShare(0.5)))
        .hasRootCauseInstanceOf(NoSuchFileException.class)
        .hasStackTraceContaining(gone.toString());
  }

  @Test
  void nothingLeftIsAnErrorWhateverMayBeRefused() throws IOException {
    Files.createDirectories(source.resolve("train/a"));
    Files.writeString(source.resolve("train/a/x.jpg"), "text");
    assertFails(
        ImageTrees.config(source).setMaxRejectShare(1),
        "step ingest: 1 of 1 records were refused (100.00 %), max_reject_share allows 100.00 %");
  }

  @Test
  void filesDoNotDependOnTheRunnersParallelism() throws IOException {
    ImageTrees.unpack(source, 3, List.of("hat", "shoes", "skirt"));
    Files.writeString(source.resolve("train/hat/noise.png"), "this is text");
    IngestConfig config = ImageTrees.config(source).setShardRows(2).setMaxRejectShare(0.1).build();
    StoredArtifact sequential = new StageRunner(runner.store(), 1).run(new IngestStage(), config);
    StoredArtifact parallel =
        new StageRunner(StageRunner.in(directory.resolve("other")).store(), 4)
            .run(new IngestStage(), config);
    assertThat(Artifacts.files(parallel)).isEqualTo(Artifacts.files(sequential)).hasSize(15);
    assertThat(parallel.digest()).isEqualTo(sequential.digest());
  }

  @Test
  void aListGivesSplitAndClass() throws IOException {
    ImageTrees.unpack(directory.resolve("unsorted"), 2, List.of("hat"));
    Files.createDirectories(source);
    List<Path> images = images(directory.resolve("unsorted"));
    for (int i = 0; i < 4; i++) {
      Files.copy(images.get(i), source.resolve(i + ".jpg"));
    }
    Path list = source.resolve("list.csv");
    Files.writeString(
        list,
        "path,split,class_name,note\n3.jpg,held,red,x\n0.jpg,fit,green\n1.jpg,fit,red\n\n2.jpg,fit,\n");
    IngestConfig.Builder config = ImageTrees.config(source).setList("list.csv");
    StoredArtifact artifact = ingest(config);
    assertThat(dataset(artifact).getClassNamesList()).containsExactly("green", "red");
    assertThat(dataset(artifact).getSplitsList())
        .containsExactly(split("fit", 3, 2), split("held", 1, 1));
    try (DatasetReader all = DatasetReader.open(artifact, Optional.empty())) {
      assertThat(IntStream.range(0, 4).mapToObj(all::split))
          .containsExactly("fit", "fit", "fit", "held");
      assertThat(IntStream.range(0, 4).map(all::label)).containsExactly(0, 1, -1, 1);
    }
    Path zip = ImageTrees.zip(source, directory.resolve("listed.zip"));
    assertThat(ingest(ImageTrees.config(zip).setList("list.csv")).digest())
        .isEqualTo(artifact.digest());

    String before = new IngestStage().sourceFingerprint(config.build());
    Files.writeString(list, Files.readString(list).replace("3.jpg,held", "3.jpg,fit"));
    assertThat(new IngestStage().sourceFingerprint(config.build())).isNotEqualTo(before);
  }

  @Test
  void aListIsInStepWithTheImages() throws IOException {
    ImageTrees.unpack(source, 1, List.of("hat"));
    String hat = source.relativize(images(source).get(0)).toString();
    String others =
        "%s,b,c%n%s,b,c%n"
            .formatted(
                source.relativize(images(source).get(1)), source.relativize(images(source).get(2)));
    Map<String, String> lists = new TreeMap<>();
    lists.put("path,class_name\n", ".csv must start with the header path,split,class_name");
    lists.put("path,split,class_name\n" + others, ".csv does not list \"" + hat + "\"");
    lists.put("path,split,class_name\n" + hat + ",,c\n", ".csv:2: \"" + hat + ",,c\" is not path");
    lists.put("path,split,class_name\nx.jpg,a,b\n", ".csv:2: \"x.jpg\" is not among the images of");
    lists.put(
        "path,split,class_name\n" + others + others,
        ".csv:4: \"" + others.split(",", 2)[0] + "\" is listed twice");
    for (Map.Entry<String, String> list : lists.entrySet()) {
      Files.write(source.resolve("l.csv"), list.getKey().getBytes(StandardCharsets.UTF_8));
      assertFails(ImageTrees.config(source).setList("l.csv"), list.getValue());
    }
    String missing = "ingest.list \"none.csv\" is not in ";
    assertFails(ImageTrees.config(source).setList("none.csv"), missing + source);
    Path zip = ImageTrees.zip(source, directory.resolve("images.zip"));
    assertFails(ImageTrees.config(zip).setList("none.csv"), missing + zip);
    assertFails(
        CifarFiles.config(source).setList("l.csv"),
        "ingest.list is \"l.csv\", valid only with format image_tree");
  }

  @Test
  void aSourceThatIsMissingOrNoneIsNamed() throws IOException {
    Path nothing = directory.resolve("nothing");
    assertFails(
        ImageTrees.config(nothing),
        "ingest.source \"%s\" does not exist, or has no .jpg".formatted(nothing));
    assertFails(
        CifarFiles.config(nothing),
        "ingest.source \"%s\" has no file data_batch_*.bin".formatted(nothing));
    Path zip = directory.resolve("x.zip");
    assertFails(ImageTrees.config(zip), "ingest.source \"%s\" does not exist".formatted(zip));
    Files.writeString(zip, "text");
    assertFails(ImageTrees.config(zip), "ingest.source \"%s\" is not a zip file".formatted(zip));
  }
}
