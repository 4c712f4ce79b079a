package org.kindred.models.network;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.kindred.models.tensorflow.Initializer;
import org.kindred.models.tensorflow.Weights;
import org.kindred.proto.artifact.v1.Normalize;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Sum;
import org.tensorflow.op.nn.FusedBatchNorm;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/**
 * Makes the layers of a network with the conventions of the reference implementations: symmetric
 * padding, convolutions without bias, batch norm with epsilon 1e-5 whose running statistics keep
 * 0.9 of the old value, weights from U(-1/sqrt(fan in), 1/sqrt(fan in)).
 *
 * <p>Feature maps are {@code [batch, height, width, channels]}.
 */
public final class Layers {

  private static final float NORM_EPSILON = 1e-5f;
  private static final float STATISTICS_KEPT = 0.9f;
  private static final float SMALLEST_SQUARED_LENGTH = 1e-24f;

  private final Ops tf;
  private final Weights weights;
  private final boolean training;
  private final Map<String, Operand<TFloat32>> statisticUpdates = new LinkedHashMap<>();

  private Layers(Ops tf, Weights weights, boolean training) {
    this.tf = tf;
    this.weights = weights;
    this.training = training;
  }

  /** Makes layers for training: batch norm normalises with the statistics of the batch. */
  public static Layers forTraining(Ops tf, Weights weights) {
    return new Layers(tf, weights, true);
  }

  /** Makes layers for evaluation: batch norm normalises with the running statistics. */
  public static Layers forEvaluation(Ops tf, Weights weights) {
    return new Layers(tf, weights, false);
  }

  /** Returns the operations that layers are made of. */
  public Ops ops() {
    return tf;
  }

  /** Returns where the layers' weights are. */
  public Weights weights() {
    return weights;
  }

  /** Returns by name the value that each statistic should have after this step. */
  public Map<String, Operand<TFloat32>> statisticUpdates() {
    return statisticUpdates;
  }

  /** Returns {@code (pixels / 255 - mean) / standard deviation} for each channel. */
  public Operand<TFloat32> normalize(Operand<TUint8> images, Normalize normalize) {
    float[] mean = {normalize.getMeanRed(), normalize.getMeanGreen(), normalize.getMeanBlue()};
    float[] deviation = {normalize.getStdRed(), normalize.getStdGreen(), normalize.getStdBlue()};
    Operand<TFloat32> unit = tf.math.div(tf.dtypes.cast(images, TFloat32.class), tf.constant(255f));
    return tf.math.div(tf.math.sub(unit, tf.constant(mean)), tf.constant(deviation));
  }

  /**
   * Returns a square convolution without bias, padded by {@code size / 2} zeros on every side.
   *
   * @param name prefix of the kernel's name
   * @param size side of the kernel, odd
   * @param stride 1 or 2
   */
  public Operand<TFloat32> convolution(
      String name, Operand<TFloat32> input, int size, int stride, int channels) {
    long inputs = input.shape().get(-1);
    Operand<TFloat32> kernel =
        weights.parameter(
            name + ".kernel",
            Shape.of(size, size, inputs, channels),
            fanInUniform((long) size * size * inputs));
    int padding = size / 2;
    Operand<TFloat32> padded = input;
    // With stride 1 SAME is symmetric. With stride 2 it would pad an even side only at its end and
    // shift the grid by a pixel.
    boolean explicit = stride > 1 && padding > 0;
    if (explicit) {
      int[][] paddings = {{0, 0}, {padding, padding}, {padding, padding}, {0, 0}};
      padded = tf.pad(input, tf.constant(paddings), tf.constant(0f));
    }
    return tf.nn.conv2d(
        padded, kernel, List.of(1L, (long) stride, (long) stride, 1L), explicit ? "VALID" : "SAME");
  }

  /** Returns batch norm over all but the last dimension. */
  public Operand<TFloat32> batchNorm(String name, Operand<TFloat32> input) {
    Shape shape = Shape.of(input.shape().get(-1));
    Operand<TFloat32> scale = weights.parameter(name + ".scale", shape, Initializer.constant(1));
    Operand<TFloat32> shift = weights.parameter(name + ".shift", shape, Initializer.constant(0));
    Operand<TFloat32> mean = weights.statistic(name + ".mean", shape, Initializer.constant(0));
    Operand<TFloat32> variance =
        weights.statistic(name + ".variance", shape, Initializer.constant(1));
    if (!training) {
      return tf.nn
          .fusedBatchNorm(
              input,
              scale,
              shift,
              mean,
              variance,
              FusedBatchNorm.isTraining(false),
              FusedBatchNorm.epsilon(NORM_EPSILON))
          .y();
    }
    Operand<TFloat32> none = tf.constant(new float[0]);
    FusedBatchNorm<TFloat32, TFloat32> norm =
        tf.nn.fusedBatchNorm(
            input,
            scale,
            shift,
            none,
            none,
            FusedBatchNorm.isTraining(true),
            FusedBatchNorm.epsilon(NORM_EPSILON));
    // The operation normalises with the biased variance and hands out the unbiased one.
    statisticUpdates.put(name + ".mean", keepMost(mean, norm.batchMean()));
    statisticUpdates.put(name + ".variance", keepMost(variance, norm.batchVariance()));
    return norm.y();
  }

  private Operand<TFloat32> keepMost(Operand<TFloat32> running, Operand<TFloat32> batch) {
    return tf.math.add(
        tf.math.mul(running, tf.constant(STATISTICS_KEPT)),
        tf.math.mul(batch, tf.constant(1 - STATISTICS_KEPT)));
  }

  /** Returns {@code input x weight + bias}, {@code [batch, outputs]}. */
  public Operand<TFloat32> linear(String name, Operand<TFloat32> input, int outputs) {
    long inputs = input.shape().get(-1);
    Initializer initial = fanInUniform(inputs);
    Operand<TFloat32> weight =
        weights.parameter(name + ".weight", Shape.of(inputs, outputs), initial);
    Operand<TFloat32> bias = weights.parameter(name + ".bias", Shape.of(outputs), initial);
    return tf.math.add(tf.linalg.matMul(input, weight), bias);
  }

  private static Initializer fanInUniform(long fanIn) {
    return Initializer.uniform(1 / Math.sqrt((double) fanIn));
  }

  /** Returns {@code max(input, 0)}. */
  public Operand<TFloat32> relu(Operand<TFloat32> input) {
    return tf.nn.relu(input);
  }

  /** Returns the mean over height and width, {@code [batch, channels]}. */
  public Operand<TFloat32> globalAverage(Operand<TFloat32> input) {
    return tf.math.mean(input, tf.constant(new int[] {1, 2}));
  }

  /**
   * Returns each row of {@code input} divided by {@code max(length, 1e-12)}: a zero row stays zero
   * and has a finite gradient.
   */
  public static Operand<TFloat32> unitRows(Ops tf, Operand<TFloat32> input) {
    Operand<TFloat32> squaredLength =
        tf.sum(tf.math.square(input), tf.constant(new int[] {1}), Sum.keepDims(true));
    // The guard stands inside the root: the gradient of a root at 0 is infinite, and times 0 NaN.
    return tf.math.mul(
        input, tf.math.rsqrt(tf.math.maximum(squaredLength, tf.constant(SMALLEST_SQUARED_LENGTH))));
  }
}
