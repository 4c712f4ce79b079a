package org.kindred.models.network;

import org.kindred.models.tensorflow.Initializer;
import org.kindred.proto.artifact.v1.Initialization;

/** How weights are drawn before training, as {@link Initialization} says. */
enum WeightScheme {
  /** U(-b, b) with b = 1/sqrt(fan in), for kernels, weights and biases. */
  FAN_IN_UNIFORM {
    @Override
    Initializer kernel(int size, long inputs, long outputs) {
      return fanIn((long) size * size * inputs);
    }

    @Override
    Initializer weight(long inputs, long outputs) {
      return fanIn(inputs);
    }

    @Override
    Initializer bias(long inputs) {
      return fanIn(inputs);
    }

    private static Initializer fanIn(long fanIn) {
      return Initializer.uniform(1 / Math.sqrt((double) fanIn));
    }
  },

  /**
   * Kernels: N(0, 2 / fan out), K. He et al., "Delving Deep into Rectifiers", ICCV 2015, equation
   * 14. Weights: U(-b, b) with b = sqrt(6 / (inputs + outputs)), X. Glorot and Y. Bengio,
   * "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010,
   * equation 16. Biases: 0.
   */
  HE_NORMAL {
    @Override
    Initializer kernel(int size, long inputs, long outputs) {
      return Initializer.normal(Math.sqrt(2.0 / (size * size * (double) outputs)));
    }

    @Override
    Initializer weight(long inputs, long outputs) {
      return Initializer.uniform(Math.sqrt(6.0 / (inputs + outputs)));
    }

    @Override
    Initializer bias(long inputs) {
      return Initializer.constant(0);
    }
  };

  /**
   * Returns the scheme of a configuration.
   *
   * @throws IllegalArgumentException when it is not set
   */
  static WeightScheme of(Initialization initialization) {
    return switch (initialization) {
      case INITIALIZATION_FAN_IN_UNIFORM -> FAN_IN_UNIFORM;
      case INITIALIZATION_HE_NORMAL -> HE_NORMAL;
      case INITIALIZATION_UNSPECIFIED, UNRECOGNIZED ->
          throw new IllegalArgumentException("network.initialization is not set");
    };
  }

  /** Returns how the kernel of a square convolution is drawn. */
  abstract Initializer kernel(int size, long inputs, long outputs);

  /** Returns how the matrix of a linear layer is drawn. */
  abstract Initializer weight(long inputs, long outputs);

  /** Returns how the bias of a linear layer of so many inputs is drawn. */
  abstract Initializer bias(long inputs);
}
