package org.kindred.models.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.kindred.models.Golden;
import org.kindred.models.TestGraph;
import org.kindred.models.tensorflow.Initializer;
import org.kindred.proto.pipeline.v1.Objective;
import org.kindred.proto.pipeline.v1.PIRL;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

final class PIRLObjectiveTest {

  private static TrainingObjective objective(PIRL.Builder config) {
    return Objectives.create(Objective.newBuilder().setPirl(config).build());
  }

  private static float[] normal(Random random, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static Operand<TFloat32> layer(
      TestGraph graph, String name, float[] values, long... shape) {
    Initializer initial = (target, seed, number) -> target.put(values);
    return graph.variables().parameter(Jigsaw.PREFIX + name, Shape.of(shape), initial);
  }

  /** The jigsaw's last layer gives its bias alone, which is the golden embedding. */
  @Test
  void agreesWithTheGoldenLossAndGradients() {
    Golden golden = Golden.only("baselines", "pirl");
    float[] transformed = Golden.floats(golden.inputs().get("transformed"));
    float[] features = Arrays.copyOf(Golden.floats(golden.inputs().get("image")), 6);
    try (TestGraph graph = new TestGraph()) {
      Banks.declare(graph, golden.inputs().get("bank"));
      layer(graph, "whole.weight", new float[81], 27, 3);
      Operand<TFloat32> bias = layer(graph, "whole.bias", transformed, 3);
      Operand<TFloat32> embeddings = graph.constant(features, 2, 3);
      int row = golden.inputs().get("bank_row").asInt();
      TestStep step = new TestStep(graph, embeddings, new int[] {row}, 5, 3, Optional.empty());
      Operand<TFloat32> loss =
          step.loss(
              objective(
                  PIRL.newBuilder()
                      .setTemperature(golden.inputs().get("tau").asDouble())
                      .setJigsawWeight(golden.inputs().get("lambda").asDouble())
                      .setNegatives(3)));
      Operand<TFloat32> ofEmbeddings = graph.gradient(loss, embeddings);
      Operand<TFloat32> ofBias = graph.gradient(loss, bias);
      step.fillLookups(0);
      step.feed(lookup(step, 3), Golden.ints(golden.inputs().get("negatives")));
      graph.initialize(1);
      List<float[]> got = graph.fetch(loss, ofEmbeddings, ofBias);
      golden.check(got.get(0), golden.expected().get("loss"));
      golden.check(Arrays.copyOf(got.get(1), 3), golden.expected().get("grad_image"));
      // Through the normalisation of a unit vector y: g - y (y . g).
      double[] free = Golden.doubles(golden.expected().get("grad_transformed"));
      double along = 0;
      for (int i = 0; i < 3; i++) {
        along += free[i] * transformed[i];
      }
      for (int i = 0; i < 3; i++) {
        assertThat((double) got.get(2)[i])
            .isCloseTo(free[i] - transformed[i] * along, within(1e-4));
      }
    }
  }

  private static TrainingStep.Lookup lookup(TestStep step, int width) {
    return step.step().lookups().stream()
        .filter(candidate -> candidate.width() == width)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void theBankFollowsTheWholeImages() {
    try (TestGraph graph = new TestGraph()) {
      Banks.declare(graph, Banks.circle(0, 90, 180), 3);
      TestStep step =
          new TestStep(
              graph,
              graph.constant(Banks.circle(60, 200), 2, 2),
              new int[] {0},
              3,
              3,
              Optional.empty());
      step.loss(objective(PIRL.newBuilder().setNegatives(4)));
      List<Op> updates = step.updates();
      step.fillLookups(0);
      graph.initialize(1);
      graph.run(updates);
      float[] bank =
          graph.fetch(graph.variables().get(TrainingObjective.MEMORY_BANK).value()).get(0);
      assertThat(bank).containsExactly(Banks.circle(30, 90, 180), within(1e-6f));
    }
  }

  @Test
  void cutsAViewIntoPatchesRowByRow() {
    // Two views of 7 x 7 pixels; red tells the line, green the column, blue the view.
    byte[][][][] views = new byte[2][7][7][];
    for (int view = 0; view < 2; view++) {
      for (int line = 0; line < 7; line++) {
        for (int column = 0; column < 7; column++) {
          views[view][line][column] = new byte[] {(byte) line, (byte) column, (byte) view};
        }
      }
    }
    try (TestGraph graph = new TestGraph()) {
      Operand<TUint8> patches = Jigsaw.patches(graph.tf(), graph.tf().constant(views));
      assertThat(patches.shape()).isEqualTo(Shape.of(18, 2, 2, 3));
      float[] got = graph.fetch(graph.tf().dtypes.cast(patches, TFloat32.class)).get(0);
      for (int patch = 0; patch < 18; patch++) {
        int top = patch % 9 / 3 * 2;
        int left = patch % 3 * 2;
        for (int pixel = 0; pixel < 4; pixel++) {
          int line = top + pixel / 2;
          int view = patch / 9;
          int at = (4 * patch + pixel) * 3;
          assertThat(Arrays.copyOfRange(got, at, at + 3))
              .containsExactly(line, left + pixel % 2, view);
        }
      }
      Operand<TUint8> tiny = graph.tf().constant(new byte[1][2][2][3]);
      assertThatThrownBy(() -> Jigsaw.patches(graph.tf(), tiny))
          .hasMessage("views have 2 x 2 pixels, valid with pirl is 3 x 3 or more");
    }
  }

  /** Every patch has features of its own; the branch is worked out by hand. */
  @Test
  void joinsThePatchesInTheOrderDrawn() {
    int dimension = 2;
    Random random = new Random(4);
    float[] patchWeight = normal(random, 4);
    float[] patchBias = normal(random, 2);
    float[] wholeWeight = normal(random, 36);
    float[] wholeBias = normal(random, 2);
    float[] ofPatches = normal(random, 9 * dimension);
    int[] order = {4, 0, 8, 2, 6, 1, 3, 7, 5};
    try (TestGraph graph = new TestGraph()) {
      layer(graph, "patch.weight", patchWeight, 2, 2);
      layer(graph, "patch.bias", patchBias, 2);
      layer(graph, "whole.weight", wholeWeight, 18, 2);
      layer(graph, "whole.bias", wholeBias, 2);
      // Pixels of this view number the patches, and with them the features.
      byte[][][][] view = new byte[1][3][3][];
      for (int patch = 0; patch < 9; patch++) {
        view[0][patch / 3][patch % 3] = new byte[] {(byte) patch, 0, 0};
      }
      TestStep step =
          new TestStep(graph, graph.constant(new float[2], 1, 2), new int[] {0}, 3)
              .withOtherWeights(graph.constant(ofPatches, 9, dimension));
      Operand<TFloat32> embedding = Jigsaw.embeddings(step.step(), graph.tf().constant(view));
      step.feed(lookup(step, 9), order);
      graph.initialize(1);
      double[] z = {wholeBias[0], wholeBias[1]};
      for (int place = 0; place < 9; place++) {
        for (int i = 0; i < dimension; i++) {
          double hidden = patchBias[i];
          for (int j = 0; j < dimension; j++) {
            hidden += ofPatches[order[place] * dimension + j] * patchWeight[j * dimension + i];
          }
          for (int o = 0; o < dimension; o++) {
            z[o] += hidden * wholeWeight[(place * dimension + i) * dimension + o];
          }
        }
      }
      double length = Math.hypot(z[0], z[1]);
      float[] expected = {(float) (z[0] / length), (float) (z[1] / length)};
      assertThat(graph.fetch(embedding).get(0)).containsExactly(expected, within(1e-5f));
    }
  }

  @Test
  void ordersAreEachExamplesAndEpochsOwn() {
    try (TestGraph graph = new TestGraph()) {
      TestStep step =
          new TestStep(
              graph, graph.constant(new float[4], 2, 2), new int[] {0}, 3, 3, Optional.empty());
      step.loss(objective(PIRL.newBuilder().setNegatives(4)));
      TrainingStep.Lookup orders = lookup(step, 9);
      int[] first = fill(orders, 0, 5);
      assertThat(Arrays.stream(first).sorted()).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8);
      assertThat(fill(orders, 0, 5)).isEqualTo(first);
      assertThat(fill(orders, 1, 5)).isNotEqualTo(first);
      assertThat(fill(orders, 0, 6)).isNotEqualTo(first);
    }
  }

  private static int[] fill(TrainingStep.Lookup lookup, int epoch, int row) {
    int[] values = new int[lookup.width()];
    lookup.source().fill(epoch, new int[] {row}, IntBuffer.wrap(values));
    return values;
  }

  @Test
  void negativesAreOtherImages() {
    try (TestGraph graph = new TestGraph()) {
      TestStep step = new TestStep(graph, graph.constant(new float[2], 1, 2), new int[] {0}, 4);
      Operand<TInt32> drawn = NoiseSamples.drawOthers(step.step(), 400);
      assertThat(drawn.shape()).isEqualTo(Shape.of(1, 400));
      for (int row = 0; row < 4; row++) {
        int[] counts = new int[4];
        Arrays.stream(fill(step.step().lookups().get(0), 0, row)).forEach(id -> counts[id]++);
        assertThat(counts[row]).isZero();
        int own = row;
        // A third of 400 each, +- 5 standard deviations.
        IntStream.range(0, 4)
            .filter(id -> id != own)
            .forEach(id -> assertThat(counts[id]).isBetween(86, 181));
      }
    }
  }

  @Test
  void namesWhatIsOutOfRange() {
    assertThatThrownBy(() -> objective(PIRL.newBuilder().setJigsawWeight(0)))
        .hasMessage("pirl.jigsaw_weight is 0.0, valid is above 0");
    assertThatThrownBy(() -> objective(PIRL.newBuilder().setJigsawWeight(1.5)))
        .hasMessage("pirl.jigsaw_weight is 1.5, valid is 0 to 1");
    assertThatThrownBy(() -> objective(PIRL.newBuilder().setNegatives(0)))
        .hasMessage("pirl.negatives is 0, valid is 1 or more");
  }
}
