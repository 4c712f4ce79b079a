package org.kindred.models.objective;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.kindred.models.Golden;
import org.kindred.models.TestGraph;
import org.kindred.models.tensorflow.Initializer;
import org.kindred.models.tensorflow.Variables.Variable;
import org.kindred.proto.pipeline.v1.Exemplar;
import org.kindred.proto.pipeline.v1.Objective;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

final class ExemplarObjectiveTest {

  private static TrainingObjective objective() {
    return Objectives.create(
        Objective.newBuilder().setExemplar(Exemplar.getDefaultInstance()).build());
  }

  @Test
  void agreesWithTheGoldenLossAndGradientsOfProjections() {
    Golden golden = Golden.only("baselines", "exemplar_parametric");
    float[] weights = Golden.floats(golden.inputs().get("weights"));
    Initializer initial = (target, seed, number) -> target.put(weights);
    try (TestGraph graph = new TestGraph()) {
      Variable rows =
          graph.variables().learned(ExemplarObjective.CLASS_WEIGHTS, Shape.of(4, 3), initial);
      Operand<TFloat32> projections =
          graph.constant(Golden.floats(golden.inputs().get("features")), 2, 3);
      Operand<TFloat32> loss =
          new TestStep(
                  graph,
                  graph.constant(new float[6], 2, 3),
                  Golden.ints(golden.inputs().get("targets")),
                  4)
              .withProjections(projections)
              .loss(objective());
      Operand<TFloat32> ofProjections = graph.gradient(loss, projections);
      Operand<TFloat32> ofRows = graph.gradient(loss, rows.value());
      graph.initialize(1);
      List<float[]> got = graph.fetch(loss, ofProjections, ofRows);
      golden.check(got.get(0), golden.expected().get("loss"));
      golden.check(got.get(1), golden.expected().get("grad_features"));
      golden.check(got.get(2), golden.expected().get("grad_weights"));
    }
  }

  @Test
  void itsRowsAreParametersAndNoMemoryBank() {
    try (TestGraph graph = new TestGraph()) {
      new TestStep(graph, graph.constant(new float[8], 2, 4), new int[] {0, 1}, 100)
          .loss(objective());
      graph.initialize(7);
      assertThat(graph.variables().parameters())
          .extracting(Variable::name)
          .containsExactly(ExemplarObjective.CLASS_WEIGHTS);
      float[] rows = graph.fetch(graph.variables().parameters().get(0).value()).get(0);
      double sum = 0;
      for (float value : rows) {
        assertThat(value).isBetween(-0.5f, 0.5f);
        sum += Math.abs(value);
      }
      // The mean of |U(-0.5, 0.5)|, over 400.
      assertThat(sum / rows.length).isBetween(0.22, 0.28);
    }
  }
}
