package org.kindred.models.objective;

import java.util.HashSet;
import java.util.Set;
import org.kindred.models.tensorflow.Initializer;
import org.kindred.models.tensorflow.VariableWeights;
import org.kindred.models.tensorflow.Variables;
import org.kindred.models.tensorflow.Variables.Variable;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

/**
 * The learned weights of a network with running statistics of their own, for passes of images that
 * are not like those that it is evaluated on.
 */
final class OwnStatistics implements VariableWeights {

  private final Variables variables;
  private final String prefix;
  private final Set<String> statistics = new HashSet<>();

  /**
   * Shares the parameters of a network.
   *
   * @param prefix of the statistics' names
   */
  OwnStatistics(Variables variables, String prefix) {
    this.variables = variables;
    this.prefix = prefix;
  }

  @Override
  public Operand<TFloat32> parameter(String name, Shape shape, Initializer initial) {
    return variables.parameter(name, shape, initial);
  }

  @Override
  public Operand<TFloat32> statistic(String name, Shape shape, Initializer initial) {
    statistics.add(name);
    return variables.statistic(prefix + name, shape, initial);
  }

  @Override
  public Variable get(String name) {
    return variables.get(statistics.contains(name) ? prefix + name : name);
  }
}
