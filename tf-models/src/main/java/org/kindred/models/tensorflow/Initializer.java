package org.kindred.models.tensorflow;

import java.nio.FloatBuffer;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;

/** Initial values of a tensor, a pure function of the seed and the tensor's number. */
@FunctionalInterface
public interface Initializer {

  /**
   * Fills {@code target} to its end.
   *
   * @param target the tensor, row-major
   * @param seed the run's seed
   * @param number the tensor's number among the parameters of its graph, from 0; for a tensor that
   *     is not a parameter, the number that the next parameter gets
   */
  void fill(FloatBuffer target, long seed, int number);

  /** Every element is {@code value}. */
  static Initializer constant(float value) {
    return (target, seed, number) -> {
      while (target.hasRemaining()) {
        target.put(value);
      }
    };
  }

  /** Every element is drawn from U[-bound, bound). */
  static Initializer uniform(double bound) {
    return (target, seed, number) -> {
      CounterRandom random = new CounterRandom(Domain.INITIALIZATION, seed, 0, number, 0);
      while (target.hasRemaining()) {
        target.put((float) random.uniform(-bound, bound));
      }
    };
  }
}
