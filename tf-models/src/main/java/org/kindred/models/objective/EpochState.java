package org.kindred.models.objective;

import java.io.IOException;
import org.kindred.models.tensorflow.Variables.Variable;

/** What an objective sees and changes between two epochs. */
public interface EpochState {

  /** Returns the epoch that is about to start, from 0. */
  int epoch();

  /** Returns the value of a variable, row by row. */
  float[] read(Variable variable);

  /**
   * Gives a variable a value.
   *
   * @param values as many as the variable has, row by row
   */
  void assign(Variable variable, float[] values);

  /**
   * Returns what a network, in evaluation mode, makes of the evaluation view of every training
   * example.
   *
   * @param reader as {@link TrainingStep#reader} gave it
   * @return {@code [examples, width]}, row by row
   * @throws IOException when an image cannot be read
   */
  float[] features(FeatureReader reader) throws IOException;

  /**
   * Names an output of a network in evaluation mode.
   *
   * @param output {@code [images, width]}, made of the placeholder of evaluation images
   */
  record FeatureReader(org.tensorflow.Operand<org.tensorflow.types.TFloat32> output) {}
}
