package org.kindred.models.objective;

import java.util.List;
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
 * <p>over the centers c of the batch's own clusters, each once, and r others. Keys, queue, centers
 * and concentrations phi are constant. Before the first clustering ProtoNCE is 0.
 *
 * <p>After the optimiser's update the momentum encoder follows, and the keys enter the queue.
 *
 * <p>Costs, beside matrix products of a batch with queue and centers, a pass over all evaluation
 * images and k-means before each epoch.
 */
final class PCLObjective implements TrainingObjective {

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

  @Override
  public long stateBytes(int examples, int dimension) {
    return MemoryBank.bytes(config.getQueueLength(), dimension)
        + config.getClustersList().stream()
            .mapToLong(clusters -> MemoryBank.bytes(clusters, dimension + 1))
            .sum();
  }

  @Override
  public long stepBytes(int batch, int examples) {
    int centers = config.getClustersList().stream().mapToInt(Integer::intValue).sum();
    return KeyQueue.stepBytes(batch, config.getQueueLength()) + KeyQueue.stepBytes(batch, centers);
  }

  @Override
  public Operand<TFloat32> loss(TrainingStep step) {
    Ops tf = step.tf();
    Operand<TFloat32> queries = step.encode(step.view(0)).embedding();
    MomentumEncoder encoder = MomentumEncoder.declare(step, config.getMomentum());
    Operand<TFloat32> keys = encoder.encode(step.view(1));
    KeyQueue queue =
        KeyQueue.declare(step, "pcl.queue_length", config.getQueueLength(), step.sizes().batch());
    Operand<TFloat64> infoNce = queue.infoNce(queries, keys, temperature);
    queue.put(keys);
    Operand<TFloat64> protoNce =
        new ClusterPrototypes(config, step, encoder.reader()).protoNce(Wide.of(tf, queries));
    step.measure("info_nce", Wide.narrow(tf, infoNce));
    step.measure("proto_nce", Wide.narrow(tf, protoNce));
    return Wide.narrow(tf, tf.math.add(infoNce, protoNce));
  }
}
