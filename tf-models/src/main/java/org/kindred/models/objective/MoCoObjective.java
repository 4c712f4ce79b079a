package org.kindred.models.objective;

import java.util.ArrayList;
import java.util.List;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;
import org.kindred.proto.pipeline.v1.MoCo;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

/**
 * MoCo (He et al.): with queries q, the learned network's embeddings of the first views, and keys
 * k, the {@link MomentumEncoder}'s of the second, InfoNCE (equation 1) against the {@link
 * KeyQueue}. The symmetric form adds the same with the views exchanged, and puts the keys of both
 * into the queue. Keys and queue are constant.
 *
 * <p>With splits, batch norm sees so many parts of the batch, one at a time; its running statistics
 * follow their mean. Keys are split in random order, so that the images which share a part with a
 * query are not those which share one with its key.
 *
 * <p>After the optimiser's update the momentum encoder follows, and the keys enter the queue.
 */
final class MoCoObjective implements TrainingObjective {

  private final MoCo config;
  private final double temperature;

  MoCoObjective(MoCo config) {
    this.config = config;
    this.temperature = Checks.positive("moco.temperature", config.getTemperature());
    Checks.atLeast("moco.queue_length", config.getQueueLength(), 1);
    Checks.momentum("moco.momentum", config.getMomentum());
    Checks.atLeast("moco.splits", config.getSplits(), 1);
  }

  @Override
  public List<Crop> views() {
    return List.of(Crop.OF_RECIPE, Crop.OF_RECIPE);
  }

  /** Keys are constant. */
  @Override
  public List<Pass> passes(int side) {
    return List.of(new Pass(side, directions(), true), new Pass(side, directions(), false));
  }

  private int directions() {
    return config.getSymmetric() ? 2 : 1;
  }

  @Override
  public void check(int batch, int microBatches, int examples) {
    int images = batch / microBatches;
    int splits = config.getSplits();
    // The statistics of an image alone would tell it from others.
    if (images % splits != 0 || (splits > 1 && splits == images)) {
      throw new IllegalArgumentException(
          "moco.splits is %d, valid is a divisor of %d, the images that go through the network at a time, with two images or more in each part"
              .formatted(splits, images));
    }
    Checks.queueLength(
        "moco.queue_length", config.getQueueLength(), directions() * images, "the keys of a step");
  }

  @Override
  public Cost cost(Extent extent) {
    return KeyQueue.cost(extent, directions() * extent.images(), config.getQueueLength())
        .withState(MomentumEncoder.state(extent));
  }

  @Override
  public Operand<TFloat32> loss(TrainingStep step) {
    Ops tf = step.tf();
    MomentumEncoder encoder = MomentumEncoder.declare(step, config.getMomentum());
    KeyQueue queue = KeyQueue.declare(step, config.getQueueLength());
    List<Operand<TFloat64>> losses = new ArrayList<>();
    List<Operand<TFloat32>> newest = new ArrayList<>();
    for (int view = 0; view < directions(); view++) {
      Operand<TFloat32> queries =
          step.encodeInParts(step.variables(), step.view(view), config.getSplits()).embedding();
      Operand<TFloat32> keys = keys(step, encoder, 1 - view);
      losses.add(queue.infoNce(queries, keys, temperature));
      newest.add(keys);
    }
    queue.put(newest.size() == 1 ? newest.get(0) : tf.concat(newest, tf.constant(0)));
    return Wide.narrow(tf, Wide.sum(tf, losses));
  }

  private Operand<TFloat32> keys(TrainingStep step, MomentumEncoder encoder, int view) {
    Ops tf = step.tf();
    Operand<TUint8> images = step.view(view);
    if (config.getSplits() == 1) {
      return encoder.encode(images);
    }
    Operand<TInt32> order = order(step, view);
    Operand<TFloat32> shuffled =
        encoder.encodeInParts(tf.gather(images, order, tf.constant(0)), config.getSplits());
    return tf.gather(shuffled, tf.math.invertPermutation(order), tf.constant(0));
  }

  /** Returns a permutation of the batch, {@code [batch]}, drawn by its first example. */
  private static Operand<TInt32> order(TrainingStep step, int view) {
    Operand<TInt32> order =
        step.lookup(
            1,
            (epoch, rows, target) -> {
              int[] places = new int[rows.length];
              for (int i = 0; i < places.length; i++) {
                places[i] = i;
              }
              new CounterRandom(Domain.NOISE, step.sizes().seed(), epoch, rows[0], view)
                  .shuffle(places);
              target.put(places);
            });
    return step.tf().reshape(order, step.tf().constant(new int[] {-1}));
  }
}
