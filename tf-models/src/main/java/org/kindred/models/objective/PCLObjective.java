package org.kindred.models.objective;

import java.util.List;
import org.kindred.models.random.CounterRandom;
import org.kindred.proto.pipeline.v1.PCL;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/**
 * PCL (Li et al., equation 11): MoCo's InfoNCE of the first view against the {@link
 * MomentumEncoder}'s of the second and a {@link KeyQueue}, and added to it the mean over some
 * clusterings of ProtoNCE, the same against {@link ClusterPrototypes}:
 *
 * <pre>
 *   ProtoNCE = -1/B sum_b ln [ exp(q_b . c_own / phi_own) / sum_c exp(q_b . c / phi_c) ]
 * </pre>
 *
 * <p>over the centers c of the clusters of all images of the batch, as often as they occur, and r
 * others. Keys, queue, centers and concentrations phi are constant. Before the first clustering
 * ProtoNCE is 0.
 *
 * <p>After the optimiser's update the momentum encoder follows, and the keys enter the queue.
 *
 * <p>Costs, beside matrix products of a batch with the queue and with those centers, a pass over
 * all evaluation images and k-means before each epoch.
 */
final class PCLObjective implements TrainingObjective {

  private static final String INFO_NCE = "info_nce";
  private static final String PROTO_NCE = "proto_nce";

  private final PCL config;
  private final double temperature;

  PCLObjective(PCL config) {
    this.config = config;
    this.temperature = Checks.positive("pcl.temperature", config.getTemperature());
    Checks.atLeast("pcl.queue_length", config.getQueueLength(), 1);
    Checks.momentum("pcl.momentum", config.getMomentum());
    Checks.atLeast("pcl.start_epoch", config.getStartEpoch(), 0);
    Checks.atLeast("pcl.other_prototypes", config.getOtherPrototypes(), 1);
    Checks.atLeast("pcl.kmeans_iterations", config.getKmeansIterations(), 1);
    Checks.atLeast("pcl.kmeans_restarts", config.getKmeansRestarts(), 1);
    if (config.getClustersCount() == 0) {
      throw new IllegalArgumentException("pcl.clusters is empty, valid is one number or more");
    }
    if (config.getClustersCount() > CounterRandom.MAX_VIEWS) {
      throw new IllegalArgumentException(
          "pcl.clusters has %d numbers, valid is at most %d"
              .formatted(config.getClustersCount(), CounterRandom.MAX_VIEWS));
    }
    for (int i = 0; i < config.getClustersCount(); i++) {
      if (config.getClusters(i) <= config.getOtherPrototypes()) {
        throw new IllegalArgumentException(
            "pcl.clusters[%d] is %d, valid is more than other_prototypes, which is %d"
                .formatted(i, config.getClusters(i), config.getOtherPrototypes()));
      }
    }
  }

  @Override
  public List<Crop> views() {
    return List.of(Crop.OF_RECIPE, Crop.OF_RECIPE);
  }

  /** Keys are constant. */
  @Override
  public List<Pass> passes(int side) {
    return List.of(new Pass(side, 1, true), new Pass(side, 1, false));
  }

  @Override
  public List<String> measures() {
    return List.of(INFO_NCE, PROTO_NCE, ClusterPrototypes.USED);
  }

  @Override
  public void check(int batch, int microBatches, int examples) {
    Checks.queueLength(
        "pcl.queue_length", config.getQueueLength(), batch / microBatches, "the keys of a step");
    for (int i = 0; i < config.getClustersCount(); i++) {
      if (config.getClusters(i) > examples) {
        throw new IllegalArgumentException(
            "pcl.clusters[%d] is %d, valid is at most %d, the number of images"
                .formatted(i, config.getClusters(i), examples));
      }
    }
  }

  @Override
  public List<String> advice(int epochs) {
    return Checks.begins(
        "pcl.start_epoch",
        Math.max(1, config.getStartEpoch()),
        epochs,
        "images are never clustered, and what is trained is MoCo");
  }

  @Override
  public Cost cost(Extent extent) {
    return ClusterPrototypes.withCost(
        KeyQueue.cost(extent, extent.images(), config.getQueueLength())
            .withState(MomentumEncoder.state(extent)),
        extent,
        config);
  }

  @Override
  public Operand<TFloat32> loss(TrainingStep step) {
    Ops tf = step.tf();
    Operand<TFloat32> queries = step.encode(step.view(0)).embedding();
    MomentumEncoder encoder = MomentumEncoder.declare(step, config.getMomentum());
    Operand<TFloat32> keys = encoder.encode(step.view(1));
    KeyQueue queue = KeyQueue.declare(step, config.getQueueLength());
    Operand<TFloat64> infoNce = queue.infoNce(queries, keys, temperature);
    queue.put(keys);
    Operand<TFloat64> protoNce =
        new ClusterPrototypes(config, step, encoder.reader()).protoNce(Wide.of(tf, queries));
    step.measure(INFO_NCE, Wide.narrow(tf, infoNce));
    step.measure(PROTO_NCE, Wide.narrow(tf, protoNce));
    return Wide.narrow(tf, tf.math.add(infoNce, protoNce));
  }
}
