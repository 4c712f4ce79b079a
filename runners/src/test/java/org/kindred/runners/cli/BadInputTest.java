package org.kindred.runners.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIf;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.pipelines.run.RunStore;
import org.kindred.stages.artifact.ArtifactStore;
import org.kindred.stages.artifact.StoredArtifact;

/**
 * What a user gets for each kind of bad input: one clear line, a code, and a store that is whole.
 */
final class BadInputTest {
  @TempDir private Path folder;
  private Path photographs;
  private Path store;
  private String experiment;

  @BeforeEach
  void prepare() throws IOException {
    photographs = folder.resolve("photographs");
    store = folder.resolve("store");
    Photographs.unpack(photographs, 12, 4);
    experiment = SmallExperiment.write(folder.resolve("small.yaml"), photographs);
  }

  /** Nothing half-written is left behind, whatever went wrong. */
  @AfterEach
  void theStoreIsWhole() throws IOException {
    if (Files.isDirectory(store)) {
      assertThat(Photographs.files(store).toString()).doesNotContain("/staging/");
      ArtifactStore opened = ArtifactStore.open(store.toString());
      Path artifacts = store.resolve("artifacts");
      if (Files.isDirectory(artifacts)) {
        try (var directories = Files.list(artifacts)) {
          assertThat(directories.count()).isEqualTo(opened.list().size());
        }
      }
      for (StoredArtifact artifact : opened.list()) {
        assertThat(opened.verify(artifact)).isEmpty();
      }
    }
  }

  private CommandLineRun run(String file, String... more) {
    return CommandLineRun.of(arguments("run", file, more));
  }

  private String[] arguments(String command, String file, String... more) {
    String[] arguments =
        Arrays.copyOf(new String[] {command, file, "--store", store.toString()}, 4 + more.length);
    System.arraycopy(more, 0, arguments, 4, more.length);
    return arguments;
  }

  private CommandLineRun runYaml(String yaml) throws IOException {
    return run(Files.writeString(folder.resolve("own.yaml"), yaml).toString());
  }

  private String ingestOnly() throws IOException {
    return SmallExperiment.writeIngest(folder.resolve("ingest.yaml"), photographs);
  }

  private Path anyPhotograph() {
    return Photographs.files(photographs).get(0);
  }

  @Test
  void sizesThatCannotBePlanned() {
    for (String given : List.of("many", "train=", "0", "-3")) {
      CommandLineRun.of(arguments("plan", experiment, "--images", given))
          .failed(Main.USAGE, "--images", given.replaceAll(".*=", ""));
    }
    CommandLineRun.of(arguments("plan", experiment, "--images", "3000000000"))
        .failed(Main.USAGE, "--images: 3000050000 images, valid is at most 2147483647");
    CommandLineRun.of(arguments("plan", experiment, "--images", "10", "--classes", "0"))
        .failed(Main.USAGE, "--classes is 0, valid is 1 or more");
    CommandLineRun.of(arguments("plan", experiment, "--images", "10", "--why"))
        .failed(Main.USAGE, "--why, --from and --force have no part in --images");
    CommandLineRun.of(
            arguments("plan", experiment, "--set", "ingest.source=" + folder.resolve("none")))
        .failed(Main.USAGE, "does not exist", "--images N plans without it");
  }

  @Test
  void corruptImage() throws IOException {
    Files.write(anyPhotograph(), new byte[] {1, 2, 3});
    run(ingestOnly())
        .failed(
            Main.FAILED,
            "step ingest",
            "1 of 48",
            "1.00 %",
            anyPhotograph().getFileName().toString());
    run(ingestOnly(), "--set", "ingest.max_reject_share=0.1").succeeded();
    StoredArtifact dataset = ArtifactStore.open(store.toString()).list().get(0);
    assertThat(dataset.content().getDataset().getRejected()).isEqualTo(1);
    assertThat(dataset.content().getDataset().getExamples()).isEqualTo(47);
  }

  @Test
  void truncatedImage() throws IOException {
    byte[] whole = Files.readAllBytes(anyPhotograph());
    Files.write(anyPhotograph(), Arrays.copyOf(whole, whole.length / 2));
    run(ingestOnly())
        .failed(Main.FAILED, "step ingest", anyPhotograph().getFileName().toString(), "cut off");
  }

  @Test
  void wrongRecordLength() throws IOException {
    Path cifar = Files.createDirectory(folder.resolve("cifar"));
    Files.write(cifar.resolve("data_batch_1.bin"), new byte[3073 * 2 + 5]);
    run(ingestOnly(), "--set", "ingest.source=" + cifar, "--set", "ingest.format=cifar10_binary")
        .failed(Main.USAGE, "data_batch_1.bin", "6151", "3073");
  }

  @Test
  void emptyFolder() throws IOException {
    Path empty = Files.createDirectory(folder.resolve("empty"));
    for (String format : List.of("image_tree", "cifar10_binary")) {
      run(ingestOnly(), "--set", "ingest.source=" + empty, "--set", "ingest.format=" + format)
          .failed(Main.USAGE, "ingest.source", empty.toString());
    }
    String nowhere = "ingest.source=" + folder.resolve("nowhere");
    run(ingestOnly(), "--set", nowhere)
        .failed(Main.USAGE, "ingest.yaml:4, --set " + nowhere + ": step", "does not exist");
  }

