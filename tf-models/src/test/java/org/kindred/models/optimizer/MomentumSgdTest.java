package org.kindred.models.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kindred.models.Golden;
import org.kindred.models.TestGraph;
import org.kindred.models.tensorflow.Initializer;
import org.kindred.proto.pipeline.v1.Sgd;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

final class MomentumSgdTest {

  private static void checkGolden(String name, boolean nesterov) {
    Golden golden = Golden.only("optim", name);
    JsonNode inputs = golden.inputs();
    MomentumSgd sgd =
        new MomentumSgd(
            Sgd.newBuilder()
                .setMomentum(inputs.get("momentum").asDouble())
                .setWeightDecay(inputs.get("weight_decay").asDouble())
                .setNesterov(nesterov)
                .build());
    float[] start = Golden.floats(inputs.get("w"));
    try (TestGraph graph = new TestGraph()) {
      Operand<TFloat32> w =
          graph
              .variables()
              .parameter("w", Shape.of(2), (target, seed, number) -> target.put(start));
      sgd.updates(graph.tf(), graph.variables(), List.of(w), graph.tf().constant(0f));
      graph.initialize(1);
      for (int step = 0; step < 3; step++) {
        Operand<TFloat32> gradient =
            graph.constant(Golden.floats(inputs.get("grads").get(step)), 2);
        float rate = (float) inputs.get("lr").get(step).asDouble();
        graph.run(
            sgd.updates(
                graph.tf(), graph.variables(), List.of(gradient), graph.tf().constant(rate)));
        golden.check(graph.fetch(w).get(0), golden.expected().get("w_after_each_step").get(step));
      }
    }
  }

  @Test
  void agreesWithTheGoldenSteps() {
    checkGolden("sgd_momentum", false);
  }

  @Test
  void agreesWithTheGoldenStepsInNesterovsForm() {
    checkGolden("sgd_nesterov", true);
  }

  @Test
  void keepsOneBufferPerParameter() {
    try (TestGraph graph = new TestGraph()) {
      Operand<TFloat32> a = graph.variables().parameter("a", Shape.of(2), Initializer.constant(1));
      Operand<TFloat32> b = graph.variables().parameter("b", Shape.of(3), Initializer.constant(1));
      new MomentumSgd(Sgd.getDefaultInstance())
          .updates(graph.tf(), graph.variables(), List.of(a, b), graph.tf().constant(1f));
      assertThat(graph.variables().names())
          .containsExactly("a", "b", "optimizer.momentum.a", "optimizer.momentum.b");
      assertThat(graph.variables().parameters()).hasSize(2);
    }
  }

  @Test
  void namesWhatIsOutOfRange() {
    assertThatThrownBy(() -> new MomentumSgd(Sgd.newBuilder().setMomentum(1).build()))
        .hasMessage("optimizer.momentum is 1.0, valid is 0 to below 1");
    assertThatThrownBy(() -> new MomentumSgd(Sgd.newBuilder().setWeightDecay(-1).build()))
        .hasMessage("optimizer.weight_decay is -1.0, valid is 0 or more");
  }
}
