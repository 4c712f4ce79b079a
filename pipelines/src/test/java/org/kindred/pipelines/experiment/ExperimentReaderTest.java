package org.kindred.pipelines.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Descriptors.FieldDescriptor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kindred.proto.artifact.v1.FeatureSource;
import org.kindred.proto.artifact.v1.Metric;
import org.kindred.proto.pipeline.v1.GraphConfig;
import org.kindred.proto.pipeline.v1.IngestConfig;
import org.kindred.proto.pipeline.v1.Objective;

final class ExperimentReaderTest {
  private static final String TWO_GRAPHS =
      """
      name: pair
      description: two graphs of one set
      seed: 18446744073709551615
      steps:
        - stage: extract
          inputs: {model: 'artifact:0123abcd'}
        - stage: graph
          inputs:
            embeddings: extract
        - id: wide
          stage: graph
          inputs: {embeddings: extract}
          config:
            features: {source: pixels, layer: pixels}
            k: 50
            metric: METRIC_EUCLIDEAN
      """;

  @Test
  void readsTypedSteps() {
    ExperimentSpec spec = TestStages.read(TWO_GRAPHS);
    assertThat(spec.source()).isEqualTo("x.yaml");
    assertThat(spec.name()).isEqualTo("pair");
    assertThat(spec.description()).isEqualTo("two graphs of one set");
    assertThat(Long.toUnsignedString(spec.seed())).isEqualTo("18446744073709551615");
    assertThat(spec.steps()).extracting(StepSpec::id).containsExactly("extract", "graph", "wide");
    assertThat(spec.steps().get(0).inputs()).containsEntry("model", "artifact:0123abcd");

    StepSpec wide = spec.steps().get(2);
    assertThat(wide.stage()).isEqualTo("graph");
    assertThat(wide.inputs()).containsOnlyKeys("embeddings").containsValue("extract");
    assertThat(wide.at()).hasToString("x.yaml:10");
    GraphConfig config = (GraphConfig) wide.config();
    assertThat(config.getK()).isEqualTo(50);
    assertThat(config.getMetric()).isEqualTo(Metric.METRIC_EUCLIDEAN);
    assertThat(config.getFeatures().getSource()).isEqualTo(FeatureSource.FEATURE_SOURCE_PIXELS);
  }

  @Test
  void relativePathsAreTakenFromWhereTheyStand() {
    String yaml =
        "{name: a, steps: [{stage: ingest, config: {source: %s, format: image_tree, list: l.csv}}]}";
    assertThat(source(TestStages.read(yaml.formatted("../photos"))))
        .as("in a file")
        .isEqualTo("/photos");
    assertThat(source(TestStages.read(yaml.formatted("x"), "ingest.source=photos.zip")))
        .as("on the command line")
        .isEqualTo(Path.of("photos.zip").toAbsolutePath().toString());
    for (String absolute : List.of("/data/photos", "s3://bucket/photos")) {
      ExperimentSpec spec = TestStages.read(yaml.formatted(absolute));
      assertThat(source(spec)).isEqualTo(absolute);
      assertThat(((IngestConfig) spec.steps().get(0).config()).getList())
          .as("not a path of the local file system")
          .isEqualTo("l.csv");
    }
  }

  private static String source(ExperimentSpec spec) {
    return ((IngestConfig) spec.steps().get(0).config()).getSource();
  }

  @Test
  void anOverrideDoesNotHideWhatIsWrongInTheFile() {
    assertThatThrownBy(
            () ->
                TestStages.read("{name: a, steps: [{stage: graph, config: [k, 7]}]}", "graph.k=3"))
        .isInstanceOf(ExperimentException.class)
        .hasMessageContaining("graph: a list is not a mapping");
    assertThatThrownBy(
            () ->
                TestStages.read(
                    "{name: a, steps: [{stage: graph, config: {features: pooled}}]}",
                    "graph.features.layer=pooled"))
        .isInstanceOf(ExperimentException.class)
        .hasMessageContaining("graph.features: pooled is not a mapping");
  }

  @Test
  void resolvesDefaults() {
    ExperimentSpec spec = TestStages.read("{name: a, steps: [{stage: graph}]}");
    assertThat(spec.seed()).isEqualTo(1);
    assertThat(spec.description()).isEmpty();
    GraphConfig config = (GraphConfig) spec.steps().get(0).config();
    assertThat(config.hasK()).isTrue();
    assertThat(config.getFeatures().hasLayer()).isTrue();
  }

