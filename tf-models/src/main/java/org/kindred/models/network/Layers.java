package org.kindred.models.network;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.kindred.models.tensorflow.Initializer;
import org.kindred.models.tensorflow.Weights;
import org.kindred.proto.artifact.v1.Normalize;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Sum;
import org.tensorflow.op.nn.FusedBatchNorm;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/**
 * Makes the layers of a network with the conventions of the reference implementations: symmetric
 * padding, convolutions without bias, batch norm with epsilon 1e-5 whose running statistics keep
 * 0.9 of the old value.
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
  private final WeightScheme scheme;
  private final Map<String, Operand<TFloat32>> statisticUpdates;

  private Layers(
      Ops tf,
      Weights weights,
      boolean training,
      WeightScheme scheme,
      Map<String, Operand<TFloat32>> statisticUpdates) {
    this.tf = tf;
    this.weights = weights;
    this.training = training;
    this.scheme = scheme;
    this.statisticUpdates = statisticUpdates;
  }

  /** Makes layers for training: batch norm normalises with the statistics of the batch. */
  public static Layers forTraining(Ops tf, Weights weights) {
    return new Layers(tf, weights, true, WeightScheme.FAN_IN_UNIFORM, new LinkedHashMap<>());
  }

  /** Makes layers for evaluation: batch norm normalises with the running statistics. */
  public static Layers forEvaluation(Ops tf, Weights weights) {
    return new Layers(tf, weights, false, WeightScheme.FAN_IN_UNIFORM, new LinkedHashMap<>());
  }

  /** Returns the same layers, but with weights that are drawn in another way before training. */
  Layers drawnBy(WeightScheme other) {
    return new Layers(tf, weights, training, other, statisticUpdates);
  }

  /** Returns layers for a part of a batch, whose statistics go on from where these are. */
  public Layers part() {
    return new Layers(tf, weights, training, scheme, new LinkedHashMap<>(statisticUpdates));
  }

  /** Moves each statistic to the mean of where the parts of a batch have moved it. */
  public void takeMean(List<Layers> parts) {
    for (String name : parts.get(0).statisticUpdates.keySet()) {
      List<Operand<TFloat32>> moved =
          parts.stream().map(part -> part.statisticUpdates.get(name)).toList();
      statisticUpdates.put(
          name,
          moved.size() == 1
              ? moved.get(0)
              : tf.math.div(tf.math.addN(moved), tf.constant((float) moved.size())));
    }
  }

  /** Returns the operations that layers are made of. */
  public Ops ops() {
    return tf;
  }

  /** Returns where the layers' weights are. */
  public Weights weights() {
    return weights;
  }

  /**
   * Returns by name the value that each statistic should have after this step. A batch norm that
   * was built several times, as for views of several sizes, takes in one batch after the other, in
   * the order in which they were built.
   */
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
   * @param stride 1 or more
   */
  public Operand<TFloat32> convolution(
      String name, Operand<TFloat32> input, int size, int stride, int channels) {
    return convolution(name, input, size, stride, size / 2, channels);
  }

  /**
   * Returns a square convolution without bias.
   *
   * @param name prefix of the kernel's name
   * @param size side of the kernel, odd
   * @param stride 1 or more
   * @param padding zeros on every side
   */
  Operand<TFloat32> convolution(
      String name, Operand<TFloat32> input, int size, int stride, int padding, int channels) {
    long inputs = input.shape().get(-1);
    Operand<TFloat32> kernel =
        weights.parameter(
            name + ".kernel",
            Shape.of(size, size, inputs, channels),
            scheme.kernel(size, inputs, channels));
    // With stride 1 SAME is symmetric. With stride 2 it would pad an even side only at its end and
    // shift the grid by a pixel.
    boolean same = stride == 1 && padding == size / 2;
    return tf.nn.conv2d(
        same ? input : padded(input, padding, 0),
        kernel,
        List.of(1L, (long) stride, (long) stride, 1L),
        same ? "SAME" : "VALID");
  }

  private Operand<TFloat32> padded(Operand<TFloat32> input, int padding, float value) {
    if (padding == 0) {
      return input;
    }
    int[][] paddings = {{0, 0}, {padding, padding}, {padding, padding}, {0, 0}};
    return tf.pad(input, tf.constant(paddings), tf.constant(value));
  }

  /**
   * Returns the maximum of each window, at a distance of 2; padding is less than any value.
   *
   * @param size side of a window
   * @param padding on every side
   */
  Operand<TFloat32> maxPool(Operand<TFloat32> input, int size, int padding) {
    return tf.nn.maxPool(
        padded(input, padding, Float.NEGATIVE_INFINITY),
        tf.constant(new int[] {1, size, size, 1}),
        tf.constant(new int[] {1, 2, 2, 1}),
        "VALID");
  }

  /** Returns batch norm over all but the last dimension, of maps or of rows. */
  public Operand<TFloat32> batchNorm(String name, Operand<TFloat32> input) {
    long channels = input.shape().get(-1);
    if (input.shape().numDimensions() == 4) {
      return mapNorm(name, input, Shape.of(channels));
    }
    Operand<TFloat32> maps = tf.reshape(input, tf.constant(new long[] {-1, 1, 1, channels}));
    return tf.reshape(
        mapNorm(name, maps, Shape.of(channels)), tf.constant(new long[] {-1, channels}));
  }

  private Operand<TFloat32> mapNorm(String name, Operand<TFloat32> input, Shape shape) {
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
    takeIn(name + ".mean", mean, norm.batchMean());
    takeIn(name + ".variance", variance, norm.batchVariance());
    return norm.y();
  }

  /** Moves a statistic, from where an earlier batch of the same step has moved it. */
  private void takeIn(String name, Operand<TFloat32> stored, Operand<TFloat32> batch) {
    Operand<TFloat32> running = statisticUpdates.getOrDefault(name, stored);
    statisticUpdates.put(name, keepMost(running, batch));
  }

  private Operand<TFloat32> keepMost(Operand<TFloat32> running, Operand<TFloat32> batch) {
    return tf.math.add(
        tf.math.mul(running, tf.constant(STATISTICS_KEPT)),
        tf.math.mul(batch, tf.constant(1 - STATISTICS_KEPT)));
  }

  /** Returns {@code input x weight + bias}, {@code [batch, outputs]}. */
  public Operand<TFloat32> linear(String name, Operand<TFloat32> input, int outputs) {
    long inputs = input.shape().get(-1);
    Operand<TFloat32> weight =
        weights.parameter(
            name + ".weight", Shape.of(inputs, outputs), scheme.weight(inputs, outputs));
    Operand<TFloat32> bias =
        weights.parameter(name + ".bias", Shape.of(outputs), scheme.bias(inputs));
    return tf.math.add(tf.linalg.matMul(input, weight), bias);
  }

  /** Returns {@code max(input, 0)}. */
  public Operand<TFloat32> relu(Operand<TFloat32> input) {
    return tf.nn.relu(input);
  }

  /** Returns the mean over height and width, {@code [batch, channels]}. */
  public Operand<TFloat32> globalAverage(Operand<TFloat32> input) {
    return tf.math.mean(input, tf.constant(new int[] {1, 2}));
  }

  /** Returns the first {@code side} rows and columns of each map. */
  Operand<TFloat32> topLeft(Operand<TFloat32> input, int side) {
    return tf.slice(
        input, tf.constant(new int[] {0, 0, 0, 0}), tf.constant(new int[] {-1, side, side, -1}));
  }

  /**
   * Returns the means over a grid of windows. Window i of g over a side of n values goes from
   * {@code floor(i n / g)} to {@code ceil((i + 1) n / g)}, as PyTorch's adaptive average pooling
   * has it: where g does not divide n, windows overlap.
   *
   * @param input {@code [batch, height, width, channels]}, known but for the batch
   * @param grid side of the grid
   * @return {@code [batch, grid * grid * channels]}, row by row, channels last
   */
  Operand<TFloat32> adaptiveAverage(Operand<TFloat32> input, int grid) {
    long height = input.shape().get(1);
    long width = input.shape().get(2);
    long channels = input.shape().get(3);
    Operand<TFloat32> rows = windowMeans(reshaped(input, height, width * channels), grid);
    Operand<TFloat32> cells = windowMeans(reshaped(rows, width, channels), grid);
    return tf.reshape(cells, tf.constant(new long[] {-1, (long) grid * grid * channels}));
  }

  private Operand<TFloat32> reshaped(Operand<TFloat32> input, long rows, long columns) {
    return tf.reshape(input, tf.constant(new long[] {-1, rows, columns}));
  }

  /** Averages {@code [n, length, columns]} to {@code [n, grid, columns]}. */
  private Operand<TFloat32> windowMeans(Operand<TFloat32> input, int grid) {
    int length = Math.toIntExact(input.shape().get(1));
    if (length == grid) {
      return input;
    }
    float[][][] means = new float[1][grid][length];
    for (int i = 0; i < grid; i++) {
      int start = i * length / grid;
      int end = ((i + 1) * length + grid - 1) / grid;
      Arrays.fill(means[0][i], start, end, 1f / (end - start));
    }
    return tf.train.batchMatMul(tf.constant(StdArrays.ndCopyOf(means)), input, TFloat32.class);
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
