package org.kindred.models.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kindred.models.Golden;
import org.kindred.models.TestGraph;
import org.kindred.models.tensorflow.VariableWeights;
import org.kindred.models.tensorflow.Variables.Variable;
import org.kindred.proto.pipeline.v1.Objective;
import org.kindred.proto.pipeline.v1.Rotation;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

final class RotationObjectiveTest {

  private static final Golden GOLDEN = Golden.only("image_ops", "rotations");

  private static TrainingObjective objective(int rotations) {
    return Objectives.create(
        Objective.newBuilder().setRotation(Rotation.newBuilder().setRotations(rotations)).build());
  }

  /** Returns an image in red; green and blue are 10 and 20 more. */
  private static Operand<TUint8> image(Ops tf, float[] red) {
    int side = (int) Math.sqrt(red.length);
    byte[][][][] pixels = new byte[1][side][side][3];
    for (int i = 0; i < red.length; i++) {
      for (int channel = 0; channel < 3; channel++) {
        pixels[0][i / side][i % side][channel] = (byte) (red[i] + 10 * channel);
      }
    }
    return tf.constant(pixels);
  }

  @ParameterizedTest
  @CsvSource({"0, r0", "1, r90", "2, r180", "3, r270"})
  void turnsAsTheGoldenImages(int quarters, String name) {
    try (TestGraph graph = new TestGraph()) {
      Ops tf = graph.tf();
      Operand<TUint8> turned =
          QuarterTurns.turned(tf, image(tf, Golden.floats(GOLDEN.inputs().get("image"))), quarters);
      float[] got = graph.fetch(tf.dtypes.cast(turned, TFloat32.class)).get(0);
      float[] red = Golden.floats(GOLDEN.expected().get(name));
      assertThat(got).hasSize(12);
      for (int i = 0; i < got.length; i++) {
        assertThat(got[i]).isEqualTo(red[i / 3] + 10 * (i % 3));
      }
    }
  }

  /** Its features are the four pixels in red, in tenths. */
  private record Pixels(Ops tf) implements TrainingStep.Network {
    @Override
    public List<Features> train(VariableWeights weights, List<Operand<TUint8>> parts) {
      return parts.stream().map(this::seen).toList();
    }

    private Features seen(Operand<TUint8> images) {
      Operand<TFloat32> pixels =
          tf.reshape(tf.dtypes.cast(images, TFloat32.class), tf.constant(new int[] {-1, 4, 3}));
      Operand<TFloat32> red =
          tf.reshape(
              tf.slice(pixels, tf.constant(new int[] {0, 0, 0}), tf.constant(new int[] {-1, 4, 1})),
              tf.constant(new int[] {-1, 4}));
      Operand<TFloat32> tenths = tf.math.div(red, tf.constant(10f));
      return new Features(tf.math.neg(tenths), tenths, tf.math.neg(tenths));
    }

    @Override
    public Features evaluate(VariableWeights weights) {
      throw new UnsupportedOperationException();
    }
  }

  private static TrainingStep step(TestGraph graph, float[] red) {
    Ops tf = graph.tf();
    return new TrainingStep(
        tf,
        graph.variables(),
        new TrainingStep.Sizes(1, 1, 4, 1),
        new TrainingStep.Inputs(
            tf.constant(new int[1]), graph.number(), graph.epoch(), List.of(image(tf, red))),
        new Pixels(tf));
  }

  private static Variable classifier(TestGraph graph, String name, float[] values, long... shape) {
    return graph
        .variables()
        .learned(name, Shape.of(shape), (target, seed, number) -> target.put(values));
  }

  /** The lit pixel goes from the upper left counter-clockwise: 0, 2, 3, 1 in rows. */
  private static final int[] LIT = {0, 2, 3, 1};

  @ParameterizedTest
  @ValueSource(ints = {2, 4})
  void rotationIsTheLabel(int rotations) {
    // Row p of the weight has its 1 in the column of the rotation that lights pixel p.
    float[] weight = new float[4 * rotations];
    for (int rotation = 0; rotation < rotations; rotation++) {
      weight[LIT[rotation * (4 / rotations)] * rotations + rotation] = 1;
    }
    try (TestGraph graph = new TestGraph()) {
      Variable weights = classifier(graph, RotationObjective.WEIGHT, weight, 4, rotations);
      float[] bias = new float[rotations];
      bias[1] = 0.5f;
      Variable biases = classifier(graph, RotationObjective.BIAS, bias, rotations);
      TrainingStep step = step(graph, new float[] {20, 0, 0, 0});
      Operand<TFloat32> loss = objective(rotations).loss(step);
      Operand<TFloat32> ofWeights = graph.gradient(loss, weights.value());
      Operand<TFloat32> ofBiases = graph.gradient(loss, biases.value());
      graph.initialize(1);
      List<float[]> got = graph.fetch(loss, step.measures().get(0).scalar(), ofWeights, ofBiases);
      assertThat(got.get(1)[0]).isEqualTo(1);
      double lost = 0;
      double[] gradient = new double[rotations];
      for (int rotation = 0; rotation < rotations; rotation++) {
        double[] shares = shares(rotations, rotation);
        lost -= Math.log(shares[rotation]) / rotations;
        for (int k = 0; k < rotations; k++) {
          double difference = (shares[k] - (k == rotation ? 1 : 0)) / rotations;
          gradient[k] += difference;
          // Only the lit pixel of this copy, at 2, reaches its row of the weight.
          int at = LIT[rotation * (4 / rotations)] * rotations + k;
          assertThat((double) got.get(2)[at]).isCloseTo(2 * difference, within(1e-5));
        }
      }
      assertThat((double) got.get(0)[0]).isCloseTo(lost, within(1e-5));
      for (int k = 0; k < rotations; k++) {
        assertThat((double) got.get(3)[k]).isCloseTo(gradient[k], within(1e-5));
      }
    }
  }

  /** Shares when the logit of the right rotation is 2, and 0.5 is added to that of the second. */
  private static double[] shares(int rotations, int right) {
    double[] shares = new double[rotations];
    double sum = 0;
    for (int k = 0; k < rotations; k++) {
      shares[k] = Math.exp((k == right ? 2 : 0) + (k == 1 ? 0.5 : 0));
      sum += shares[k];
    }
    for (int k = 0; k < rotations; k++) {
      shares[k] /= sum;
    }
    return shares;
  }

  @Test
  void namesWhatIsOutOfRange() {
    assertThatThrownBy(() -> objective(3)).hasMessage("rotation.rotations is 3, valid are 2 and 4");
    assertThat(objective(4).passes(8)).containsExactly(new Pass(8, 4, true));
  }

  @Test
  void embeddingsOfUprightImagesMayBeAlike() {
    assertThat(objective(4).tellsImagesApart()).isFalse();
  }
}
