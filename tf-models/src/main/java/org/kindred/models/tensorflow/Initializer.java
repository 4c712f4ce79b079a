package org.kindred.models.tensorflow;

import java.nio.FloatBuffer;
import java.util.function.ToDoubleFunction;
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
    return drawn(random -> random.uniform(-bound, bound));
  }

  /** Every element is drawn from a normal distribution of mean 0. */
  static Initializer normal(double deviation) {
    return drawn(random -> deviation * standardNormal(random));
  }

  /** G. E. P. Box and M. E. Muller, "A Note on the Generation of Random Normal Deviates", 1958. */
  private static double standardNormal(CounterRandom random) {
    double radius = Math.sqrt(-2 * StrictMath.log(1 - random.nextFloat()));
    return radius * StrictMath.cos(2 * Math.PI * random.nextFloat());
  }

  /** Draws elements one after the other, from another stream when one has come to its end. */
  private static Initializer drawn(ToDoubleFunction<CounterRandom> element) {
    int drawsPerElement = 2;
    int elementsPerStream = CounterRandom.MAX_DRAWS / drawsPerElement;
    return (target, seed, number) -> {
      for (int stream = 0; target.hasRemaining(); stream++) {
        CounterRandom random = new CounterRandom(Domain.INITIALIZATION, seed, 0, number, stream);
        int end = Math.min(target.limit(), target.position() + elementsPerStream);
        while (target.position() < end) {
          target.put((float) element.applyAsDouble(random));
        }
      }
    };
  }
}
