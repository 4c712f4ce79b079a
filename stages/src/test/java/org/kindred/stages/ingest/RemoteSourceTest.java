package org.kindred.stages.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.proto.pipeline.v1.IngestConfig;
import org.kindred.stages.artifact.StoreFiles;
import org.kindred.stages.testing.CifarFiles;
import org.kindred.stages.testing.CifarFiles.Pixels;
import org.kindred.stages.testing.ImageTrees;
import org.kindred.stages.testing.StageRunner;

/** Sources that only Beam's file systems open give what the same files give here. */
class RemoteSourceTest {
  @TempDir Path directory;
  private Path source;
  private StageRunner runner;

  @BeforeEach
  void open() {
    FileSystems.setDefaultPipelineOptions(PipelineOptionsFactory.create());
    source = directory.resolve("source");
    runner = StageRunner.in(directory.resolve("store"));
  }

  private String upload(Path from, String name) throws IOException {
    String remote = "mem://host" + directory + "/" + name;
    StoreFiles files = StoreFiles.of(remote);
    try (Stream<Path> tree = Files.walk(from)) {
      for (Path file : tree.filter(Files::isRegularFile).toList()) {
        String target = Files.isDirectory(from) ? "/" + from.relativize(file) : "";
        try (OutputStream out = files.create(remote + target)) {
          Files.copy(file, out);
        }
      }
    }
    return remote;
  }

  private void assertSame(IngestConfig local, List<String> remotes) throws IOException {
    String digest = runner.run(new IngestStage(), local).digest();
    for (String remote : remotes) {
      IngestConfig config = local.toBuilder().setSource(remote).build();
      assertThat(runner.run(new IngestStage(), config).digest()).as(remote).isEqualTo(digest);
      assertThat(new IngestStage().sourceFingerprint(config)).isNotEmpty();
    }
  }

  @Test
  void aFolderOfImages() throws IOException {
    ImageTrees.unpack(source, 2, List.of("hat", "shoes"));
    Files.writeString(source.resolve("train/notes.txt"), "not an image");
    String remote = upload(source, "images");
    assertSame(ImageTrees.config(source).build(), List.of(remote, remote + "/"));
  }

  @Test
  void aFolderWithAList() throws IOException {
    ImageTrees.unpack(source, 1, List.of("hat"));
    StringBuilder list = new StringBuilder("path,split,class_name\n");
    try (Stream<Path> tree = Files.walk(source)) {
      tree.filter(Files::isRegularFile)
          .forEach(image -> list.append(source.relativize(image)).append(",all,hat\n"));
    }
    Files.writeString(source.resolve("list.csv"), list);
    String remote = upload(source, "listed");
    assertSame(
        ImageTrees.config(source).setList("list.csv").build(), List.of(remote, remote + "/"));
  }

  @Test
  void aZipOfImages() throws IOException {
    ImageTrees.unpack(source, 2, List.of("hat", "shoes"));
    Path zip = ImageTrees.zip(source, directory.resolve("images.zip"));
    assertSame(ImageTrees.config(zip).build(), List.of(upload(zip, "images.zip")));
  }

  @Test
  void cifarFiles() throws IOException {
    CifarFiles.write(source.resolve("data_batch_1.bin"), 5, Pixels.VARIED);
    CifarFiles.write(source.resolve("test_batch.bin"), 3, Pixels.VARIED);
    Files.writeString(source.resolve("batches.meta.txt"), "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n");
    String remote = upload(source, "cifar");
    assertSame(CifarFiles.config(source).build(), List.of(remote, remote + "/"));
  }
}
