package org.kindred.models.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kindred.models.Golden;
import org.kindred.models.TestGraph;
import org.kindred.models.tensorflow.Initializer;
import org.kindred.proto.pipeline.v1.Larc;
import org.kindred.proto.pipeline.v1.Sgd;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

final class MomentumSgdTest {

  /** One parameter in a graph. */
  private record Parameter(TestGraph graph, Operand<TFloat32> value, String buffer) {

    static Parameter of(TestGraph graph, String name, Shape shape, float... start) {
      Operand<TFloat32> value =
          graph.variables().parameter(name, shape, (target, seed, number) -> target.put(start));
      return new Parameter(graph, value, "optimizer.momentum." + name);
    }

    float[] fetch() {
      return graph.fetch(value).get(0);
    }

    float[] fetchBuffer() {
      return graph.fetch(graph.variables().get(buffer).value()).get(0);
    }
  }

  private static List<Op> updates(
      TestGraph graph, MomentumSgd sgd, float rate, List<Operand<TFloat32>> gradients) {
    return sgd.updates(graph.tf(), graph.variables(), gradients, graph.tf().constant(rate));
  }

  /** One step from {@code start} at rate 1; returns what was subtracted. */
  private static float[] step(Sgd.Builder config, Shape shape, float[] start, float... gradient) {
    try (TestGraph graph = new TestGraph()) {
      Parameter w = Parameter.of(graph, "w", shape, start);
      Operand<TFloat32> g = graph.constant(gradient, shape.asArray());
      List<Op> updates = updates(graph, new MomentumSgd(config.build()), 1, List.of(g));
      graph.initialize(1);
      graph.run(updates);
      float[] moved = w.fetch();
      for (int i = 0; i < moved.length; i++) {
        moved[i] = start[i] - moved[i];
      }
      return moved;
    }
  }

  private static Sgd.Builder config(JsonNode inputs) {
    return Sgd.newBuilder()
        .setMomentum(inputs.get("momentum").asDouble())
        .setWeightDecay(inputs.get("weight_decay").asDouble());
  }

