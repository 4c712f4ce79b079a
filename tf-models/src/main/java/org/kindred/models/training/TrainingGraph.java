package org.kindred.models.training;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.kindred.models.network.EmbeddingNetwork;
import org.kindred.models.objective.EpochState;
import org.kindred.models.objective.IntTable;
import org.kindred.models.objective.PositiveLists;
import org.kindred.models.objective.TrainingObjective;
import org.kindred.models.objective.TrainingStep;
import org.kindred.models.objective.TrainingStep.Delivery;
import org.kindred.models.objective.TrainingStep.Inputs;
import org.kindred.models.objective.TrainingStep.Lookup;
import org.kindred.models.objective.TrainingStep.Measure;
import org.kindred.models.optimizer.MomentumSgd;
import org.kindred.models.safetensors.NamedTensor;
import org.kindred.models.tensorflow.Sessions;
import org.kindred.models.tensorflow.TensorMemory;
import org.kindred.models.tensorflow.Variables;
import org.kindred.models.tensorflow.Variables.Variable;
import org.kindred.proto.pipeline.v1.Precision;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

/**
 * The graph of a training step, and a session that holds its state. What follows what in a step:
 * see {@link StepUpdates}.
 */
final class TrainingGraph implements AutoCloseable {

  /**
   * Sizes that the graph is built for.
   *
   * @param batch examples of a micro-batch
   * @param microBatches micro-batches of a step
   * @param examples examples in the training set
   * @param stepsPerEpoch steps of an epoch
   * @param side height and width of a view of the recipe, and of an evaluation image
   * @param seed seed of every random draw
   */
  record Sizes(int batch, int microBatches, int examples, int stepsPerEpoch, int side, long seed) {}

  /**
   * What a micro-batch gives.
   *
   * @param loss the loss before the update
   * @param measures what the objective reports, in the order of {@link #measures()}
   */
  record Outcome(float loss, List<Float> measures) {}

  private final Graph graph;
  private final Variables variables;
  private final Session session;
  private final List<Placeholder<TUint8>> views = new ArrayList<>();
  private final Placeholder<TInt32> rows;
  private final Placeholder<TInt32> stepNumber;
  private final Placeholder<TInt32> epochNumber;
  private final Placeholder<TFloat32> rate;
  private final Operand<TFloat32> loss;
  private final TrainingStep step;
  private final NetworkPasses passes;

  private final StepUpdates updates;

  /** Operations of a look at a micro-batch that nothing is learned of. */
  private final List<Op> statistics;

  private final Sizes sizes;
  private final int threads;

  TrainingGraph(
      EmbeddingNetwork network,
      TrainingObjective objective,
      MomentumSgd optimizer,
      Sizes sizes,
      Precision precision,
      int threads) {
    this(network, objective, optimizer, sizes, precision, threads, Optional.empty());
  }

