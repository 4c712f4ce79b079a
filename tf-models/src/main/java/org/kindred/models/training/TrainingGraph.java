package org.kindred.models.training;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.kindred.models.network.EmbeddingNetwork;
import org.kindred.models.network.Layers;
import org.kindred.models.objective.TrainingObjective;
import org.kindred.models.objective.TrainingObjective.Batch;
import org.kindred.models.optimizer.MomentumSgd;
import org.kindred.models.safetensors.NamedTensor;
import org.kindred.models.tensorflow.Sessions;
import org.kindred.models.tensorflow.TensorMemory;
import org.kindred.models.tensorflow.Variables;
import org.kindred.models.tensorflow.Variables.Variable;
import org.kindred.proto.pipeline.v1.Precision;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

/**
 * The graph of a training step, and a session that holds its state.
 *
 * <p>A step runs in three parts, each of which starts when the one before it is complete:
 *
 * <ol>
 *   <li>forward and backward: loss, all gradients;
 *   <li>the optimiser's update of every parameter, the running statistics;
 *   <li>the objective's own state, such as the memory bank.
 * </ol>
 *
 * <p>The parts are held apart by control dependencies. Without them TensorFlow would update a
 * weight as soon as its own gradient is there, while the gradients of earlier layers still read it;
 * resource variables would save those readers, but by copying the weight. And the memory bank would
 * have no fixed order with the loss that reads it.
 */
final class TrainingGraph implements AutoCloseable {

  /**
   * Sizes that the graph is built for.
   *
   * @param batchSize examples of a step
   * @param examples examples in the training set
   * @param height height of a view
   * @param width width of a view
   */
  record Sizes(int batchSize, int examples, int height, int width) {}

  private final Graph graph;
  private final Variables variables;
  private final Session session;
  private final Placeholder<TUint8> views;
  private final Placeholder<TInt32> rows;
  private final Placeholder<TFloat32> rate;
  private final Operand<TFloat32> loss;
  private final List<Op> updates = new ArrayList<>();
  private final Placeholder<TUint8> images;
  private final Operand<TFloat32> embedding;
  private final Sizes sizes;
  private final int threads;

  TrainingGraph(
      EmbeddingNetwork network,
      TrainingObjective objective,
      MomentumSgd optimizer,
      Sizes sizes,
      Precision precision,
      int threads) {
    this.sizes = sizes;
    ConfigProto configuration = Sessions.configuration(precision, threads);
    this.threads = configuration.getIntraOpParallelismThreads();
    graph = new Graph();
    try {
      Ops tf = Ops.create(graph);
      variables = new Variables(tf);
      views =
          tf.placeholder(
              TUint8.class, imageShape((long) objective.views() * sizes.batchSize(), sizes));
      rows = tf.placeholder(TInt32.class, Placeholder.shape(Shape.of(sizes.batchSize())));
      rate = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.scalar()));

      Layers layers = Layers.forTraining(tf, variables);
      Operand<TFloat32> embeddings = network.build(layers, views).get(EmbeddingNetwork.EMBEDDING);
      Batch batch = new Batch(embeddings, rows, sizes.batchSize(), sizes.examples());
      loss = objective.loss(tf, batch, variables);
      List<Operand<TFloat32>> gradients = gradients();

      Ops afterGradients = after(tf, gradients);
      updates.addAll(optimizer.updates(afterGradients, variables, gradients, rate));
      layers
          .statisticUpdates()
          .forEach(
              (name, value) ->
                  updates.add(
                      afterGradients.assignVariableOp(variables.get(name).handle(), value)));
      updates.addAll(objective.updates(after(tf, updates), batch, variables));