  private static void checkGolden(String name, boolean nesterov) {
    Golden golden = Golden.only("optim", name);
    JsonNode inputs = golden.inputs();
    MomentumSgd sgd = new MomentumSgd(config(inputs).setNesterov(nesterov).build());
    try (TestGraph graph = new TestGraph()) {
      Parameter w = Parameter.of(graph, "w", Shape.of(2), Golden.floats(inputs.get("w")));
      updates(graph, sgd, 0, List.of(w.value()));
      graph.initialize(1);
      for (int step = 0; step < 3; step++) {
        Operand<TFloat32> gradient =
            graph.constant(Golden.floats(inputs.get("grads").get(step)), 2);
        float rate = (float) inputs.get("lr").get(step).asDouble();
        graph.run(updates(graph, sgd, rate, List.of(gradient)));
        golden.check(w.fetch(), golden.expected().get("w_after_each_step").get(step));
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

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void larcAgreesWithTheGoldenStep(boolean clip) {
    Golden golden = Golden.only("optim", "larc_clip_" + clip);
    JsonNode inputs = golden.inputs();
    Larc larc =
        Larc.newBuilder().setTrustCoefficient(inputs.get("trust").asDouble()).setClip(clip).build();
    MomentumSgd sgd = new MomentumSgd(config(inputs).setLarc(larc).build());
    try (TestGraph graph = new TestGraph()) {
      Parameter w = Parameter.of(graph, "w", Shape.of(2), Golden.floats(inputs.get("w")));
      Operand<TFloat32> gradient = graph.constant(Golden.floats(inputs.get("g")), 2);
      float rate = (float) inputs.get("lr").asDouble();
      List<Op> updates = updates(graph, sgd, rate, List.of(gradient));
      graph.initialize(1);
      graph.run(updates);
      golden.check(w.fetch(), golden.expected().get("w_after_first_step"));
      // Its elements are smaller than the suite's absolute tolerance.
      float[] direction = w.fetchBuffer();
      JsonNode want = golden.expected().get("effective_grad");
      for (int i = 0; i < direction.length; i++) {
        assertThat(direction[i] / want.get(i).asDouble()).isBetween(1 - 2e-6, 1 + 2e-6);
      }
    }
  }

  /** With a factor of at most 1 the step is at most that of plain descent. */
  @Test
  void larcsClipIsAtMostOne() {
    Sgd.Builder clipped =
        Sgd.newBuilder()
            .setWeightDecay(0)
            .setLarc(Larc.newBuilder().setTrustCoefficient(100).setClip(true));
    assertThat(step(clipped, Shape.of(1), new float[] {4}, 2)).containsExactly(2);
    clipped.getLarcBuilder().setClip(false);
    assertThat(step(clipped, Shape.of(1), new float[] {4}, 2)[0]).isBetween(399f, 401f);
  }

  @Test
  void larcLeavesATensorWithoutANormAlone() {
    Sgd.Builder larc =
        Sgd.newBuilder().setWeightDecay(0.5).setLarc(Larc.newBuilder().setTrustCoefficient(0.1));
    assertThat(step(larc, Shape.of(2), new float[] {0, 0}, 3, -4)).containsExactly(3, -4);
    assertThat(step(larc, Shape.of(2), new float[] {1, 2}, 0, 0)).containsExactly(0, 0);
    larc.getLarcBuilder().setClip(true);
    assertThat(step(larc, Shape.of(2), new float[] {0, 0}, 3, -4)).containsExactly(3, -4);
  }

  /** 0.5 |w| / (|g| + 0.5 |w|) (g + 0.5 w) of w = 4 and g = 2 is 2. */
  @Test
  void larcLeavesBiasesAndNormsOutOnDemand() {
    Sgd.Builder larc =
        Sgd.newBuilder()
            .setWeightDecay(0.5)
            .setLarc(Larc.newBuilder().setTrustCoefficient(0.5).setExcludeBiasAndNorm(true));
    assertThat(step(larc, Shape.of(1), new float[] {4}, 3)).containsExactly(3);
    assertThat(step(larc, Shape.of(1, 1), new float[] {4}, 2)).containsExactly(2);
    larc.getLarcBuilder().setExcludeBiasAndNorm(false);
    assertThat(step(larc, Shape.of(1), new float[] {4}, 2)).containsExactly(2);
  }

  /** As SwAV's prototypes do for the first two steps. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aFrozenParameterAndItsMomentumStandStill(boolean nesterov) {
    MomentumSgd sgd =
        new MomentumSgd(
            Sgd.newBuilder().setMomentum(0.5).setWeightDecay(0.25).setNesterov(nesterov).build());
    try (TestGraph graph = new TestGraph()) {
      Parameter frozen = Parameter.of(graph, "frozen", Shape.of(2), 1, -2);
      Parameter free = Parameter.of(graph, "free", Shape.of(2), 1, -2);
      Placeholder<TInt64> step =
          graph.tf().placeholder(TInt64.class, Placeholder.shape(Shape.scalar()));
      Placeholder<TFloat32> gradient =
          graph.tf().placeholder(TFloat32.class, Placeholder.shape(Shape.of(2)));
      Operand<TBool> inFirstTwo = graph.tf().math.less(step, graph.tf().constant(2L));
      List<Op> updates =
          sgd.updates(
              graph.tf(),
              graph.variables(),
              List.of(gradient, gradient),
              graph.tf().constant(0.5f),
              Map.of("frozen", inFirstTwo));
      graph.initialize(1);
      for (long number = 0; number < 2; number++) {
        run(graph, updates, step, number, gradient, Float.NaN);
        assertThat(frozen.fetch()).containsExactly(1, -2);
        assertThat(frozen.fetchBuffer()).containsExactly(0, 0);
        assertThat(free.fetch()).containsExactly(Float.NaN, Float.NaN);
      }
      graph.initialize(1);
      run(graph, updates, step, 2, gradient, 1);
      assertThat(frozen.fetchBuffer()).containsExactly(1.25f, 0.5f);
      assertThat(frozen.fetch()).isEqualTo(free.fetch());
      float[] weight = frozen.fetch();
      run(graph, updates, step, 0, gradient, 1);
      assertThat(frozen.fetch()).containsExactly(weight);
      assertThat(frozen.fetchBuffer()).containsExactly(1.25f, 0.5f);
      assertThat(free.fetch()).isNotEqualTo(weight);
    }
  }

  private static void run(
      TestGraph graph,
      List<Op> updates,
      Operand<TInt64> step,
      long number,
      Operand<TFloat32> gradient,
      float slope) {
    try (TInt64 numberValue = TInt64.scalarOf(number);
        TFloat32 gradientValue = TFloat32.vectorOf(slope, slope)) {
      graph.run(updates, Map.of(step, numberValue, gradient, gradientValue));
    }
  }

  @Test
  void aFrozenParameterMustExist() {
    try (TestGraph graph = new TestGraph()) {
      Parameter w = Parameter.of(graph, "w", Shape.of(1), 1);
      Map<String, Operand<TBool>> frozen = Map.of("v", graph.tf().constant(true));
      assertThatThrownBy(
              () ->
                  new MomentumSgd(Sgd.getDefaultInstance())
                      .updates(
                          graph.tf(),
                          graph.variables(),
                          List.of(w.value()),
                          graph.tf().constant(1f),
                          frozen))
          .hasMessage("frozen parameter is v, valid is one of [w]");
    }
  }

  @Test
  void keepsOneBufferPerParameter() {
    try (TestGraph graph = new TestGraph()) {
      Operand<TFloat32> a = graph.variables().parameter("a", Shape.of(2), Initializer.constant(1));
      Operand<TFloat32> b = graph.variables().parameter("b", Shape.of(3), Initializer.constant(1));
      updates(graph, new MomentumSgd(Sgd.getDefaultInstance()), 1, List.of(a, b));
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
        .hasMessage("optimizer.weight_decay is -1.0, valid is 0 or more, finite");
    Larc larc = Larc.newBuilder().setTrustCoefficient(0).build();
    assertThatThrownBy(() -> new MomentumSgd(Sgd.newBuilder().setLarc(larc).build()))
        .hasMessage("optimizer.larc.trust_coefficient is 0.0, valid is above 0, finite");
  }
}
