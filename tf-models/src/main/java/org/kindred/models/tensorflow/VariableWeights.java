package org.kindred.models.tensorflow;

import org.kindred.models.tensorflow.Variables.Variable;

/** Weights that are variables, so that a training step can change them. */
public interface VariableWeights extends Weights {

  /**
   * Returns the variable that holds the tensor which {@link #parameter} or {@link #statistic} gave
   * under this name.
   *
   * @throws IllegalArgumentException when nobody asked for it yet
   */
  Variable get(String name);
}