  TrainingGraph(
      EmbeddingNetwork network,
      TrainingObjective objective,
      MomentumSgd optimizer,
      Sizes sizes,
      Precision precision,
      int threads,
      Optional<PositiveLists> positives) {
    if (positives.isPresent() && !objective.readsPositives()) {
      throw new IllegalArgumentException(
          "the training was given positives, which its objective does not read");
    }
    this.sizes = sizes;
    ConfigProto configuration = Sessions.configuration(precision, threads);
    this.threads = configuration.getIntraOpParallelismThreads();
    graph = Sessions.newGraph();
    try {
      Ops tf = Ops.create(graph);
      variables = new Variables(tf);
      for (ViewGroup group : ViewGroup.of(objective.views(), sizes.side())) {
        views.add(images(tf, (long) group.count() * sizes.batch(), group.side()));
      }
      rows = tf.placeholder(TInt32.class, Placeholder.shape(Shape.of(sizes.batch())));
      stepNumber = tf.placeholder(TInt32.class, Placeholder.shape(Shape.scalar()));
      epochNumber = tf.placeholder(TInt32.class, Placeholder.shape(Shape.scalar()));
      rate = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.scalar()));
      passes = new NetworkPasses(network, tf, images(tf, -1, sizes.side()));
      int dimension = Math.toIntExact(passes.evaluate(variables).embedding().shape().get(-1));
      step =
          new TrainingStep(
              tf,
              variables,
              new TrainingStep.Sizes(sizes.batch(), sizes.examples(), dimension, sizes.seed()),
              new Inputs(rows, stepNumber, epochNumber, List.copyOf(views)),
              passes,
              positives);
      loss = objective.loss(step);
      updates =
          new StepUpdates(
              graph, tf, variables, sizes.microBatches(), loss, step, optimizer, rate, passes);
      statistics = passes.statisticUpdates(tf);
      session = new Session(graph, configuration);
    } catch (RuntimeException | Error e) {
      graph.close();
      throw e;
    }
  }

  private static Placeholder<TUint8> images(Ops tf, long count, int side) {
    return tf.placeholder(TUint8.class, Placeholder.shape(Shape.of(count, side, side, 3)));
  }

  /**
   * Gives every variable its value from before training.
   *
   * @param given values that take the place of drawn ones, by the variables' names; what starts as
   *     a copy of a variable takes its value too
   * @throws IllegalArgumentException when one has another shape than its variable, or none
   */
  void initialize(long seed, Map<String, NamedTensor> given) {
    for (NamedTensor tensor : given.values()) {
      checkInitial(tensor);
    }
    variables.initialize(session, seed);
    if (!given.isEmpty()) {
      try (Snapshot drawn = snapshot()) {
        Map<String, NamedTensor> state = new LinkedHashMap<>(drawn.tensors());
        state.putAll(given);
        for (String name : variables.names()) {
          NamedTensor original = given.get(variables.get(name).origin());
          if (original != null) {
            state.put(name, original);
          }
        }
        restore(state);
      }
    }
  }

  private void checkInitial(NamedTensor tensor) {
    if (!variables.names().contains(tensor.name())) {
      throw new IllegalArgumentException(
          "the initial weight " + tensor.name() + " is none of the network's");
    }
    Shape shape = variables.get(tensor.name()).shape();
    if (!shape.equals(shape(tensor))) {
      throw new IllegalArgumentException(
          "the initial weight "
              + tensor.name()
              + " has shape "
              + tensor.shape()
              + ", valid is the network's, "
              + shape);
    }
  }

  private static Shape shape(NamedTensor tensor) {
    return Shape.of(tensor.shape().stream().mapToLong(Integer::longValue).toArray());
  }

  /**
   * Gives every variable and table a stored value.
   *
   * @throws IllegalArgumentException when one is missing, has another shape, or is not known
   */
  void restore(Map<String, NamedTensor> stored) {
    for (String name : stored.keySet()) {
      if (!variables.names().contains(name) && !step.tables().containsKey(name)) {
        throw new IllegalArgumentException("the stored tensor " + name + " has no variable");
      }
    }
    variables.assign(
        session,
        variable -> {
          NamedTensor tensor = stored(stored, variable.name(), variable.shape());
          TFloat32 value = TFloat32.tensorOf(variable.shape());
          TensorMemory.floats(value).put(tensor.values());
          return value;
        });
    for (IntTable table : step.tables().values()) {
      stored(stored, table.name(), Shape.of(table.rows(), table.width()))
          .ints()
          .get(table.values());
    }
  }

  private static NamedTensor stored(Map<String, NamedTensor> stored, String name, Shape shape) {
    NamedTensor tensor = stored.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException("no tensor " + name + " is stored");
    }
    if (!shape.equals(shape(tensor))) {
      throw new IllegalArgumentException(
          "the stored tensor " + name + " has shape " + tensor.shape() + ", its variable " + shape);
    }
    return tensor;
  }

  /**
   * Takes a micro-batch.
   *
   * @param batch the examples and their views
   * @param number steps before this one
   * @param learningRate learning rate
   * @param isLast whether it is the last of its step, which changes the parameters
   */
  Outcome step(BatchLoader.Batch batch, int number, double learningRate, boolean isLast) {
    List<Tensor> inputs = new ArrayList<>();
    try {
      Session.Runner runner = runner(batch, number, inputs);
      feed(runner, inputs, rate, TFloat32.scalarOf((float) learningRate));
      runner.fetch(loss);
      step.measures().forEach(measure -> runner.fetch(measure.scalar()));
      step.deliveries().forEach(delivery -> runner.fetch(delivery.values()));
      updates.of(isLast).forEach(runner::addTarget);
      step.inFloat32().forEach(runner::addTarget);
      try (Result result = runner.run()) {
        return outcome(result, batch);
      }
    } finally {
      inputs.forEach(Tensor::close);
    }
  }

  /**
   * Has the network see a micro-batch of which nothing is learned; running statistics follow.
   *
   * @param output what is wanted of the step
   */
  float[] look(BatchLoader.Batch batch, Optional<Operand<TFloat32>> output) {
    List<Tensor> inputs = new ArrayList<>();
    try {
      Session.Runner runner = runner(batch, 0, inputs);
      output.ifPresent(runner::fetch);
      statistics.forEach(runner::addTarget);
      try (Result result = runner.run()) {
        return output.isPresent() ? copied(result) : new float[0];
      }
    } finally {
      inputs.forEach(Tensor::close);
    }
  }

  /** Returns a runner that has all inputs of a micro-batch but the learning rate. */
  private Session.Runner runner(BatchLoader.Batch batch, int number, List<Tensor> inputs) {
    Session.Runner runner = session.runner().feed(rows, batch.rows());
    for (int i = 0; i < views.size(); i++) {
      runner.feed(views.get(i), batch.views().get(i));
    }
    feed(runner, inputs, stepNumber, TInt32.scalarOf(number));
    feed(runner, inputs, epochNumber, TInt32.scalarOf(batch.epoch()));
    for (Lookup lookup : step.lookups()) {
      TInt32 values = TInt32.tensorOf(lookup.target().shape());
      feed(runner, inputs, lookup.target(), values);
      fill(lookup, batch, TensorMemory.ints(values));
    }
    return runner;
  }

  private static void feed(
      Session.Runner runner, List<Tensor> inputs, Operand<?> target, Tensor value) {
    inputs.add(value);
    runner.feed(target, value);
  }

  private static void fill(Lookup lookup, BatchLoader.Batch batch, IntBuffer target) {
    lookup.source().fill(batch.epoch(), batch.examples(), target);
    if (target.hasRemaining()) {
      throw new IllegalStateException(
          "an objective left " + target.remaining() + " numbers of a lookup unset");
    }
  }

  private Outcome outcome(Result result, BatchLoader.Batch batch) {
    List<Float> measures = new ArrayList<>();
    int index = 1;
    for (Measure measure : step.measures()) {
      float value = TensorMemory.floats(result.get(index++)).get(0);
      measure.watcher().accept(value);
      measures.add(value);
    }
    for (Delivery delivery : step.deliveries()) {
      delivery.sink().take(batch.examples(), TensorMemory.ints(result.get(index++)));
    }
    return new Outcome(TensorMemory.floats(result.get(0)).get(0), measures);
  }

  /** Returns the names of what the objective reports. */
  List<String> measures() {
    return step.measures().stream().map(Measure::name).toList();
  }

  /** Returns what the objective asked for. */
  TrainingStep objectiveStep() {
    return step;
  }

  /**
   * Does what the objective wants done before an epoch.
   *
   * @param firstBatches begins to prepare the micro-batches of the first epoch
   */
  void startEpoch(int epoch, BatchSource source, Supplier<BatchLoader> firstBatches)
      throws IOException, InterruptedException {
    EpochState state = new BetweenEpochs(this, epoch, source, firstBatches);
    for (TrainingStep.EpochStart action : step.epochStarts()) {
      action.run(state);
    }
  }

  /** Embeds images with the current weights in evaluation mode; see {@link ImageEmbedder}. */
  float[] embed(ByteBuffer pixels, int count) {
    int bytes = Math.multiplyExact(count, sizes.side() * sizes.side() * 3);
    if (count < 1 || pixels.remaining() < bytes) {
      throw new IllegalArgumentException(
          "the buffer has " + pixels.remaining() + " bytes, " + count + " images have " + bytes);
    }
    try (TUint8 batch = TUint8.tensorOf(Shape.of(count, sizes.side(), sizes.side(), 3))) {
      TensorMemory.bytes(batch).put(pixels.slice(pixels.position(), bytes));
      return evaluate(batch, passes.evaluate(variables).embedding());
    }
  }

  /** Returns an output in evaluation mode for images of the recipe's side. */
  float[] evaluate(TUint8 images, Operand<TFloat32> output) {
    try (Result result = session.runner().feed(passes.images(), images).fetch(output).run()) {
      return copied(result);
    }
  }

  /** Returns a variable's values. */
  float[] read(Variable variable) {
    try (Result result = variables.read(session, List.of(variable.name()))) {
      return copied(result);
    }
  }

  /** Gives a variable values; those that are learned begin without momentum. */
  void assign(Variable variable, float[] values) {
    variables.assign(session, variable, values);
    if (variables.parameters().contains(variable)) {
      Variable buffer = variables.get(MomentumSgd.bufferName(variable));
      variables.assign(session, buffer, new float[values.length]);
    }
  }

  private static float[] copied(Result result) {
    FloatBuffer values = TensorMemory.floats(result.get(0));
    float[] copy = new float[values.remaining()];
    values.get(copy);
    return copy;
  }

  /** Returns the state between steps; close it before the next step. */
  Snapshot snapshot() {
    List<String> names = List.copyOf(variables.names());
    return new Snapshot(names, variables.read(session, names), step.tables().values());
  }

  /** Returns the sizes that the graph is built for. */
  Sizes sizes() {
    return sizes;
  }

  /** Returns whether the network keeps running statistics. */
  boolean hasStatistics() {
    return !statistics.isEmpty();
  }

  /** Returns the graph. */
  Graph graph() {
    return graph;
  }

  /** Returns the threads of one operation, which the process has settled on. */
  int threads() {
    return threads;
  }

  /** Returns the number of trainable values of the network, without the objective's own. */
  long parameters() {
    return variables.parameters().stream()
        .filter(parameter -> !parameter.name().startsWith(TrainingObjective.STATE_PREFIX))
        .mapToLong(parameter -> parameter.shape().size())
        .sum();
  }

  @Override
  public void close() {
    session.close();
    graph.close();
  }
}
