package org.kindred.models.tensorflow;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.AssignVariableOp;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.ReadVariableOp;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.TFloat32;

/**
 * Everything that a training run changes, as named float32 resource variables: parameters,
 * statistics, optimiser slots, the objective's state. What is here is checkpointed and restored;
 * there is no other state between steps.
 *
 * <p>Resource variables, because a read is then a snapshot: an operation that took a value keeps
 * it, whatever is assigned later in the same step. The older reference variables hand out their
 * memory, and a gradient may see a weight that its own update has already changed.
 */
public final class Variables implements VariableWeights {

  /** One variable. */
  public static final class Variable {
    private final String name;
    private final Shape shape;
    private final Initializer initial;
    private final int number;
    private final String origin;
    private final VarHandleOp handle;
    private final ReadVariableOp<TFloat32> value;
    private final Placeholder<TFloat32> newValue;
    private final AssignVariableOp assignment;

    private Variable(
        Ops tf, String name, Shape shape, Initializer initial, int number, String origin) {
      this.name = name;
      this.shape = shape;
      this.initial = initial;
      this.number = number;
      this.origin = origin;
      this.handle =
          tf.withName(name).varHandleOp(TFloat32.class, shape, VarHandleOp.sharedName(name));
      this.value = tf.withName(name + ".value").readVariableOp(handle, TFloat32.class);
      this.newValue =
          tf.withName(name + ".new_value").placeholder(TFloat32.class, Placeholder.shape(shape));
      this.assignment = tf.withName(name + ".assign").assignVariableOp(handle, newValue);
    }

    /** Returns the name. */
    public String name() {
      return name;
    }

    /** Returns the shape. */
    public Shape shape() {
      return shape;
    }

    /** Returns the resource, for operations that change it. */
    public Operand<?> handle() {
      return handle;
    }

    /** Returns the name of the variable whose initial value this one has: mostly its own. */
    public String origin() {
      return origin;
    }

    private TFloat32 initialValue(long seed) {
      TFloat32 tensor = TFloat32.tensorOf(shape);
      initial.fill(TensorMemory.floats(tensor), seed, number);
      return tensor;
    }

    /** Returns the value as it stands when the step starts. */
    public Operand<TFloat32> value() {
      return value;
    }
  }

  private final Ops tf;
  private final Map<String, Variable> variables = new LinkedHashMap<>();
  private final List<Variable> parameters = new ArrayList<>();
  private final Map<String, Variable> scratch = new LinkedHashMap<>();

  /** Creates no variables yet; {@code tf} names the graph that they will be in. */
  public Variables(Ops tf) {
    this.tf = tf;
  }

  @Override
  public Operand<TFloat32> parameter(String name, Shape shape, Initializer initial) {
    boolean isNew = !variables.containsKey(name);
    Variable variable = variable(name, shape, initial);
    if (isNew) {
      parameters.add(variable);
    }
    return variable.value();
  }

  @Override
  public Operand<TFloat32> statistic(String name, Shape shape, Initializer initial) {
    return variable(name, shape, initial).value();
  }

  /**
   * Returns a variable, which is created at the first call with its name.
   *
   * @throws IllegalArgumentException when it exists with another shape
   */
  public Variable variable(String name, Shape shape, Initializer initial) {
    Variable variable =
        variables.computeIfAbsent(
            name, absent -> new Variable(tf, name, shape, initial, parameters.size(), name));
    if (!variable.shape.equals(shape)) {
      throw new IllegalArgumentException(
          "variable " + name + " has shape " + variable.shape + ", asked for " + shape);
    }
    return variable;
  }

  /** Returns the variable {@code name}, which starts with the value that {@code original} has. */
  Variable copyOf(Variable original, String name) {
    return variables.computeIfAbsent(
        name,
        absent ->
            new Variable(
                tf, name, original.shape, original.initial, original.number, original.origin));
  }

  @Override
  public Variable get(String name) {
    Variable variable = variables.get(name);
    if (variable == null) {
      throw new IllegalArgumentException("there is no variable " + name);
    }
    return variable;
  }

  /**
   * Returns a variable that holds something within a step only: it is 0 between steps and no part
   * of the state.
   */
  public Variable scratch(String name, Shape shape) {
    return scratch.computeIfAbsent(
        name, absent -> new Variable(tf, name, shape, Initializer.constant(0), 0, name));
  }

  /** Declares a variable that the optimiser learns, beside those of the network. */
  public Variable learned(String name, Shape shape, Initializer initial) {
    parameter(name, shape, initial);
    return get(name);
  }

  /** Returns the parameters in the order of their creation. */
  public List<Variable> parameters() {
    return Collections.unmodifiableList(parameters);
  }

  /** Returns all names in the order of their creation. */
  public Set<String> names() {
    return Collections.unmodifiableSet(variables.keySet());
  }

  /** Gives every variable its initial value. */
  public void initialize(Session session, long seed) {
    assign(session, variable -> variable.initialValue(seed));
  }

  /**
   * Gives every variable the value that {@code values} makes for it.
   *
   * @param values makes one tensor of the variable's shape, which is closed here
   */
  public void assign(Session session, Function<Variable, TFloat32> values) {
    assign(session, variables.values(), values);
    assign(session, scratch.values(), variable -> variable.initialValue(0));
  }

  /**
   * Gives one variable a value.
   *
   * @param value as many numbers as it has, row by row
   */
  public void assign(Session session, Variable variable, float[] value) {
    assign(
        session,
        List.of(variable),
        same -> {
          TFloat32 tensor = TFloat32.tensorOf(variable.shape);
          TensorMemory.floats(tensor).put(value);
          return tensor;
        });
  }

  private static void assign(
      Session session, Collection<Variable> targets, Function<Variable, TFloat32> values) {
    if (targets.isEmpty()) {
      return;
    }
    List<Tensor> tensors = new ArrayList<>();
    try {
      Session.Runner runner = session.runner();
      for (Variable variable : targets) {
        TFloat32 tensor = values.apply(variable);
        tensors.add(tensor);
        runner.feed(variable.newValue, tensor).addTarget((Op) variable.assignment);
      }
      runner.run().close();
    } finally {
      tensors.forEach(Tensor::close);
    }
  }

  /**
   * Returns the current values in the order of {@code names}; the caller closes the result. The
   * tensors may share the variables' memory: run no step before they are closed.
   */
  public Result read(Session session, Collection<String> names) {
    Session.Runner runner = session.runner();
    for (String name : names) {
      runner.fetch(get(name).value);
    }
    return runner.run();
  }
}
