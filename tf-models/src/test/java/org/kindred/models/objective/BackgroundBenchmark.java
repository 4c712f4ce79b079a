package org.kindred.models.objective;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.kindred.models.TestGraph;
import org.kindred.proto.pipeline.v1.InvP;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.ReduceMax;
import org.tensorflow.op.core.ReduceMin;
import org.tensorflow.op.core.Sum;
import org.tensorflow.op.nn.TopK;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * Measures what a step of InvP costs beside the network, and ways to choose the M nearest rows, for
 * 128 examples of 128 dimensions. Prints a line of JSON for each, with the median of some runs.
 *
 * <p>Arguments: rows of the bank (50000), M (4096), runs (7).
 */
final class BackgroundBenchmark {

  private static final int BATCH = 128;
  private static final int DIMENSION = 128;
  private static final int PASSES = 8;
  private static final int BINS = 1024;
  private static final int GROUP = 4;
  private static final int[] BOTH = {0, 1};

  private BackgroundBenchmark() {}

  public static void main(String[] arguments) {
    int examples = argument(arguments, 0, 50_000);
    int size = argument(arguments, 1, 4096);
    int runs = argument(arguments, 2, 7);
    objective("invp", examples, runs, config -> config.setBackground(size));
    objective("invp, all rows", examples, runs, config -> config.setBackground(0));
    objective(
        "invp, instance term alone",
        examples,
        runs,
        config -> config.setBackground(size).setInvarianceWeight(0));
    alternatives(examples, size, runs);
  }

  private static int argument(String[] arguments, int index, int initial) {
    return arguments.length > index ? Integer.parseInt(arguments[index]) : initial;
  }

  private static float[] unitRows(int rows) {
    Random random = new Random(rows);
    float[] values = new float[rows * DIMENSION];
    for (int row = 0; row < rows; row++) {
      double squared = 0;
      for (int i = row * DIMENSION; i < (row + 1) * DIMENSION; i++) {
        values[i] = (float) random.nextGaussian();
        squared += (double) values[i] * values[i];
      }
      for (int i = row * DIMENSION; i < (row + 1) * DIMENSION; i++) {
        values[i] /= (float) Math.sqrt(squared);
      }
    }
    return values;
  }

  /** Loss, gradient by the embeddings, bank and graph, as a step has them. */
  private static void objective(
      String name, int examples, int runs, UnaryOperator<InvP.Builder> change) {
    try (TestGraph graph = new TestGraph()) {
      InvPCase built =
          InvPCase.of(
              graph,
              unitRows(examples),
              unitRows(BATCH),
              new Random(2).ints(BATCH, 0, examples).toArray(),
              Optional.empty(),
              change);
      List<Op> targets = new ArrayList<>();
      targets.add(graph.gradient(built.loss(), built.features()));
      built.step().step().deliveries().forEach(delivery -> targets.add(delivery.values()));
      targets.addAll(built.step().updates());
      graph.initialize(1);
      graph.at(0, InvPCase.FULL);
      Random random = new Random(3);
      IntTable table = built.step().step().tables().get(TrainingObjective.NEIGHBORS);
      if (table != null) {
        Arrays.setAll(table.values(), i -> random.nextInt(examples));
        measure(
            name + ": positives, on the host", runs, () -> built.step().fillLookups(InvPCase.FULL));
      }
      measure(name + ": all in the graph", runs, () -> graph.run(targets));
    }
  }