  @Test
  void listOutOfStep() throws IOException {
    Path list = photographs.resolve("list.csv");
    StringBuilder csv = new StringBuilder("path,split,class_name\n");
    List<Path> images = Photographs.files(photographs);
    for (Path image : images.subList(1, images.size())) {
      csv.append(photographs.relativize(image)).append(",train,any\n");
    }
    Files.writeString(list, csv);
    run(ingestOnly(), "--set", "ingest.list=list.csv")
        .failed(Main.USAGE, "list.csv", photographs.relativize(images.get(0)).toString());
    Files.writeString(list, csv + "train/pants/none.jpg,train,pants\n");
    run(ingestOnly(), "--set", "ingest.list=list.csv")
        .failed(Main.USAGE, "list.csv", "train/pants/none.jpg");
  }

  @Test
  void oneClassOnly() throws IOException {
    for (Path image : Photographs.files(photographs)) {
      if (!image.getParent().endsWith("pants")) {
        Files.delete(image);
      }
    }
    String few = SmallExperiment.write(folder.resolve("few.yaml"), photographs);
    run(few, "--set", "pretrain.batch_size=6")
        .failed(Main.USAGE, "step \"evaluate\"", "1 kind", "2 or more");
  }

  @Test
  void moreNeighborsThanThereAre() {
    run(experiment, "--set", "graph.k=36")
        .failed(Main.USAGE, "small.yaml", "step \"graph\": graph.k is 36", "1 to 35");
  }

  @Test
  void whatLaterStepsWouldRefuseIsToldBeforeTheTraining() throws IOException {
    run(experiment, "--set", "propagate.k=9")
        .failed(
            Main.USAGE,
            "small.yaml:22, --set propagate.k=9: step \"propagate\"",
            "propagate.k is 9, valid is 1 to 5");
    assertThat(ArtifactStore.open(store.toString()).list()).as("the images alone").hasSize(1);
    run(experiment, "--set", "evaluate.knn.k=99")
        .failed(Main.USAGE, "step \"evaluate\": evaluate.knn.k is 99, valid is 1 to 36");
    assertThat(new RunStore(ArtifactStore.open(store.toString())).ids())
        .as("nothing runs where it is known beforehand")
        .hasSize(1);
  }

  @Test
  void batchLargerThanTheDataSet() {
    run(experiment, "--set", "pretrain.batch_size=37")
        .failed(Main.USAGE, "pretrain.batch_size is 37", "2 to 36", "train");
  }

  @Test
  void missingArtifact() throws IOException {
    runYaml(
            """
            name: lonely
            steps:
              - stage: graph
                inputs: {embeddings: "artifact:0123abcd"}
            """)
        .failed(Main.USAGE, "own.yaml:3", "0123abcd");
    CommandLineRun.of(arguments("show", "0123abcd")).failed(Main.FAILED, "0123abcd");
    CommandLineRun.of(arguments("verify", "0123abcd")).failed(Main.FAILED, "0123abcd");
    CommandLineRun.of(arguments("report", "latest", "-o", folder.resolve("r.html").toString()))
        .failed(Main.FAILED, "latest");
    assertThat(folder.resolve("r.html")).doesNotExist();
  }

  @Test
  void unknownNames() throws IOException {
    run("quickstrat").failed(Main.USAGE, "quickstrat", "quickstart");
    runYaml("name: odd\nsteps:\n  - stage: grpah\n")
        .failed(Main.USAGE, "own.yaml:3", "grpah", "graph");
    run(experiment, "--set", "graph.kk=3").failed(Main.USAGE, "graph.kk", "k");
    run(experiment, "--set", "grpah.k=3").failed(Main.USAGE, "grpah");
    run(experiment, "--only", "grpah").failed(Main.USAGE, "grpah", "graph");
    run(experiment, "--runner", "dask").failed(Main.USAGE, "dask", "embedded, flink");
    CommandLineRun.of("presets", "quickstrat").failed(Main.USAGE, "quickstrat", "quickstart");
  }

  @Test
  @DisabledIf("org.kindred.runners.cli.CommandLineRun#hasSpark")
  void runnerThatThisBuildDoesWithout() {
    run(experiment, "--runner", "spark").failed(Main.USAGE, "no Spark", "-Pspark");
  }

  @Test
  void valuesOutOfRange() throws IOException {
    run(experiment, "--set", "graph.k=0").failed(Main.USAGE, "graph.k", "0", "1", "1000");
    run(experiment, "--set", "graph.k=many").failed(Main.USAGE, "graph.k", "many");
    // Right by itself, but not beside the other fields: the stage refuses it.
    run(experiment, "--set", "pretrain.evaluation.size=48", "--set", "graph.k=4")
        .failed(Main.USAGE, "small.yaml:8, --set pretrain.evaluation.size=48: step \"pretrain\"");
    String yaml = Files.readString(Path.of(experiment));
    runYaml(yaml.replace("epochs: 2", "epochs: -2"))
        .failed(Main.USAGE, "own.yaml:15", "epochs", "-2", "1", "10000");
  }

  @Test
  void cyclicSteps() throws IOException {
    runYaml(
            """
            name: ring
            steps:
              - id: a
                stage: extract
                inputs: {model: b, dataset: b}
              - id: b
                stage: pretrain
                inputs: {dataset: a}
                config:
                  views: {preset: A-cifar-is}
                  evaluation: {preset: test}
                  objective: {invaspread: {}}
            """)
        .failed(Main.USAGE, "a", "b", "cycle");
  }

  @Test
  void storeThatIsNoDirectory() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "not a store");
    CommandLineRun.of("run", ingestOnly(), "--store", file.toString())
        .failed(Main.FAILED, file.toString());
    CommandLineRun.of("artifacts", "--store", file.toString()).failed(Main.FAILED, file.toString());
    assertThat(file).hasContent("not a store");
  }

  @Test
  void storeOfAnUnknownScheme() throws IOException {
    CommandLineRun.of("run", ingestOnly(), "--store", "nosuch://bucket/store")
        .failed(Main.USAGE, "nosuch");
  }
}
