package org.kindred.models.objective;

import java.io.IOException;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleConsumer;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.kindred.models.objective.EpochState.FeatureReader;
import org.kindred.models.tensorflow.VariableWeights;
import org.kindred.models.tensorflow.Variables;
import org.kindred.models.tensorflow.Variables.Variable;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

/**
 * A training step under construction: what an objective makes its loss of, and where it says what
 * else has to happen. Where a step has several micro-batches, all of this is of one of them.
 *
 * <p>A step goes: the host fills the {@linkplain #lookup lookups}; forward and backward pass; the
 * optimiser's update; what the objective does {@linkplain #afterwards afterwards}; the host takes
 * what is {@linkplain #deliver delivered}. Values of variables that the loss reads are those from
 * before the step.
 *
 * <p>Threading: built by one thread. What is registered is called by the training's thread.
 */
public final class TrainingStep {

  /**
   * Sizes of a step.
   *
   * @param batch examples that go through the network at a time: those of a micro-batch, where a
   *     step has several
   * @param examples examples in the training set
   * @param dimension length of an embedding
   * @param seed seed of every random draw
   */
  public record Sizes(int batch, int examples, int dimension, long seed) {}

  /**
   * The step's inputs.
   *
   * @param rows {@code [batch]}, numbers of the examples in the training set
   * @param step scalar, steps before this one, those of earlier epochs included
   * @param epoch scalar, from 0
   * @param views tensors of views of one size each, {@code [views x batch, side, side, 3]}: a view
   *     of every example, then the next view; in the order of {@link TrainingObjective#views()}
   */
  public record Inputs(
      Operand<TInt32> rows,
      Operand<TInt32> step,
      Operand<TInt32> epoch,
      List<Operand<TUint8>> views) {}

  /** Adds passes through the network to the graph. */
  public interface Network {

    /**
     * Adds a pass in training mode, in which batch norm sees one part of the images at a time.
     * Afterwards the running statistics follow the mean over the parts.
     *
     * @return what the network makes of each part
     */
    List<Features> train(VariableWeights weights, List<Operand<TUint8>> parts);

    /** Returns what the network makes of the evaluation images. */
    Features evaluate(VariableWeights weights);
  }

  /** Fills in what the host knows of the examples of a batch. */
  @FunctionalInterface
  public interface RowLookup {
    /**
     * Fills {@code target}.
     *
     * @param epoch epoch, from 0
     * @param rows numbers of the examples
     * @param target {@code [rows.length, width]}, from position 0 to the limit
     */
    void fill(int epoch, int[] rows, IntBuffer target);
  }

  /** Takes what a step found out about the examples of its batch. */
  @FunctionalInterface
  public interface RowSink {
    /**
     * Takes values.
     *
     * @param rows numbers of the examples
     * @param values {@code [rows.length, width]}, from position 0 to the limit
     */
    void take(int[] rows, IntBuffer values);
  }

  /** Something to be done before the first step of every epoch. */
  @FunctionalInterface
  public interface EpochStart {
    /** Does it. */
    void run(EpochState state) throws IOException, InterruptedException;
  }

  /** Chooses what an epoch looks at. */
  public interface EpochPlan {
    /**
     * Returns the examples in the order in which an epoch takes them.
     *
     * @param epoch epoch, from 0
     * @param shuffled every example once, in random order
     * @return as many examples; one may occur more than once
     */
    default int[] order(int epoch, int[] shuffled) {
      return shuffled;
    }

    /**
     * Returns the example whose image a view is made of. What is drawn for the view is drawn as for
     * the example that it is of.
     *
     * @param epoch epoch, from 0
     * @param example the example that the view is of
     * @param view number of the view, from 0
     */
    default int source(int epoch, int example, int view) {
      return example;
    }
  }

  /** A placeholder and who fills it. */
  public record Lookup(Placeholder<TInt32> target, int width, RowLookup source) {}

