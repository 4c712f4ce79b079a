package org.kindred.pipelines.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Message;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kindred.proto.artifact.v1.Architecture;
import org.kindred.proto.pipeline.v1.EvaluateConfig;
import org.kindred.proto.pipeline.v1.IngestConfig;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.proto.pipeline.v1.SchedulePreset;
import org.kindred.proto.pipeline.v1.SourceFormat;

final class PresetsTest {

  @Test
  void listsExactlyTheFolder() throws IOException, URISyntaxException {
    Path folder = Path.of(PresetsTest.class.getResource("/org/kindred/pipelines/presets").toURI());
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrderElementsOf(
              Presets.names().stream().map(name -> name + ".yaml").toList());
    }
  }

  static List<String> names() {
    return Presets.names();
  }

  @ParameterizedTest
  @MethodSource("names")
  void readsAgainstTheBuiltInStages(String name) {
    ExperimentSpec spec = TestStages.READER.read(name, List.of());
    assertThat(spec.name()).isEqualTo(name);
    assertThat(spec.description()).isNotEmpty();
    assertThat(step(spec, "evaluate").inputs()).containsEntry("clustering", "cluster");
    EvaluateConfig evaluation = (EvaluateConfig) step(spec, "evaluate").config();
    assertThat(evaluation.hasLinearProbe()).isTrue();
    assertThat(evaluation.getLinearProbe().hasEpochs()).as("defaults are written out").isTrue();
    assertThat(spec.steps())
        .extracting(StepSpec::id)
        .contains("ingest", "pretrain", "extract", "graph", "propagate", "cluster", "evaluate");
  }

  @ParameterizedTest
  @MethodSource("names")
  void explainsItself(String name) {
    assertThat(Presets.text(name).lines().filter(line -> line.strip().startsWith("#")))
        .hasSizeGreaterThan(8);
  }

  @Test
  void cifarPresetsHaveThePublishedSettings() {
    PretrainConfig instdisc = (PretrainConfig) config("instdisc-cifar10", "pretrain");
    assertThat(instdisc.getNetwork().getArchitecture())
        .isEqualTo(Architecture.ARCHITECTURE_RESNET18_CIFAR);
    assertThat(instdisc.getViews().getPreset()).isEqualTo("A-cifar-id");
    assertThat(instdisc.getObjective().getInstdisc().getTemperature()).isEqualTo(0.1);
    assertThat(instdisc.getObjective().getInstdisc().getBankMomentum()).isEqualTo(0.5);
    assertThat(instdisc.getOptimizer().getLearningRate()).isEqualTo(0.03);
    assertThat(instdisc.getSchedule().getPreset())
        .isEqualTo(SchedulePreset.SCHEDULE_PRESET_INSTDISC_CIFAR);
    assertThat(instdisc.getEpochs()).isEqualTo(200);

    PretrainConfig invaspread = (PretrainConfig) config("invaspread-cifar10", "pretrain");
    assertThat(invaspread.getObjective().getInvaspread().getTemperature()).isEqualTo(0.1);
    assertThat(invaspread.getSchedule().getPreset())
        .isEqualTo(SchedulePreset.SCHEDULE_PRESET_INVASPREAD_SEEN);
    assertThat(((EvaluateConfig) config("invaspread-cifar10", "evaluate")).getKnn().getK())
        .isEqualTo(200);
  }

  @Test
  void theSourceCanBeOverridden() {
    IngestConfig ingest =
        (IngestConfig) config("invaspread-cifar10", "ingest", "ingest.source=/data/cifar");
    assertThat(ingest.getSource()).isEqualTo("/data/cifar");
    assertThat(ingest.getFormat()).isEqualTo(SourceFormat.SOURCE_FORMAT_CIFAR10_BINARY);
  }

  @Test
  void namesTheValidPresets() {
    assertThatThrownBy(() -> Presets.text("instdisk-cifar10"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "unknown preset \"instdisk-cifar10\"; did you mean \"instdisc-cifar10\"?"
                + " valid: quickstart, invaspread-cifar10, instdisc-cifar10");
  }

  private static Message config(String preset, String id, String... set) {
    return step(TestStages.READER.read(preset, List.of(set)), id).config();
  }

  private static StepSpec step(ExperimentSpec spec, String id) {
    return spec.steps().stream().filter(step -> step.id().equals(id)).findFirst().orElseThrow();
  }
}
