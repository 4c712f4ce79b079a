package org.kindred.models.training;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
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

  /** One batch. */
  static final class Batch implements AutoCloseable {
    private final int epoch;
    private final int step;
    private final TUint8 views;
    private final TInt32 rows;
    private final List<Future<?>> parts = new ArrayList<>();

    private Batch(int epoch, int step, TUint8 views, TInt32 rows) {
      this.epoch = epoch;
      this.step = step;
      this.views = views;
      this.rows = rows;
    }

    /** Returns {@code [views x batch, height, width, 3]}. */
    TUint8 views() {
      return views;
    }

    /** Returns {@code [batch]}. */
    TInt32 rows() {
      return rows;
    }

    @Override
    public void close() {
      views.close();
      rows.close();
    }
  }

  private final TrainingConfig config;
  private final int viewsPerExample;
  private final BatchSource source;
  private final int threads = Runtime.getRuntime().availableProcessors();
  private final ExecutorService workers;
  private final Deque<Batch> ahead = new ArrayDeque<>();
  private int epoch;
  private int step;
  private int[] order;

  /** Starts to prepare batches from the first of {@code firstEpoch} on. */
  BatchLoader(TrainingConfig config, int viewsPerExample, BatchSource source, int firstEpoch) {
    this.config = config;
    this.viewsPerExample = viewsPerExample;
    this.source = source;
    this.epoch = firstEpoch;
    this.workers =
        Executors.newFixedThreadPool(
            threads,
            task -> {
              Thread thread = new Thread(task, "kindred-batch-loader");
              thread.setDaemon(true);
              return thread;
            });
    try {
      submitAhead();
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /** Returns the order of the examples in an epoch. */
  static int[] order(TrainingConfig config, int epoch) {
    int[] order = new int[config.examples()];
    Arrays.setAll(order, row -> row);
    new CounterRandom(Domain.SHUFFLE, config.seed(), epoch, 0, 0).shuffle(order);
    return order;
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
                + batch.step
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
    while (ahead.size() < BATCHES_AHEAD && epoch < config.epochs()) {
      submit();
      step++;
      if (step == config.stepsPerEpoch()) {
        step = 0;
        epoch++;
      }
    }
  }

  private void submit() {
    if (step == 0) {
      order = order(config, epoch);
    }
    int size = config.batchSize();
    int[] rows = Arrays.copyOfRange(order, step * size, (step + 1) * size);
    int side = config.viewSize();
    Batch batch =
        new Batch(
            epoch,
            step,
            TUint8.tensorOf(Shape.of((long) viewsPerExample * size, side, side, 3)),
            TInt32.tensorOf(Shape.of(size), DataBuffers.of(rows)));
    // From here on the batch is closed with this loader, whatever fails.
    ahead.addLast(batch);
    ByteBuffer memory = TensorMemory.bytes(batch.views);
    int partSize = (size + threads - 1) / threads;
    for (int view = 0; view < viewsPerExample; view++) {
      for (int from = 0; from < size; from += partSize) {
        int to = Math.min(size, from + partSize);
        batch.parts.add(submitPart(memory, rows, view, from, to));
      }
    }
  }

  private Future<?> submitPart(ByteBuffer memory, int[] rows, int view, int from, int to) {
    int partEpoch = epoch;
    int offset = Math.multiplyExact(view * rows.length + from, config.viewBytes());
    ByteBuffer target = memory.slice(offset, (to - from) * config.viewBytes());
    int[] part = Arrays.copyOfRange(rows, from, to);
    return workers.submit(
        () -> {
          source.fill(partEpoch, part, view, target);
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
