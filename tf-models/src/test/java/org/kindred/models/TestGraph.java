package org.kindred.models;

import java.util.ArrayList;
import java.util.List;
import org.kindred.models.tensorflow.Sessions;
import org.kindred.models.tensorflow.TensorMemory;
import org.kindred.models.tensorflow.Variables;
import org.kindred.proto.pipeline.v1.Precision;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** A small graph with variables, built and run in one test. */
public final class TestGraph implements AutoCloseable {

  private final Graph graph = new Graph();
  private final Ops tf = Ops.create(graph);
  private final Variables variables = new Variables(tf);
  private Session session;

  public Ops tf() {
    return tf;
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

  /** Runs operations. */
  public void run(List<Op> targets) {
    Session.Runner runner = session().runner();
    targets.forEach(runner::addTarget);
    runner.run().close();
  }

  /** Fetches values in one run. */
  @SafeVarargs
  public final List<float[]> fetch(Operand<TFloat32>... operands) {
    Session.Runner runner = session().runner();
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
    graph.close();
  }
}