  /** A value and who takes it. */
  public record Delivery(Operand<TInt32> values, RowSink sink) {}

  /** A scalar of a step that is reported, and who looks at it. */
  public record Measure(String name, Operand<TFloat32> scalar, DoubleConsumer watcher) {}

  private final Ops tf;
  private final Variables variables;
  private final Sizes sizes;
  private final Inputs inputs;
  private final Network network;
  private final Optional<PositiveLists> positives;

  private final List<Lookup> lookups = new ArrayList<>();
  private final List<Delivery> deliveries = new ArrayList<>();
  private final List<Function<Ops, List<Op>>> afterwards = new ArrayList<>();
  private final List<Function<Ops, List<Op>>> afterStep = new ArrayList<>();
  private final List<EpochStart> epochStarts = new ArrayList<>();
  private final List<Measure> measures = new ArrayList<>();
  private final Map<String, Operand<TBool>> frozen = new LinkedHashMap<>();
  private final List<Op> inFloat32 = new ArrayList<>();
  private final Map<String, IntTable> tables = new LinkedHashMap<>();
  private Optional<EpochPlan> plan = Optional.empty();
  private Optional<Supplier<? extends IntFunction<int[]>>> positiveFinder = Optional.empty();

  /** Starts a step; {@code variables} are those of the network and of the objective. */
  public TrainingStep(Ops tf, Variables variables, Sizes sizes, Inputs inputs, Network network) {
    this(tf, variables, sizes, inputs, network, Optional.empty());
  }

  /** Starts a step with positives that come from elsewhere. */
  public TrainingStep(
      Ops tf,
      Variables variables,
      Sizes sizes,
      Inputs inputs,
      Network network,
      Optional<PositiveLists> positives) {
    this.tf = tf;
    this.variables = variables;
    this.sizes = sizes;
    this.inputs = inputs;
    this.network = network;
    this.positives = positives;
  }

  /** Returns what makes operations. */
  public Ops tf() {
    return tf;
  }

  /** Returns the sizes. */
  public Sizes sizes() {
    return sizes;
  }

  /** Returns {@code [batch]}, the numbers of the examples. */
  public Operand<TInt32> rows() {
    return inputs.rows;
  }

  /** Returns the number of steps before this one, a scalar. */
  public Operand<TInt32> number() {
    return inputs.step;
  }

  /** Returns the epoch, a scalar, from 0. */
  public Operand<TInt32> epoch() {
    return inputs.epoch;
  }

  /** Returns the tensors of views; see {@link Inputs}. */
  public List<Operand<TUint8>> views() {
    return inputs.views;
  }

  /** Returns the positives that come from elsewhere, if the training was given some. */
  public Optional<PositiveLists> positives() {
    return positives;
  }

  /** Says what finds the positives of an example, as the state stands between two steps. */
  void findsPositives(Supplier<? extends IntFunction<int[]>> finders) {
    positiveFinder = Optional.of(finders);
  }

  /**
   * Returns what finds the positives of an example as the state stands between two steps, for
   * somebody who wants to see how good they are: by number of the example, the numbers of its
   * positives. Nothing where the objective has none.
   */
  public Optional<IntFunction<int[]>> positivesOf() {
    return positiveFinder.map(Supplier::get);
  }

  /** Returns the variables: the objective declares its own here, prefixed {@code objective.}. */
  public Variables variables() {
    return variables;
  }

  /** Returns what the trained network makes of images. */
  public Features encode(Operand<TUint8> images) {
    return encode(variables, images);
  }

  /** Returns what the network makes of images with other weights. */
  public Features encode(VariableWeights weights, Operand<TUint8> images) {
    return network.train(weights, List.of(images)).get(0);
  }