  @Test
  void reportsEverythingTogether() {
    assertProblem(
        """
        nam: a
        steps:
          - stage: graph
            config: {k: 0, split: }
          - stage: grph
          - config: {}
        """,
        """
        x.yaml:1: nam: unknown field; did you mean "name"? valid: name, description, seed, steps
        x.yaml:1: name: is required
        x.yaml:4: graph.k: 0 is out of range, valid is 1 to 1000
        x.yaml:4: graph.split: has no value
        x.yaml:5: steps[1].stage: unknown stage "grph"; did you mean "graph"? valid: ingest, \
        augment, pretrain, extract, graph, propagate, cluster, evaluate
        x.yaml:6: steps[2].stage: is required""");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{k: 1001}|graph.k: 1001 is out of range, valid is 1 to 1000",
        "{k: 99999999999}|graph.k: 99999999999 is out of range, valid is 1 to 1000",
        "{k: 7.0}|graph.k: 7.0 is not a whole number",
        "{k: 010}|graph.k: 010 is not a whole number",
        "{k: '7'}|graph.k: \"7\" is not a whole number",
        "{k: ten}|graph.k: ten is not a whole number",
        "{k: [7]}|graph.k: a list is not a whole number",
        "{k: {a: 7}}|graph.k: a mapping is not a whole number",
        "{k: ~}|graph.k: has no value",
        "{split: [train]}|graph.split: a list is not text",
        "{features: embedding}|graph.features: embedding is not a mapping",
        "{features: {layr: pooled}}"
            + "|graph.features.layr: unknown field; did you mean \"layer\"? valid: source, layer",
        "{q: 7}|graph.q: unknown field; valid: features, split, k, metric, tile_rows, search, base_split",
        "{tileRows: 7}"
            + "|graph.tileRows: unknown field; did you mean \"tile_rows\"?"
            + " valid: features, split, k, metric, tile_rows, search, base_split",
        "{metric: cosin}"
            + "|graph.metric: cosin is not valid; did you mean \"cosine\"? valid: cosine, euclidean",
        "{metric: unspecified}|graph.metric: unspecified is not valid; valid: cosine, euclidean",
        "{metric: METRIC_UNSPECIFIED}"
            + "|graph.metric: METRIC_UNSPECIFIED is not valid; valid: cosine, euclidean",
        "[k]|graph: a list is not a mapping",
      })
  void refusesGraphConfigs(String config, String message) {
    assertProblem(
        "name: a\nsteps:\n  - stage: graph\n    config: " + config, "x.yaml:4: " + message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "objective: {}" + "|x.yaml:7: pretrain.objective: must not be empty; valid: <objectives>",
        "objective:" + "|x.yaml:7: pretrain.objective: must not be empty; valid: <objectives>",
        "objective: {invaspread: , instdisc: }"
            + "|x.yaml:7: pretrain.objective.instdisc: invaspread is set already, only one may be"
            + " set of: <objectives>",
        "objective: {invaspread: {temperature: 0}}"
            + "|x.yaml:7: pretrain.objective.invaspread.temperature: 0 is out of range, valid is"
            + " above 0 and at most 10",
        "objective: {invaspread: {temperature: .nan}}"
            + "|x.yaml:7: pretrain.objective.invaspread.temperature: .nan is not a finite number",
        "objective: {invaspread: {temperature: 1e999}}"
            + "|x.yaml:7: pretrain.objective.invaspread.temperature: 1e999 is not a finite number",
        "objective: {instdisc: {bank_momentum: 1}}"
            + "|x.yaml:7: pretrain.objective.instdisc.bank_momentum: 1 is out of range, valid is"
            + " at least 0 and below 1",
        "split: train|x.yaml:5: pretrain.objective: is required",
        "optimizer: {nesterov: yes}"
            + "|x.yaml:5: pretrain.objective: is required"
            + "\\nx.yaml:7: pretrain.optimizer.nesterov: yes is not true or false",
      })
  void refusesPretrainConfigs(String line, String message) {
    String yaml =
        """
        name: a
        steps:
          - stage: pretrain
            config:
              views: {preset: A-swav}
              evaluation: {preset: test}
        """;
    String objectives =
        Objective.getDescriptor().getFields().stream()
            .map(FieldDescriptor::getName)
            .collect(Collectors.joining(", "));
    String[] expected = message.replace("<objectives>", objectives).split("\\\\n");
    assertThatThrownBy(() -> TestStages.read(yaml + "      " + line))
        .isInstanceOfSatisfying(
            ExperimentException.class,
            e -> assertThat(e.getMessage().lines()).containsExactlyInAnyOrder(expected));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "epochs: 0|epochs: 0 is out of range, valid is 1 to 10000",
        "batch_size: 65537|batch_size: 65537 is out of range, valid is 1 to 65536",
        "learning_rate: 0|learning_rate: 0 is out of range, valid is above 0 and at most 1000",
        "momentum: 1|momentum: 1 is out of range, valid is at least 0 and below 1",
        "weight_decay: -0.1|weight_decay: -0.1 is out of range, valid is 0 to 1",
        "seed: -1|seed: -1 is out of range, valid is 0 to 18446744073709551615",
        "standardize: yes|standardize: yes is not true or false",
        "layers: pooled|layers: pooled is not a list",
        "schedule: {cosine: , preset: invp_cosine}"
            + "|schedule.preset: cosine is set already, only one may be set of: preset, steps,"
            + " cosine",
        "layer: pooled"
            + "|layer: unknown field; did you mean \"layers\"? valid: layers, standardize, epochs,"
            + " batch_size, learning_rate, schedule, momentum, weight_decay, seed",
      })
  void refusesLinearProbes(String field, String message) {
    assertProblem(
        "name: a\nsteps:\n  - stage: evaluate\n    config: {linear_probe: {" + field + "}}",
        "x.yaml:4: evaluate.linear_probe." + message);
  }

  @Test
  void namesTheElementOfAList() {
    assertProblem(
        """
        name: a
        steps:
          - stage: pretrain
            config:
              views: {preset: A-swav}
              evaluation: {preset: test}
              objective: {instdisc: }
              schedule:
                steps:
                  drops:
                    - {epoch: 10, factor: 0.1}
                    - {epoch: 20, factor: -1}
                    - epoch: 30
        """,
        """
        x.yaml:12: pretrain.schedule.steps.drops[1].factor: -1 is out of range, valid is at least 0
        x.yaml:13: pretrain.schedule.steps.drops[2].factor: is required""");
  }

  @Test
  void refusesIdsAndInputs() {
    assertProblem(
        """
        name: my experiment
        steps:
          - stage: graph
            inputs: {embeddings: extrct, other: 'artifact:'}
          - stage: graph
          - id: a.b
            stage: extract
            inputs: {model: }
        """,
        """
        x.yaml:1: name: "my experiment" is not valid; valid: letters, digits, "-" and "_"
        x.yaml:4: graph.inputs.embeddings: unknown step "extrct"; valid: graph, a.b, artifact:REF
        x.yaml:4: graph.inputs.other: unknown step "artifact:"; did you mean "artifact:REF"? \
        valid: graph, a.b, artifact:REF
        x.yaml:5: steps[1].id: duplicate id "graph", first at x.yaml:3
        x.yaml:6: steps[2].id: "a.b" is not valid; valid: letters, digits, "-" and "_"
        x.yaml:8: steps[2].inputs.model: has no value""");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''|x.yaml: name: is required\\nx.yaml: steps: is required",
        "[1]|x.yaml:1: a list is not a mapping",
        "{name: a, steps: []}|x.yaml:1: steps: must not be empty",
        "{name: a, steps: graph}|x.yaml:1: steps: graph is not a list",
        "{name: a, steps: [graph]}|x.yaml:1: steps[0]: graph is not a mapping",
        "{name: a, steps: [{stage: }]}|x.yaml:1: steps[0].stage: must not be empty",
        "{name: a, steps: [{stage: [graph]}]}|x.yaml:1: steps[0].stage: a list is not text",
      })
  void refusesDocumentsOfAnotherShape(String yaml, String message) {
    assertProblem(yaml, message.replace("\\n", "\n"));
  }

  @Test
  void readsFilesAndPresets(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("pair.yaml"), TWO_GRAPHS);
    assertThat(TestStages.READER.read(file.toString(), List.of("seed=3")))
        .satisfies(
            spec -> {
              assertThat(spec.source()).isEqualTo(file.toString());
              assertThat(spec.seed()).isEqualTo(3);
              assertThat(spec.overrides()).containsExactly("seed=3");
            });
    assertThat(TestStages.READER.read("quickstart", List.of()).source()).isEqualTo("quickstart");
  }

  @Test
  void namesWhatItCannotRead(@TempDir Path folder) throws IOException {
    assertThatThrownBy(() -> TestStages.READER.read("quikstart", List.of()))
        .isInstanceOf(ExperimentException.class)
        .hasMessage(
            "quikstart: no such file or preset; did you mean \"quickstart\"? valid: quickstart,"
                + " invaspread-cifar10, instdisc-cifar10");
    Path latin = Files.write(folder.resolve("latin.yaml"), new byte[] {'a', ':', (byte) 0xE4});
    assertThatThrownBy(() -> TestStages.READER.read(latin.toString(), List.of()))
        .isInstanceOf(ExperimentException.class)
        .hasMessage(latin + ": is not UTF-8 text");
    assertThatThrownBy(() -> TestStages.READER.read(folder.toString(), List.of()))
        .isInstanceOf(ExperimentException.class)
        .hasMessageStartingWith(folder + ": cannot be read: ");
  }

  private static void assertProblem(String yaml, String message) {
    assertThatThrownBy(() -> TestStages.read(yaml))
        .isInstanceOf(ExperimentException.class)
        .hasMessage(message);
  }
}
