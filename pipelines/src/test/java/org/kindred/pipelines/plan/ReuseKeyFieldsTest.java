package org.kindred.pipelines.plan;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.kindred.proto.pipeline.v1.Checkpoints;
import org.kindred.proto.pipeline.v1.ClusterConfig;
import org.kindred.proto.pipeline.v1.GraphConfig;
import org.kindred.proto.pipeline.v1.InstDisc;
import org.kindred.proto.pipeline.v1.Objective;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.proto.pipeline.v1.PropagateConfig;
import org.kindred.proto.pipeline.v1.Run;
import org.kindred.proto.pipeline.v1.RunStep;

final class ReuseKeyFieldsTest {

  @Test
  void whatChangesNoResultIsLeftOut() {
    PretrainConfig config =
        PretrainConfig.newBuilder()
            .setEpochs(3)
            .setObjective(
                Objective.newBuilder().setInstdisc(InstDisc.newBuilder().setTemperature(0.07)))
            .build();
    PretrainConfig often =
        config.toBuilder().setCheckpoints(Checkpoints.newBuilder().setEveryMinutes(5)).build();
    assertThat(ReuseKeyFields.of(often)).isEqualTo(ReuseKeyFields.of(config)).isEqualTo(config);
    assertThat(ReuseKeyFields.of(often.toBuilder().setEpochs(4).build()))
        .isEqualTo(config.toBuilder().setEpochs(4).build());
  }

  @Test
  void howMuchOfTheWorkIsDoneAtATimeIsLeftOut() {
    GraphConfig graph = GraphConfig.newBuilder().setK(3).build();
    assertThat(ReuseKeyFields.of(graph.toBuilder().setTileRows(4096).build())).isEqualTo(graph);
    assertThat(ReuseKeyFields.has(PropagateConfig.getDescriptor(), "execution")).isFalse();
    assertThat(ReuseKeyFields.has(ClusterConfig.getDescriptor(), "execution")).isFalse();
  }

  @Test
  void messagesInsideOthersKeepTheirFields() {
    Run run = Run.newBuilder().addSteps(RunStep.newBuilder().setId("a")).setId("r").build();
    assertThat(ReuseKeyFields.of(run)).isEqualTo(run);
  }

  @Test
  void aPathTellsWhetherItsFieldHasAPart() {
    assertThat(ReuseKeyFields.has(PretrainConfig.getDescriptor(), "checkpoints.keep")).isFalse();
    assertThat(ReuseKeyFields.has(PretrainConfig.getDescriptor(), "checkpoints")).isFalse();
    assertThat(ReuseKeyFields.has(PretrainConfig.getDescriptor(), "views.recipe.operations[2].x"))
        .isTrue();
    assertThat(ReuseKeyFields.has(PretrainConfig.getDescriptor(), "epochs")).isTrue();
    assertThat(ReuseKeyFields.has(PretrainConfig.getDescriptor(), "of.another.version")).isTrue();
  }
}