  /**
   * Returns what the network makes of images, of which batch norm sees one part at a time.
   *
   * @param images {@code [batch, side, side, 3]}
   * @param parts how many there are, of consecutive images; a divisor of the batch
   */
  Features encodeInParts(VariableWeights weights, Operand<TUint8> images, int parts) {
    if (parts == 1) {
      return encode(weights, images);
    }
    int size = sizes.batch / parts;
    return stacked(
        network.train(
            weights,
            IntStream.range(0, parts).mapToObj(part -> slice(images, part * size, size)).toList()));
  }

  /**
   * Returns what the trained network makes of all views, one pass for each size: rows {@code v x
   * batch} to {@code (v + 1) x batch - 1} are view v.
   */
  public Features encodeViews() {
    return stacked(inputs.views.stream().map(this::encode).toList());
  }

  private Features stacked(List<Features> passes) {
    return new Features(
        stacked(passes, Features::embedding),
        stacked(passes, Features::projection),
        stacked(passes, Features::pooled));
  }

  private Operand<TFloat32> stacked(
      List<Features> passes, Function<Features, Operand<TFloat32>> part) {
    return passes.size() == 1
        ? part.apply(passes.get(0))
        : tf.concat(passes.stream().map(part).toList(), tf.constant(0));
  }

  /** Returns view {@code view} of every example, {@code [batch, side, side, 3]}. */
  public Operand<TUint8> view(int view) {
    int first = 0;
    for (Operand<TUint8> group : inputs.views) {
      int count = Math.toIntExact(group.shape().get(0)) / sizes.batch;
      if (view < first + count) {
        return slice(group, (view - first) * sizes.batch, sizes.batch);
      }
      first += count;
    }
    throw new IllegalArgumentException("view is " + view + ", valid is 0 to " + (first - 1));
  }

  private Operand<TUint8> slice(Operand<TUint8> images, int start, int count) {
    return tf.slice(
        images,
        tf.constant(new int[] {start, 0, 0, 0}),
        tf.constant(new int[] {count, -1, -1, -1}));
  }

  /** Returns {@code count} rows of a matrix from row {@code start} on. */
  public Operand<TFloat32> rows(Operand<TFloat32> matrix, int start, int count) {
    return tf.slice(matrix, tf.constant(new int[] {start, 0}), tf.constant(new int[] {count, -1}));
  }

  /**
   * Names an output of a network in evaluation mode, for {@link EpochState#features}.
   *
   * @param weights the trained network's variables, or others
   * @param part which output
   */
  public FeatureReader reader(VariableWeights weights, Function<Features, Operand<TFloat32>> part) {
    return new FeatureReader(part.apply(network.evaluate(weights)));
  }

  /**
   * Returns {@code [batch, width]} numbers that the host fills in before each step.
   *
   * @param width numbers of an example, 1 or more
   */
  public Operand<TInt32> lookup(int width, RowLookup source) {
    Placeholder<TInt32> target =
        tf.placeholder(TInt32.class, Placeholder.shape(Shape.of(sizes.batch, width)));
    lookups.add(new Lookup(target, width, source));
    return target;
  }

  /** Returns the rows of the batch's examples in a table, {@code [batch, width]}. */
  public Operand<TInt32> lookup(IntTable table) {
    return lookup(
        table.width(),
        (epoch, rows, target) -> {
          for (int row : rows) {
            target.put(table.values(), row * table.width(), table.width());
          }
        });
  }

  /** Returns one column of {@code [batch, width]} numbers, {@code [batch]}. */
  Operand<TInt32> column(Operand<TInt32> numbers, int column) {
    return tf.reshape(
        tf.slice(numbers, tf.constant(new int[] {0, column}), tf.constant(new int[] {-1, 1})),
        tf.constant(new int[] {-1}));
  }

  /**
   * Has the host take values after each step.
   *
   * @param values {@code [batch, width]}
   */
  public void deliver(Operand<TInt32> values, RowSink sink) {
    deliveries.add(new Delivery(values, sink));
  }

