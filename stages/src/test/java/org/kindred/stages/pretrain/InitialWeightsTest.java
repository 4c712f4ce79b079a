package org.kindred.stages.pretrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.models.safetensors.NamedTensor;
import org.kindred.models.safetensors.SafetensorsFile;
import org.kindred.models.training.Checkpoint;
import org.kindred.proto.artifact.v1.Architecture;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.artifact.ArtifactException;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.testing.CifarFiles;
import org.kindred.stages.testing.CifarFiles.Pixels;
import org.kindred.stages.testing.StageRunner;

/** A backbone leaves by {@link BackboneExport} and comes back by {@link InitialWeights}. */
class InitialWeightsTest {
  private static final PretrainConfig CONFIG =
      TinyPretraining.config(TinyPretraining.INVASPREAD).setEpochs(1).build();

  @TempDir Path directory;
  private StageRunner runner;
  private Map<String, StoredArtifact> inputs;
  private StoredArtifact model;
  private Path file;

  @BeforeEach
  void trainAndExport() throws IOException {
    runner = StageRunner.in(directory.resolve("store"));
    Path cifar = directory.resolve("cifar");
    inputs =
        Map.of("dataset", CifarFiles.dataset(runner, cifar, Map.of("train", 14), Pixels.VARIED));
    model = runner.run(new PretrainStage(), CONFIG, inputs);
    file = directory.resolve("backbone.safetensors");
    BackboneExport.write(model, file);
  }

  private PretrainConfig.Builder startingFrom(Path weights) {
    return CONFIG.toBuilder().setInitialWeights(weights.toString());
  }

  private static Map<String, NamedTensor> tensors(StoredArtifact artifact) throws IOException {
    return Checkpoint.read(Path.of(artifact.location(), "checkpoint.safetensors")).tensors();
  }

  /** At a learning rate of 0 the weights stay what they were. */
  @Test
  void trainingStartsFromTheBackboneAndAHeadOfItsOwn() throws IOException {
    PretrainConfig.Builder config = startingFrom(file);
    config.getOptimizerBuilder().setLearningRate(0);
    Map<String, NamedTensor> started =
        tensors(runner.run(new PretrainStage(), config.build(), inputs));
    Map<String, NamedTensor> exported = tensors(model);
    Map<String, NamedTensor> drawn =
        tensors(runner.run(new PretrainStage(), config.clearInitialWeights().build(), inputs));
    int kernels = 0;
    for (String name : exported.keySet()) {
      if (name.startsWith("network.head.")) {
        assertThat(started.get(name).values())
            .as(name)
            .isEqualTo(drawn.get(name).values())
            .isNotEqualTo(exported.get(name).values());
      } else if (name.endsWith(".kernel") && name.startsWith("network.")) {
        assertThat(started.get(name).values())
            .as(name)
            .isEqualTo(exported.get(name).values())
            .isNotEqualTo(drawn.get(name).values());
        kernels++;
      }
    }
    assertThat(kernels).isEqualTo(1 + 4 * 2 + 3);
    // The momentum of means and variances started from those of the file.
    assertThat(started.get("network.stem.norm.mean").values())
        .isNotEqualTo(drawn.get("network.stem.norm.mean").values());
  }

  @Test
  void aFileIsKnownByItsBytes() throws IOException {
    PretrainStage stage = new PretrainStage();
    PretrainConfig config = startingFrom(file).build();
    assertThat(stage.sourceFingerprint(CONFIG)).isEmpty();
    String before = stage.sourceFingerprint(config);
    Files.setLastModifiedTime(file, FileTime.fromMillis(1));
    assertThat(stage.sourceFingerprint(config)).isEqualTo(before).startsWith("sha256:");
    StageContext<PretrainConfig> planned = runner.context(stage, config, inputs);
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 1] ^= 1;
    Files.write(file, bytes);
    assertThat(stage.sourceFingerprint(config)).isNotEqualTo(before);
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> InitialWeights.read(planned))
        .withMessageContaining("but had " + before + " when step pretrain was planned");
  }

  @Test
  void whatDoesNotFitIsNamedBeforeTraining() throws IOException {
    PretrainStage stage = new PretrainStage();
    PretrainConfig nowhere = startingFrom(directory.resolve("nowhere")).build();
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> stage.sourceFingerprint(nowhere))
        .withMessage(
            "pretrain.initial_weights is %s, where there is no file", directory.resolve("nowhere"));

    PretrainConfig.Builder other = startingFrom(file);
    other.getNetworkBuilder().setArchitecture(Architecture.ARCHITECTURE_RESNET18_CIFAR);
    StageContext<PretrainConfig> context = runner.context(stage, other.build(), inputs);
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> stage.check(context))
        .withMessageStartingWith(
            "pretrain.initial_weights: " + file + " does not hold the weights");

    Path damaged = Files.writeString(directory.resolve("damaged"), "no weights");
    StageContext<PretrainConfig> unreadable =
        runner.context(stage, startingFrom(damaged).build(), inputs);
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> stage.check(unreadable))
        .withMessageStartingWith("pretrain.initial_weights: " + damaged + " is damaged: ");
  }

  @Test
  void anExportSaysWhatTheWeightsAreFor() throws IOException {
    SafetensorsFile exported = SafetensorsFile.open(file);
    assertThat(exported.metadata())
        .containsEntry("input_size", "8")
        .containsEntry("channel_order", "RGB")
        .containsEntry("mean", "0.4914 0.4822 0.4465")
        .containsEntry("std", "0.2023 0.1994 0.201")
        .containsEntry("batch_norm_epsilon", "1e-5")
        .containsEntry("model", model.digest());
    assertThat(exported.tensor("layer2.0.downsample.0.weight").orElseThrow().shape())
        .isEqualTo(List.of(64, 32, 1, 1));
    assertThatExceptionOfType(FileAlreadyExistsException.class)
        .isThrownBy(() -> BackboneExport.write(model, file));
    assertThatExceptionOfType(ArtifactException.class)
        .isThrownBy(() -> BackboneExport.write(inputs.get("dataset"), directory.resolve("another")))
        .withMessageEndingWith("is of type Dataset, valid is Model");
  }
}
