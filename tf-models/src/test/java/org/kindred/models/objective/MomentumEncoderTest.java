package org.kindred.models.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.kindred.models.TestGraph;
import org.kindred.models.tensorflow.Initializer;
import org.kindred.models.tensorflow.VariableWeights;
import org.kindred.models.tensorflow.Variables.Variable;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

final class MomentumEncoderTest {

  private static final String WEIGHT = "network.weight";

  /** Multiplies red, green and blue by a weight each. */
  private record Weighted(Ops tf) implements TrainingStep.Network {
    @Override
    public List<Features> train(VariableWeights weights, List<Operand<TUint8>> parts) {
      return parts.stream().map(part -> train(weights, part)).toList();
    }

    private Features train(VariableWeights weights, Operand<TUint8> images) {
      Operand<TFloat32> weight = weights.parameter(WEIGHT, Shape.of(3), Initializer.uniform(1));
      Operand<TFloat32> pixels =
          tf.reshape(tf.dtypes.cast(images, TFloat32.class), tf.constant(new int[] {-1, 3}));
      Operand<TFloat32> products = tf.math.mul(pixels, weight);
      return new Features(products, products, products);
    }

    @Override
    public Features evaluate(VariableWeights weights) {
      throw new UnsupportedOperationException();
    }
  }

  @Test
  void startsAsTheNetworkAndFollowsItAfterEachStep() {
    try (TestGraph graph = new TestGraph()) {
      Ops tf = graph.tf();
      Operand<TUint8> images = tf.constant(new byte[][][][] {{{{1, 1, 1}}}});
      TrainingStep step =
          new TrainingStep(
              tf,
              graph.variables(),
              new TrainingStep.Sizes(1, 1, 3, 1),
              new TrainingStep.Inputs(
                  tf.constant(new int[1]), graph.number(), graph.epoch(), List.of(images)),
              new Weighted(tf));
      Operand<TFloat32> learned = step.encode(images).embedding();
      MomentumEncoder encoder = MomentumEncoder.declare(step, 0.75);
      Operand<TFloat32> keys = encoder.encode(images);
      List<Op> updates = step.updates(tf, true);
      assertThat(step.updates(tf, false)).isEmpty();
      Variable weight = graph.variables().get(WEIGHT);
      assertThat(graph.variables().parameters()).containsExactly(weight);
      graph.initialize(4);
      List<float[]> start = graph.fetch(learned, keys);
      assertThat(start.get(1)).containsExactly(start.get(0)).doesNotHaveDuplicates();

      graph.assign(weight, new float[] {1, 2, 3});
      assertThat(graph.fetch(keys).get(0)).containsExactly(start.get(0));
      graph.run(updates);
      float[] expected = new float[3];
      for (int i = 0; i < 3; i++) {
        expected[i] = 0.75f * start.get(0)[i] + 0.25f * (i + 1);
      }
      assertThat(graph.fetch(keys).get(0)).containsExactly(expected, within(1e-6f));
    }
  }
}