      images = tf.placeholder(TUint8.class, imageShape(-1, sizes));
      embedding =
          network
              .build(Layers.forEvaluation(tf, variables), images)
              .get(EmbeddingNetwork.EMBEDDING);
      session = new Session(graph, configuration);
    } catch (RuntimeException | Error e) {
      graph.close();
      throw e;
    }
  }

  private static Placeholder.Options imageShape(long images, Sizes sizes) {
    return Placeholder.shape(Shape.of(images, sizes.height(), sizes.width(), 3));
  }

  /** Returns what makes operations that wait for all of {@code before}. */
  private static Ops after(Ops tf, List<? extends Op> before) {
    // One operation in between, or each of n would wait for each of m.
    Op barrier = tf.withControlDependencies(List.copyOf(before)).noOp();
    return tf.withControlDependencies(List.of(barrier));
  }

  private List<Operand<TFloat32>> gradients() {
    List<Variable> parameters = variables.parameters();
    Output<?>[] values =
        parameters.stream().map(parameter -> parameter.value().asOutput()).toArray(Output[]::new);
    Output<?>[] outputs = graph.addGradients(loss.asOutput(), values);
    List<Operand<TFloat32>> gradients = new ArrayList<>();
    for (int i = 0; i < outputs.length; i++) {
      if (outputs[i] == null) {
        throw new IllegalStateException(
            "the loss does not depend on the parameter " + parameters.get(i).name());
      }
      gradients.add(outputs[i].expect(TFloat32.class));
    }
    return gradients;
  }

  /** Gives every variable its value from before training. */
  void initialize(long seed) {
    variables.initialize(session, seed);
  }

  /**
   * Gives every variable a stored value.
   *
   * @throws IllegalArgumentException when one is missing, has another shape, or is not known
   */
  void restore(Map<String, NamedTensor> stored) {
    for (String name : stored.keySet()) {
      if (!variables.names().contains(name)) {
        throw new IllegalArgumentException("the stored tensor " + name + " has no variable");
      }
    }
    variables.assign(
        session,
        variable -> {
          NamedTensor tensor = stored.get(variable.name());
          if (tensor == null) {
            throw new IllegalArgumentException("no tensor " + variable.name() + " is stored");
          }
          long[] shape = tensor.shape().stream().mapToLong(Integer::longValue).toArray();
          if (!variable.shape().equals(Shape.of(shape))) {
            throw new IllegalArgumentException(
                "the stored tensor "
                    + variable.name()
                    + " has shape "
                    + tensor.shape()
                    + ", its variable "
                    + variable.shape());
          }
          TFloat32 value = TFloat32.tensorOf(variable.shape());
          TensorMemory.floats(value).put(tensor.values());
          return value;
        });
  }

  /**
   * Takes one step.
   *
   * @param batchViews {@code [views x batch, height, width, 3]}: view 0 of every example first
   * @param batchRows {@code [batch]}, numbers of the examples
   * @param learningRate learning rate
   * @return the loss before the step
   */
  float step(TUint8 batchViews, TInt32 batchRows, double learningRate) {
    try (TFloat32 rateValue = TFloat32.scalarOf((float) learningRate)) {
      Session.Runner runner =
          session
              .runner()
              .feed(views, batchViews)
              .feed(rows, batchRows)
              .feed(rate, rateValue)
              .fetch(loss);
      updates.forEach(runner::addTarget);
      try (Result result = runner.run()) {
        return TensorMemory.floats(result.get(0)).get(0);
      }
    }
  }

  /** Embeds images with the current weights in evaluation mode; see {@link ImageEmbedder}. */
  float[] embed(ByteBuffer pixels, int count) {
    int bytes = Math.multiplyExact(count, sizes.height() * sizes.width() * 3);
    if (count < 1 || pixels.remaining() < bytes) {
      throw new IllegalArgumentException(
          "the buffer has " + pixels.remaining() + " bytes, " + count + " images have " + bytes);
    }
    try (TUint8 batch = TUint8.tensorOf(Shape.of(count, sizes.height(), sizes.width(), 3))) {
      TensorMemory.bytes(batch).put(pixels.slice(pixels.position(), bytes));
      try (Result result = session.runner().feed(images, batch).fetch(embedding).run()) {
        FloatBuffer values = TensorMemory.floats(result.get(0));
        float[] embeddings = new float[values.remaining()];
        values.get(embeddings);
        return embeddings;
      }
    }
  }

  /** Returns the state between steps; close it before the next step. */
  Snapshot snapshot() {
    List<String> names = List.copyOf(variables.names());
    return new Snapshot(names, variables.read(session, names));
  }

  /** Returns the threads of one operation, which the process has settled on. */
  int threads() {
    return threads;
  }

  /** Returns the number of trainable values. */
  long parameters() {
    return variables.parameters().stream().mapToLong(parameter -> parameter.shape().size()).sum();
  }

  @Override
  public void close() {
    session.close();
    graph.close();
  }

  /** Values of all variables, in native memory. */
  static final class Snapshot implements AutoCloseable {
    private final Result result;
    private final Map<String, NamedTensor> tensors = new LinkedHashMap<>();

    private Snapshot(List<String> names, Result result) {
      this.result = result;
      for (int i = 0; i < names.size(); i++) {
        List<Integer> shape = new ArrayList<>();
        for (long length : result.get(i).shape().asArray()) {
          shape.add(Math.toIntExact(length));
        }
        tensors.put(
            names.get(i), new NamedTensor(names.get(i), shape, TensorMemory.floats(result.get(i))));
      }
    }

    /** Returns the tensors by name, in the order of their variables' creation. */
    Map<String, NamedTensor> tensors() {
      return Collections.unmodifiableMap(tensors);
    }

    @Override
    public void close() {
      result.close();
    }
  }
}
