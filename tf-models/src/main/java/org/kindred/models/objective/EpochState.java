package org.kindred.models.objective;

import java.io.IOException;
import org.kindred.models.tensorflow.Variables.Variable;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

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
   * example. Before the first epoch running statistics follow some batches of training views first:
   * their initial values are those of no image.
   *
   * @param reader as {@link TrainingStep#reader} gave it
   * @return {@code [examples, width]}, row by row
   * @throws IOException when an image cannot be read
   */
  float[] features(FeatureReader reader) throws IOException, InterruptedException;

  /**
   * Has the network, in training mode, see the training views of the first epoch without learning
   * of them: batch by batch, the last incomplete one dropped. Running statistics follow; nothing
   * else changes.
   *
   * @param output what is wanted of the step
   * @param sink takes it of each batch
   * @throws IOException when an image cannot be read
   */
  void look(Operand<TFloat32> output, BatchSink sink) throws IOException, InterruptedException;

  /** Takes what the step makes of a batch. */
  @FunctionalInterface
  interface BatchSink {
    /**
     * Takes values.
     *
     * @param rows numbers of the examples
     * @param values row by row
     */
    void take(int[] rows, float[] values);
  }

  /**
   * Names an output of a network in evaluation mode.
   *
   * @param output {@code [images, width]}, made of the placeholder of evaluation images
   */
  record FeatureReader(Operand<TFloat32> output) {}
}
