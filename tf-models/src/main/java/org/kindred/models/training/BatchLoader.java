package org.kindred.models.training;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.kindred.models.objective.TrainingStep.EpochPlan;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;
import org.kindred.models.tensorflow.TensorMemory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

/**
 * Prepares the batches of a training in order, some steps ahead, on threads of its own.
 *
 * <p>The source writes straight into the tensors that the step reads. A batch is cut into parts of
 * consecutive examples, so that all threads work on the next batch and few batches are in memory.
 */
final class BatchLoader implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(BatchLoader.class);

  /** Most batches that are in preparation while a step runs. */
  static final int BATCHES_AHEAD = 3;

  private static final long SECONDS_TO_END = 60;

  /** The examples of one micro-batch and their views. */
  static final class Batch implements AutoCloseable {
    private final int epoch;
    private final int number;
    private final int[] examples;
    private final TInt32 rows;
    private final List<TUint8> views = new ArrayList<>();
    private final List<Future<?>> parts = new ArrayList<>();

    Batch(int epoch, int number, int[] examples) {
      this.epoch = epoch;
      this.number = number;
      this.examples = examples;
      this.rows = TInt32.tensorOf(Shape.of(examples.length), DataBuffers.of(examples));
    }

    /** Returns the epoch, from 0. */
    int epoch() {
      return epoch;
    }

    /** Returns for each group of views {@code [views x batch, height, width, 3]}. */
    List<TUint8> views() {
      return views;
    }

    /** Returns {@code [batch]}. */
    TInt32 rows() {
      return rows;
    }

    /** Returns the numbers of the examples; not a copy. */
    int[] examples() {
      return examples;
    }

    @Override
    public void close() {
      views.forEach(TUint8::close);
      rows.close();
    }
  }

  private final TrainingConfig config;
  private final List<ViewGroup> groups;
  private final Optional<EpochPlan> plan;
  private final BatchSource source;
  private final int threads = Runtime.getRuntime().availableProcessors();
  private final ExecutorService workers;
  private final Deque<Batch> ahead = new ArrayDeque<>();
  private int epoch;
  private int number;
  private int[] order;

  /** The last epoch that may be prepared: a plan of a later one is not known yet. */
  private int lastEpoch;

  /**
   * Prepares nothing yet; see {@link #allow}.
   *
   * @param plan chooses the examples of an epoch, where that is not each once in random order
   * @param firstEpoch epoch to begin with
   * @param firstStep step of it to begin with
   */
  BatchLoader(
      TrainingConfig config,
      BatchSource source,
      Optional<EpochPlan> plan,
      int firstEpoch,
      int firstStep) {
    this.config = config;
    this.groups = config.viewGroups();
    this.plan = plan;
    this.source = source;
    this.epoch = firstEpoch;
    this.number = firstStep * config.microBatches();
    this.lastEpoch = firstEpoch - 1;
    this.workers =
        Executors.newFixedThreadPool(
            threads,
            task -> {
              Thread thread = new Thread(task, "kindred-batch-loader");
              thread.setDaemon(true);
              return thread;
            });
  }

  /** Returns the order of the examples in an epoch that nobody plans. */
  static int[] order(TrainingConfig config, int epoch) {
    int[] order = new int[config.examples()];
    Arrays.setAll(order, row -> row);
    new CounterRandom(Domain.SHUFFLE, config.seed(), epoch, 0, 0).shuffle(order);
    return order;
  }

  /** Lets an epoch begin, and the later ones too when nobody plans them. */
  void allow(int nextEpoch) {
    lastEpoch = plan.isPresent() ? nextEpoch : config.epochs() - 1;
    submitAhead();
  }

  /**
   * Waits for the next batch, which the caller closes.
   *
   * @throws IOException when the source failed, whatever it threw
   */
  Batch next() throws IOException, InterruptedException {
    // A part that is ready is handed out without a look at the flag.
    if (Thread.interrupted()) {
      throw new InterruptedException("interrupted while training");
    }
    Batch batch = ahead.getFirst();
    for (Future<?> part : batch.parts) {
      try {
        part.get();
      } catch (ExecutionException e) {
        throw new IOException(
            "preparing epoch "
                + batch.epoch
                + ", step "
                + batch.number / config.microBatches()
                + " (both from 0) failed: "
                + e.getCause().getMessage(),
            e.getCause());
      }
    }
    ahead.removeFirst();
    submitAhead();
    return batch;
  }

  private void submitAhead() {
    while (ahead.size() < BATCHES_AHEAD && epoch <= lastEpoch) {
      submit();
      number++;
      if (number == config.stepsPerEpoch() * config.microBatches()) {
        number = 0;
        epoch++;
        order = null;
      }
    }
  }

  private void submit() {
    if (order == null) {
      int[] shuffled = order(config, epoch);
      order = plan.map(chosen -> checked(chosen.order(epoch, shuffled))).orElse(shuffled);
    }
    int size = config.microBatch();
    Batch batch =
        new Batch(epoch, number, Arrays.copyOfRange(order, number * size, (number + 1) * size));
    // From here on the batch is closed with this loader, whatever fails.
    ahead.addLast(batch);
    int partSize = (size + threads - 1) / threads;
    for (ViewGroup group : groups) {
      TUint8 views =
          TUint8.tensorOf(Shape.of((long) group.count() * size, group.side(), group.side(), 3));
      batch.views.add(views);
      ByteBuffer memory = TensorMemory.bytes(views);
      for (int view = 0; view < group.count(); view++) {
        for (int from = 0; from < size; from += partSize) {
          int to = Math.min(size, from + partSize);
          int offset = Math.multiplyExact(view * size + from, group.viewBytes());
          ByteBuffer target = memory.slice(offset, (to - from) * group.viewBytes());
          batch.parts.add(submitPart(target, batch, group.first() + view, from, to));
        }
      }
    }
  }

  /** Numbers that are no examples' would be read from beside tables and banks. */
  private int[] checked(int[] planned) {
    if (planned.length != config.examples()) {
      throw new IllegalStateException(
          "the objective planned %d examples for epoch %d, valid is %d"
              .formatted(planned.length, epoch, config.examples()));
    }
    for (int example : planned) {
      checkExample(example, epoch);
    }
    return planned;
  }

  private int checkExample(int example, int ofEpoch) {
    if (example < 0 || example >= config.examples()) {
      throw new IllegalStateException(
          "the objective planned example %d for epoch %d, valid is 0 to %d"
              .formatted(example, ofEpoch, config.examples() - 1));
    }
    return example;
  }

  private Future<?> submitPart(ByteBuffer target, Batch batch, int view, int from, int to) {
    int[] part = Arrays.copyOfRange(batch.examples, from, to);
    int[] images = part.clone();
    plan.ifPresent(
        chosen ->
            Arrays.setAll(
                images, i -> checkExample(chosen.source(batch.epoch, part[i], view), batch.epoch)));
    return workers.submit(
        () -> {
          source.fillOf(batch.epoch, part, images, view, target);
          if (target.hasRemaining()) {
            throw new IllegalStateException(
                "the source left " + target.remaining() + " bytes of view " + view + " unset");
          }
          return null;
        });
  }

  /** Ends the threads and drops the batches that nobody asked for. */
  @Override
  public void close() {
    workers.shutdownNow();
    boolean interrupted = Thread.interrupted();
    boolean ended = false;
    try {
      ended = workers.awaitTermination(SECONDS_TO_END, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (ended) {
      ahead.forEach(Batch::close);
    } else {
      // Their memory is still being written to: leave it to the garbage collector.
      LOG.warn("A batch source did not end within {} s of being told to", SECONDS_TO_END);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