  /**
   * Has operations run after the optimiser's update. In a step of several micro-batches they run
   * after each of them.
   *
   * @param updates makes them of operations that wait for it. With several micro-batches it is
   *     called twice, for those of a step that leave the parameters as they are and for the last.
   */
  public void afterwards(Function<Ops, List<Op>> updates) {
    afterwards.add(updates);
  }

  /**
   * Has operations run once a step, after the optimiser's update: what follows the parameters,
   * which only the last of several micro-batches changes.
   *
   * @param updates makes them of operations that wait for it
   */
  public void afterStep(Function<Ops, List<Op>> updates) {
    afterStep.add(updates);
  }

  /** Has something done before the first step of every epoch. */
  public void atEpochStart(EpochStart action) {
    epochStarts.add(action);
  }

  /** Has the mean of a scalar over each epoch's steps reported. */
  public void measure(String name, Operand<TFloat32> scalar) {
    measure(name, scalar, value -> {});
  }

  /** Has the mean of a scalar over each epoch's steps reported, and its value looked at. */
  public void measure(String name, Operand<TFloat32> scalar, DoubleConsumer watcher) {
    measures.add(new Measure(name, scalar, watcher));
  }

  /**
   * Keeps a parameter as it is in the steps in which {@code isFrozen} holds: the optimiser passes
   * it over, momentum and weight decay included.
   */
  public void freeze(Variable parameter, Operand<TBool> isFrozen) {
    frozen.put(parameter.name(), isFrozen);
  }

  /** Has examples chosen otherwise than each once in random order. */
  public void planEpochs(EpochPlan epochs) {
    plan = Optional.of(epochs);
  }

  /** Returns a table of the objective's, which is made at the first call with its name. */
  public IntTable table(String name, int width, int initial) {
    return tables.computeIfAbsent(
        name, absent -> new IntTable(name, sizes.examples, width, initial));
  }

  /**
   * Has a matrix product computed in 32 bits whatever the training's precision. With bfloat16 its
   * values would have 8 bits of mantissa: too few to rank similarities, or to divide them by a
   * temperature.
   *
   * @return the product
   */
  public Operand<TFloat32> inFloat32(Operand<TFloat32> product) {
    inFloat32.add(product);
    return product;
  }

  /** Returns the lookups to be filled. */
  public List<Lookup> lookups() {
    return Collections.unmodifiableList(lookups);
  }

  /** Returns the deliveries to be taken. */
  public List<Delivery> deliveries() {
    return Collections.unmodifiableList(deliveries);
  }

  /**
   * Makes what the objective does after a micro-batch.
   *
   * @param after makes operations that wait for all before them
   * @param isLast whether it is the last one of its step
   */
  public List<Op> updates(Ops after, boolean isLast) {
    List<Op> updates = new ArrayList<>();
    afterwards.forEach(maker -> updates.addAll(maker.apply(after)));
    if (isLast) {
      afterStep.forEach(maker -> updates.addAll(maker.apply(after)));
    }
    return updates;
  }

  /** Returns what is done before an epoch. */
  public List<EpochStart> epochStarts() {
    return Collections.unmodifiableList(epochStarts);
  }

  /** Returns the reported scalars. */
  public List<Measure> measures() {
    return Collections.unmodifiableList(measures);
  }

  /**
   * Returns the operations that are computed in 32 bits, which those are that a run names as its
   * targets: the rewrite to bfloat16 leaves what is asked for as it is.
   */
  public List<Op> inFloat32() {
    return Collections.unmodifiableList(inFloat32);
  }

  /** Returns when the parameters of these names are frozen. */
  public Map<String, Operand<TBool>> frozen() {
    return Collections.unmodifiableMap(frozen);
  }

  /** Returns the tables by name. */
  public Map<String, IntTable> tables() {
    return Collections.unmodifiableMap(tables);
  }

  /** Returns how epochs are planned, when not each example once in random order. */
  public Optional<EpochPlan> plan() {
    return plan;
  }
}
