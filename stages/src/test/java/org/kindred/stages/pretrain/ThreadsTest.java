package org.kindred.stages.pretrain;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.models.training.Checkpoint;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.testing.CifarFiles;
import org.kindred.stages.testing.CifarFiles.Pixels;
import org.kindred.stages.testing.StageRunner;

/** TensorFlow's threads are a process's, so each number of them takes a process of its own. */
class ThreadsTest {
  @TempDir Path directory;

  /** Trains with one thread and prints the checkpoint's number of threads. */
  static final class Training {
    private Training() {}

    public static void main(String[] arguments) throws IOException {
      Path directory = Path.of(arguments[0]);
      StageRunner runner = StageRunner.in(directory.resolve("store"));
      StoredArtifact dataset =
          CifarFiles.dataset(
              runner, directory.resolve("cifar"), Map.of("train", 14, "test", 2), Pixels.VARIED);
      PretrainConfig config =
          TinyPretraining.config(TinyPretraining.INVASPREAD).setEpochs(1).setThreads(1).build();
      StoredArtifact model = runner.run(new PretrainStage(), config, Map.of("dataset", dataset));
      String checkpoint = model.content().getModel().getCheckpoint();
      System.out.println(
          "threads " + Checkpoint.read(Path.of(model.location(), checkpoint)).threads());
    }
  }

  @Test
  void fewerThanProcessorsCanBeHad() throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-XX:ActiveProcessorCount=2", "-Xmx1g"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(Training.class.getName(), directory.toString()));
    Path output = directory.resolve("output");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    assertThat(process.waitFor()).as("%s", output).isZero();
    assertThat(output).content().contains("threads 1");
  }
}
