package org.kindred.models.objective;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kindred.models.TestGraph;
import org.kindred.proto.pipeline.v1.DeepClusterV2;
import org.kindred.proto.pipeline.v1.InstDisc;
import org.kindred.proto.pipeline.v1.InstDiscLoss;
import org.kindred.proto.pipeline.v1.Objective;
import org.kindred.proto.pipeline.v1.PIRL;
import org.tensorflow.GraphOperation;

/** What objectives read of a memory bank. */
final class MemoryBankTest {

  private static final int EXAMPLES = 100;

  static Stream<Objective> objectivesOfSomeRows() {
    return Stream.of(
        Objective.newBuilder()
            .setInstdisc(
                InstDisc.newBuilder()
                    .setLoss(InstDiscLoss.INST_DISC_LOSS_NCE)
                    .setNoiseSamples(2)
                    .setProximalWeight(1))
            .build(),
        Objective.newBuilder().setPirl(PIRL.newBuilder().setNegatives(2)).build(),
        Objective.newBuilder()
            .setDeepclusterV2(DeepClusterV2.newBuilder().setPrototypes(2))
            .build());
  }

  /** A read of the whole bank is a copy of it. */
  @ParameterizedTest
  @MethodSource("objectivesOfSomeRows")
  void onlyTheRowsThatAreAskedForAreRead(Objective config) {
    try (TestGraph graph = new TestGraph()) {
      TrainingObjective objective = Objectives.create(config);
      int views = objective.views().size();
      TestStep step =
          new TestStep(
              graph,
              graph.constant(new float[2 * views * 2], 2L * views, 2),
              new int[] {3, 7},
              EXAMPLES,
              3,
              Optional.empty());
      step.loss(objective);
      assertThat(step.updates()).isNotEmpty();
      List<String> banks =
          graph.variables().names().stream()
              .filter(name -> name.startsWith(TrainingObjective.MEMORY_BANK))
              .toList();
      assertThat(banks).isNotEmpty();
      for (String bank : banks) {
        GraphOperation read = (GraphOperation) graph.variables().get(bank).value().op();
        assertThat(read.consumers()).as(bank).isEmpty();
      }
    }
  }
}
