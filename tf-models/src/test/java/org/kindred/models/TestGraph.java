package org.kindred.models;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.kindred.models.tensorflow.Sessions;
import org.kindred.models.tensorflow.TensorMemory;
import org.kindred.models.tensorflow.Variables;
import org.kindred.models.tensorflow.Variables.Variable;
import org.kindred.proto.pipeline.v1.Precision;
import org.tensorflow.Graph;
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** A small graph with variables, built and run in one test. */
public final class TestGraph implements AutoCloseable {

  private final Graph graph = Sessions.newGraph();
  private final Ops tf = Ops.create(graph);
  private final Variables variables = new Variables(tf);
  private final Placeholder<TInt32> number = scalar();
  private final Placeholder<TInt32> epoch = scalar();
  private final Map<Operand<?>, Tensor> feeds = new LinkedHashMap<>();
  private Session session;

  private Placeholder<TInt32> scalar() {
    return tf.placeholder(TInt32.class, Placeholder.shape(Shape.scalar()));
  }

  /** Returns the number of steps before this one, 0 unless {@link #at} said otherwise. */
  public Operand<TInt32> number() {
    return number;
  }

  /** Returns the epoch, 0 unless {@link #at} said otherwise. */
  public Operand<TInt32> epoch() {
    return epoch;
  }

  /** Sets the step and the epoch of what is run from here on. */
  public void at(int newNumber, int newEpoch) {
    put(number, TInt32.scalarOf(newNumber));
    put(epoch, TInt32.scalarOf(newEpoch));
  }

  /** Sets the value of a placeholder in what is run from here on. */
  public void feed(Operand<TInt32> placeholder, int[] values, long... shape) {
    put(placeholder, TInt32.tensorOf(Shape.of(shape), DataBuffers.of(values)));
  }

  private void put(Operand<?> placeholder, Tensor value) {
    Tensor old = feeds.put(placeholder, value);
    if (old != null) {
      old.close();
    }
  }

  private Session.Runner runner() {
    if (feeds.isEmpty() || !feeds.containsKey(number)) {
      at(0, 0);
    }
    Session.Runner runner = session().runner();
    feeds.forEach(runner::feed);
    return runner;
  }

  public Ops tf() {
    return tf;
  }

  /** Returns all operations. */
  public Stream<GraphOperation> operations() {
    Iterable<GraphOperation> all = graph::operations;
    return StreamSupport.stream(all.spliterator(), false);
  }

  public Variables variables() {
    return variables;
  }

  public Operand<TFloat32> constant(float[] values, long... shape) {
    return tf.constant(Shape.of(shape), DataBuffers.of(values));
  }

  /** Adds the gradient of a scalar. */
  public Operand<TFloat32> gradient(Operand<TFloat32> scalar, Operand<TFloat32> of) {
    Output<?>[] gradients = graph.addGradients(scalar.asOutput(), new Output<?>[] {of.asOutput()});
    return gradients[0].expect(TFloat32.class);
  }

  /** Gives the variables their initial values. */
  public void initialize(long seed) {
    variables.initialize(session(), seed);
  }

  /** Gives a variable a value. */
  public void assign(Variable variable, float[] values) {
    variables.assign(session(), variable, values);
  }

  /** Runs operations. */
  public void run(List<Op> targets) {
    run(targets, Map.of());
  }

  /** Runs operations with values for placeholders. */
  public void run(List<Op> targets, Map<Operand<?>, ? extends Tensor> feeds) {
    Session.Runner runner = runner();
    targets.forEach(runner::addTarget);
    feeds.forEach(runner::feed);
    runner.run().close();
  }

  /** Fetches values in one run. */
  @SafeVarargs
  public final List<float[]> fetch(Operand<TFloat32>... operands) {
    Session.Runner runner = runner();
    for (Operand<TFloat32> operand : operands) {
      runner.fetch(operand);
    }
    List<float[]> values = new ArrayList<>();
    try (Result result = runner.run()) {
      for (int i = 0; i < operands.length; i++) {
        var memory = TensorMemory.floats(result.get(i));
        float[] copy = new float[memory.remaining()];
        memory.get(copy);
        values.add(copy);
      }
    }
    return values;
  }

  private Session session() {
    if (session == null) {
      session = Sessions.open(graph, Precision.PRECISION_FLOAT32, 0);
    }
    return session;
  }

  @Override
  public void close() {
    if (session != null) {
      session.close();
    }
    feeds.values().forEach(Tensor::close);
    graph.close();
  }
}
