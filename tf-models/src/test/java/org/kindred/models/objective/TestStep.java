package org.kindred.models.objective;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.kindred.models.TestGraph;
import org.kindred.models.tensorflow.VariableWeights;
import org.kindred.models.tensorflow.Variables.Variable;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

/**
 * A step whose network gives fixed features, so that a loss can be looked at alone. Each view is
 * one pixel that names its row of the features, so that any selection of views has the features of
 * those views.
 */
final class TestStep {

  private final TestGraph graph;
  private final TrainingStep step;
  private final FixedNetwork network;
  private final int[] rows;
  private final long views;
  private Operand<TFloat32> loss;
  private int epoch;

  /**
   * Makes a step.
   *
   * @param features {@code [views x batch, dimension]}: the embeddings as they are, whether of unit
   *     length or not, and the projection and pooled features too
   * @param rows numbers of the batch's examples
   * @param examples examples in the training set
   */
  TestStep(TestGraph graph, Operand<TFloat32> features, int[] rows, int examples) {
    this(graph, features, rows, examples, 1, Optional.empty());
  }

  /**
   * Makes a step.
   *
   * @param side side of a view in pixels, all of which name its row
   * @param positives that the training was given
   */
  TestStep(
      TestGraph graph,
      Operand<TFloat32> features,
      int[] rows,
      int examples,
      int side,
      Optional<PositiveLists> positives) {
    this.graph = graph;
    this.rows = rows;
    this.views = features.shape().get(0) / rows.length;
    this.network = new FixedNetwork(graph.tf(), features);
    Ops tf = graph.tf();
    this.step =
        new TrainingStep(
            tf,
            graph.variables(),
            new TrainingStep.Sizes(
                rows.length, examples, Math.toIntExact(features.shape().get(1)), 1),
            new TrainingStep.Inputs(
                tf.constant(rows),
                graph.number(),
                graph.epoch(),
                List.of(numbered(tf, Math.toIntExact(features.shape().get(0)), side))),
            network,
            positives);
  }

  private static Operand<TUint8> numbered(Ops tf, int views, int side) {
    byte[][][][] pixels = new byte[views][side][side][];
    for (int view = 0; view < views; view++) {
      for (byte[][] line : pixels[view]) {
        Arrays.fill(line, new byte[] {(byte) view, (byte) (view >> 8), 0});
      }
    }
    return tf.constant(pixels);
  }

  /** Gives the network with other weights other features in training. */
  TestStep withOtherWeights(Operand<TFloat32> features) {
    network.others = features;
    return this;
  }

  /** Gives the network other outputs before they are normalised. */
  TestStep withProjections(Operand<TFloat32> features) {
    network.projections = Optional.of(features);
    return this;
  }

  /** Gives the network features of all examples in evaluation, {@code [examples, dimension]}. */
  TestStep withEvaluation(Operand<TFloat32> features) {
    network.evaluation = features;
    return this;
  }

  /** Returns the features as given. */
  Operand<TFloat32> features() {
    return network.features;
  }

  TrainingStep step() {
    return step;
  }

  /** Has the host's lookups filled for an epoch in all that is fetched from here on. */
  void fillLookups(int inEpoch) {
    this.epoch = inEpoch;
    for (TrainingStep.Lookup lookup : step.lookups()) {
      int[] values = new int[rows.length * lookup.width()];
      IntBuffer target = IntBuffer.wrap(values);
      lookup.source().fill(epoch, rows, target);
      assertThat(target.hasRemaining()).isFalse();
      feed(lookup, values);
    }
  }

  /** Has a lookup filled with given values. */
  void feed(TrainingStep.Lookup lookup, int[] values) {
    graph.feed(lookup.target(), values, rows.length, lookup.width());
  }

  /** Does what is to be done before an epoch. */
  void startEpoch(int starting) {
    EpochState state = new State(starting);
    for (TrainingStep.EpochStart action : step.epochStarts()) {
      try {
        action.run(state);
      } catch (IOException | InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  /** Returns what runs after the loss and the optimiser's update. */
  List<Op> updates() {
    Ops after = graph.tf();
    if (loss != null) {
      after = after.withControlDependencies(List.of(loss));
    }
    return new ArrayList<>(step.updates(after, true));
  }

  /** Returns the loss of an objective, which is checked before as training does. */
  Operand<TFloat32> loss(TrainingObjective objective) {
    objective.check(rows.length, 1, step.sizes().examples());
    assertThat((long) objective.views().size()).isEqualTo(views);
    loss = objective.loss(step);
    return loss;
  }

  /** Returns what is reported under a name. */
  Operand<TFloat32> measure(String name) {
    return step.measures().stream()
        .filter(measure -> measure.name().equals(name))
        .findFirst()
        .orElseThrow()
        .scalar();
  }

  /** Returns numbers as an operand of the graph. */
  Operand<TInt32> ints(int... values) {
    return graph.tf().constant(values);
  }

  private final class FixedNetwork implements TrainingStep.Network {
    private final Ops tf;
    private final Operand<TFloat32> features;
    private Operand<TFloat32> others;
    private Operand<TFloat32> evaluation;
    private Optional<Operand<TFloat32>> projections = Optional.empty();

    FixedNetwork(Ops tf, Operand<TFloat32> features) {
      this.tf = tf;
      this.features = features;
      this.others = features;
      this.evaluation = features;
    }

    @Override
    public List<Features> train(VariableWeights weights, List<Operand<TUint8>> parts) {
      return parts.stream().map(part -> train(weights, part)).toList();
    }

    private Features train(VariableWeights weights, Operand<TUint8> images) {
      Operand<TUint8> pixel =
          tf.slice(images, tf.constant(new int[4]), tf.constant(new int[] {-1, 1, 1, 3}));
      Operand<TInt32> bytes =
          tf.reshape(tf.dtypes.cast(pixel, TInt32.class), tf.constant(new int[] {-1, 3}));
      Operand<TInt32> numbers =
          tf.sum(tf.math.mul(bytes, tf.constant(new int[] {1, 256, 0})), tf.constant(1));
      Features same =
          same(
              tf.gather(weights == graph.variables() ? features : others, numbers, tf.constant(0)));
      return projections
          .map(
              projection ->
                  new Features(
                      same.embedding(),
                      tf.gather(projection, numbers, tf.constant(0)),
                      same.pooled()))
          .orElse(same);
    }

    @Override
    public Features evaluate(VariableWeights weights) {
      return same(evaluation);
    }

    private Features same(Operand<TFloat32> layer) {
      return new Features(layer, layer, layer);
    }
  }

  private final class State implements EpochState {
    private final int starting;

    State(int starting) {
      this.starting = starting;
    }

    @Override
    public int epoch() {
      return starting;
    }

    @Override
    public float[] read(Variable variable) {
      return graph.fetch(variable.value()).get(0);
    }

    @Override
    public void assign(Variable variable, float[] values) {
      graph.assign(variable, values);
    }

    @Override
    public float[] features(FeatureReader reader) {
      return graph.fetch(reader.output()).get(0);
    }

    /** An epoch is the one batch that there is. */
    @Override
    public void look(Operand<TFloat32> output, BatchSink sink) {
      sink.take(rows, graph.fetch(output).get(0));
    }
  }
}
