package org.kindred.models.tensorflow;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.kindred.models.tensorflow.Variables.Variable;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

/**
 * A second set of a network's tensors that starts with the same values and is not learned: the
 * optimiser doesn't know of it. Each tensor must have been asked of the learned weights before.
 */
public final class ShadowWeights implements VariableWeights {

  private final Variables variables;
  private final String prefix;
  private final Map<Variable, Variable> shadows = new LinkedHashMap<>();

  /**
   * Makes a shadow of some variables.
   *
   * @param variables has the originals, and gets the shadows
   * @param prefix of the shadows' names
   */
  public ShadowWeights(Variables variables, String prefix) {
    this.variables = variables;
    this.prefix = prefix;
  }

  @Override
  public Operand<TFloat32> parameter(String name, Shape shape, Initializer initial) {
    Variable original = variables.get(name);
    return shadows
        .computeIfAbsent(original, absent -> variables.copyOf(original, prefix + name))
        .value();
  }

  @Override
  public Operand<TFloat32> statistic(String name, Shape shape, Initializer initial) {
    return variables.copyOf(variables.get(name), prefix + name).value();
  }

  @Override
  public Variable get(String name) {
    return variables.get(prefix + name);
  }

  /** Returns the shadow of each learned tensor by its original. */
  public Map<Variable, Variable> parameters() {
    return Collections.unmodifiableMap(shadows);
  }
}