  private static void alternatives(int examples, int size, int runs) {
    try (TestGraph graph = new TestGraph()) {
      Ops tf = graph.tf();
      Operand<TFloat32> bank = Banks.declare(graph, unitRows(examples), examples).value();
      Operand<TFloat32> embeddings = graph.constant(unitRows(BATCH), BATCH, DIMENSION);
      TestStep step = new TestStep(graph, embeddings, new int[BATCH], examples);
      Operand<TFloat32> products = MemoryBank.declare(step.step()).products(embeddings);
      graph.initialize(1);
      float[] similarities = graph.fetch(products).get(0);
      var stored =
          graph
              .variables()
              .variable(
                  "similarities",
                  products.shape(),
                  (target, seed, number) -> target.put(similarities));
      graph.initialize(1);
      Operand<TFloat32> rows = stored.value();
      Map<String, Op> ways = new LinkedHashMap<>();
      ways.put("product with the bank", tf.reduceMax(products, tf.constant(BOTH)));
      ways.put("gradient's product", tf.linalg.matMul(rows, bank));
      ways.put("top-k, sorted", top(tf, rows, size).indices());
      ways.put("top-k, not sorted", top(tf, rows, size, TopK.sorted(false)).indices());
      ways.put("top-k of 5", top(tf, rows, 5).indices());
      ways.put(PASSES + " of the up to 31 passes of a bisection", bisection(tf, rows, size));
      ways.put("one of 3 passes of a histogram of " + BINS + " bins", histogram(tf, rows));
      ways.put(
          "lower bound by the maxima of groups of " + GROUP + ", and who is above",
          aboveBound(tf, rows, examples, size));
      ways.forEach((name, way) -> measure(name, runs, () -> graph.run(List.of(way))));
    }
  }

  private static TopK<TFloat32, TInt32> top(
      Ops tf, Operand<TFloat32> rows, int size, TopK.Options... options) {
    return tf.nn.topK(rows, tf.constant(size), TInt32.class, options);
  }

  /** Halves the interval that the M-th value is in. */
  private static Op bisection(Ops tf, Operand<TFloat32> rows, int size) {
    Operand<TFloat32> low = tf.fill(tf.constant(new int[] {BATCH, 1}), tf.constant(-1f));
    Operand<TFloat32> high = tf.math.neg(low);
    for (int pass = 0; pass < PASSES; pass++) {
      Operand<TFloat32> middle = tf.math.mul(tf.math.add(low, high), tf.constant(0.5f));
      Operand<TFloat32> count =
          tf.sum(
              tf.dtypes.cast(tf.math.greaterEqual(rows, middle), TFloat32.class),
              tf.constant(1),
              Sum.keepDims(true));
      Operand<TBool> isLow = tf.math.greaterEqual(count, tf.constant((float) size));
      low = tf.select(isLow, middle, low);
      high = tf.select(isLow, high, middle);
    }
    return low;
  }

  private static Op histogram(Ops tf, Operand<TFloat32> rows) {
    Operand<TInt32> bins =
        tf.dtypes.cast(
            tf.math.mul(tf.math.add(rows, tf.constant(1f)), tf.constant(BINS / 2f)), TInt32.class);
    return tf.math.denseBincount(bins, tf.constant(BINS), tf.constant(new float[0]));
  }

  /** The M-th greatest maximum of a group is no more than the M-th greatest value. */
  private static Op aboveBound(Ops tf, Operand<TFloat32> rows, int examples, int size) {
    Operand<TFloat32> whole =
        tf.slice(
            rows,
            tf.constant(new int[] {0, 0}),
            tf.constant(new int[] {-1, examples - examples % GROUP}));
    Operand<TFloat32> maxima =
        tf.reduceMax(
            tf.reshape(whole, tf.constant(new int[] {BATCH, -1, GROUP})),
            tf.constant(2),
            new ReduceMax.Options[0]);
    Operand<TFloat32> bound =
        tf.reduceMin(
            top(tf, maxima, size, TopK.sorted(false)).values(),
            tf.constant(1),
            ReduceMin.keepDims(true));
    return tf.where(tf.math.greaterEqual(rows, bound));
  }

  private static void measure(String name, int runs, Runnable run) {
    run.run();
    double[] milliseconds =
        IntStream.range(0, runs)
            .mapToDouble(
                i -> {
                  long start = System.nanoTime();
                  run.run();
                  return (System.nanoTime() - start) / 1e6;
                })
            .sorted()
            .toArray();
    System.out.printf(
        Locale.ROOT,
        "{\"benchmark\": \"background\", \"what\": \"%s\", \"ms\": %.1f, \"least_ms\": %.1f}%n",
        name,
        milliseconds[runs / 2],
        milliseconds[0]);
  }
}
