package org.kindred.pipelines.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Message;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kindred.proto.pipeline.v1.AugmentConfig;
import org.kindred.proto.pipeline.v1.ExtractConfig;
import org.kindred.proto.pipeline.v1.GraphConfig;
import org.kindred.proto.pipeline.v1.PretrainConfig;

final class OverridesTest {
  private static final String YAML =
      """
      name: a
      steps:
        - stage: augment
          config: {views: {preset: A-cifar-is, size: 48}}
        - stage: pretrain
          config:
            views: {preset: A-cifar-is}
            evaluation: {preset: test}
            objective:
              invaspread: {temperature: 0.1}
            schedule: {preset: invaspread_seen}
        - stage: extract
        - id: near
          stage: graph
          config:
      """;

  @Test
  void setsFieldsAtAnyDepth() {
    AugmentConfig augment = (AugmentConfig) config(0, "augment.views.preset=A-swav");
    assertThat(augment.getViews().getPreset()).isEqualTo("A-swav");
    assertThat(augment.getViews().getSize()).isEqualTo(48);

    PretrainConfig pretrain =
        (PretrainConfig) config(1, "pretrain.objective.invaspread.temperature=0.2");
    assertThat(pretrain.getObjective().getInvaspread().getTemperature()).isEqualTo(0.2);
  }

  @Test
  void setsListsAndMissingConfigs() {
    ExtractConfig extract = (ExtractConfig) config(2, "extract.layers=[embedding,pooled]");
    assertThat(extract.getLayersList()).containsExactly("embedding", "pooled");
    GraphConfig graph = (GraphConfig) config(3, "near.features.layer=pooled", "near.k=7");
    assertThat(graph.getFeatures().getLayer()).isEqualTo("pooled");
    assertThat(graph.getK()).isEqualTo(7);
  }

  @Test
  void setsTheExperimentsOwnFields() {
    ExperimentSpec spec = TestStages.read(YAML, "seed=3", "name=b", "description=a = b");
    assertThat(spec.description()).isEqualTo("a = b");
    assertThat(spec.seed()).isEqualTo(3);
    assertThat(spec.name()).isEqualTo("b");
  }

  @Test
  void replacesTheOtherMemberOfAOneof() {
    PretrainConfig config =
        (PretrainConfig)
            config(
                1,
                "pretrain.objective.instdisc.bank_momentum=0.4",
                "pretrain.schedule.steps.drops=[{epoch: 1, factor: 0.1}]");
    assertThat(config.getObjective().hasInvaspread()).isFalse();
    assertThat(config.getObjective().getInstdisc().getBankMomentum()).isEqualTo(0.4);
    assertThat(config.getSchedule().hasPreset()).isFalse();
    assertThat(config.getSchedule().getSteps().getDrops(0).getEpoch()).isEqualTo(1);
  }

  @Test
  void theLaterAssignmentWins() {
    assertThat(((GraphConfig) config(3, "near.k=7", "near.k=8")).getK()).isEqualTo(8);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "near.q=7|near.q: unknown field; valid: features, split, k, metric, tile_rows, search, base_split",
        "near.k=0|near.k: 0 is out of range, valid is 1 to 1000",
        "near.k=|near.k: has no value",
        "near.k.x=1|near.k: a mapping is not a whole number",
        "near.metric=[cosine|while parsing a flow sequence, expected ',' or ']', but got"
            + " <stream end>",
        "graph.k=7|unknown step \"graph\"; valid: augment, pretrain, extract, near",
        "extrct.k=7"
            + "|unknown step \"extrct\"; did you mean \"extract\"?"
            + " valid: augment, pretrain, extract, near",
        "sed=7"
            + "|sed: unknown field; did you mean \"seed\"? valid: name, description, seed,"
            + " augment.FIELD, pretrain.FIELD, extract.FIELD, near.FIELD",
        "near.k|is not of the form step.field=value or seed=value",
        "=7|is not of the form step.field=value or seed=value",
        "near..k=7|is not of the form step.field=value or seed=value",
        "extract.layers.0=pooled"
            + "|extract.layers: an element of a list cannot be set, only the whole list",
        "extract.layers[0]=pooled"
            + "|extract.layers[0]: an element of a list cannot be set, only the whole list",
      })
  void refuses(String assignment, String message) {
    assertThatThrownBy(() -> TestStages.read(YAML, assignment))
        .isInstanceOf(ExperimentException.class)
        .hasMessage("--set " + assignment + ": " + message);
  }

  private static Message config(int step, String... overrides) {
    return TestStages.read(YAML, overrides).steps().get(step).config();
  }
}
