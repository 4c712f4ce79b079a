package org.kindred.models.objective;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.kindred.models.clustering.KMeans;
import org.kindred.models.clustering.KMeans.EmptyClusters;
import org.kindred.models.clustering.KMeans.Start;
import org.kindred.models.clustering.Whitening;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.objective.Cost.Between;
import org.kindred.models.objective.Cost.Kind;
import org.kindred.models.objective.Cost.State;
import org.kindred.models.objective.EpochState.FeatureReader;
import org.kindred.models.objective.TrainingStep.EpochPlan;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;
import org.kindred.models.tensorflow.Initializer;
import org.kindred.models.tensorflow.Variables.Variable;
import org.kindred.proto.pipeline.v1.DeepCluster;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;

/**
 * DeepCluster (Caron et al., 2018). Before each epoch the head's outputs for all evaluation images
 * are whitened, scaled to unit length and clustered by k-means, and the last layer is drawn anew.
 * The epoch then learns the clusters, with z the head's output:
 *
 * <pre>
 *   loss = -1/B sum_b ln softmax(z_b W + c)[cluster of y_b]
 * </pre>
 *
 * <p>It takes as many images of each cluster: N / K + 1 of each that has any, without repeats where
 * the cluster has more, with repeats where it has not; shuffled, the first N of them.
 *
 * <p>Costs before each epoch a pass over all evaluation images, {@link Whitening}, and {@code
 * iterations + 1} products of all images with the centers.
 */
final class DeepClusterObjective implements TrainingObjective {

  /** Cluster of each image. */
  static final String CLUSTERS = STATE_PREFIX + "clusters";

  static final String WEIGHT = STATE_PREFIX + "classifier.weight";
  static final String BIAS = STATE_PREFIX + "classifier.bias";

  private static final String USED = "used_clusters";
  private static final String ACCURACY = "cluster_accuracy";

  /** Standard deviation of the last layer's weights before an epoch. */
  private static final double DEVIATION = 0.01;

  private static final int NONE = -1;

  private final DeepCluster config;

  DeepClusterObjective(DeepCluster config) {
    this.config = config;
    Checks.atLeast("deepcluster.clusters", config.getClusters(), 2);
    Checks.atLeast("deepcluster.components", config.getComponents(), 1);
    Checks.atLeast("deepcluster.iterations", config.getIterations(), 1);
  }

  @Override
  public List<Crop> views() {
    return List.of(Crop.OF_RECIPE);
  }

  @Override
  public List<String> measures() {
    return List.of(USED, ACCURACY);
  }

  @Override
  public void check(int batch, int microBatches, int examples) {
    Checks.atMost(
        "deepcluster.clusters", config.getClusters(), 2, examples, "the number of images");
  }

  /**
   * Logits, targets, shares and the gradient in 64 bits. Before an epoch all images' features, and
   * those that are clustered.
   */
  @Override
  public Cost cost(Extent extent) {
    int dimension = extent.dimension();
    int components = Math.min(config.getComponents(), dimension);
    Between clustering =
        EpochWork.clustering(
            extent,
            components,
            config.getClusters(),
            1,
            config.getIterations() + 1,
            extent.epochs());
    return Cost.of(
            new State(WEIGHT, dimension, config.getClusters(), Kind.LEARNED),
            new State(BIAS, 1, config.getClusters(), Kind.LEARNED),
            State.table(CLUSTERS, extent, 1))
        .withStep(
            Cost.doubles(4, extent.images(), config.getClusters()),
            3 * Cost.products(extent.images(), config.getClusters(), dimension))
        .withBetween(EpochWork.withRows(clustering, extent, dimension, 1, extent.epochs()));
  }

  @Override
  public Operand<TFloat32> loss(TrainingStep step) {
    Ops tf = step.tf();
    IntTable clusters = step.table(CLUSTERS, 1, NONE);
    Variable weight =
        step.variables()
            .learned(
                WEIGHT,
                Shape.of(step.sizes().dimension(), config.getClusters()),
                Initializer.constant(0));
    Variable bias =
        step.variables().learned(BIAS, Shape.of(config.getClusters()), Initializer.constant(0));
    FeatureReader reader = step.reader(step.variables(), Features::projection);
    step.atEpochStart(
        state -> {
          cluster(step.sizes(), state, reader, clusters);
          drawLastLayer(step.sizes(), state, weight, bias);
        });
    step.planEpochs(new EvenClusters(clusters, config.getClusters(), step.sizes().seed()));
    HostCount.measure(step, USED, () -> HostCount.used(clusters, 0, config.getClusters()), 1);

    Operand<TFloat64> logits =
        tf.math.add(
            tf.linalg.matMul(
                Wide.of(tf, step.encodeViews().projection()), Wide.of(tf, weight.value())),
            Wide.of(tf, bias.value()));
    Operand<TInt32> labels = tf.reshape(step.lookup(clusters), tf.constant(new int[] {-1}));
    Operand<TFloat32> isRight =
        tf.dtypes.cast(
            tf.math.equal(tf.math.argMax(logits, tf.constant(1), TInt32.class), labels),
            TFloat32.class);
    step.measure(ACCURACY, tf.math.mean(isRight, tf.constant(0)));
    Operand<TFloat64> targets =
        tf.oneHot(labels, tf.constant(config.getClusters()), tf.constant(1.0), tf.constant(0.0));
    Operand<TFloat64> shares = tf.math.mul(targets, tf.nn.logSoftmax(logits));
    return Wide.narrow(tf, tf.math.neg(Wide.mean(tf, Wide.rowSums(tf, shares))));
  }

  private void cluster(
      TrainingStep.Sizes sizes, EpochState state, FeatureReader reader, IntTable clusters)
      throws IOException, InterruptedException {
    float[] features = state.features(reader);
    int components = Math.min(config.getComponents(), sizes.dimension());
    try (MatrixProduct product = new MatrixProduct()) {
      float[] whitened =
          Whitening.fit(features, sizes.dimension(), components).apply(product, features);
      int[] assignments =
          new KMeans(product, config.getClusters(), 1, config.getIterations() + 1)
              .withStart(Start.RANDOM_ROWS)
              .withEmptyClusters(EmptyClusters.SPLIT)
              .fit(Similarity.EUCLIDEAN, whitened, components, sizes.seed(), state.epoch())
              .assignments();
      System.arraycopy(assignments, 0, clusters.values(), 0, assignments.length);
    }
  }

  /** Draws the weights; assigning them clears their momentum too. */
  private static void drawLastLayer(
      TrainingStep.Sizes sizes, EpochState state, Variable weight, Variable bias) {
    // Epoch 0 of this domain is that of the network's own tensors.
    CounterRandom random =
        new CounterRandom(Domain.INITIALIZATION, sizes.seed(), state.epoch() + 1, 0, 0);
    double bound = DEVIATION * Math.sqrt(3);
    float[] weights = new float[Math.toIntExact(weight.shape().size())];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (float) random.uniform(-bound, bound);
    }
    state.assign(weight, weights);
    state.assign(bias, new float[Math.toIntExact(bias.shape().size())]);
  }

  /** Takes as many images of each cluster. */
  private record EvenClusters(IntTable clusters, int count, long seed) implements EpochPlan {

    @Override
    public int[] order(int epoch, int[] shuffled) {
      int examples = shuffled.length;
      int share = examples / HostCount.used(clusters, 0, count) + 1;
      int[] order =
          members().stream()
              .filter(rows -> rows.length > 0)
              .map(rows -> drawn(epoch, rows, share))
              .flatMapToInt(Arrays::stream)
              .toArray();
      new CounterRandom(Domain.EPOCH_PLAN, seed, epoch, NONE, 0).shuffle(order);
      return Arrays.copyOf(order, examples);
    }

    /** Returns the images of each cluster, rising. */
    private List<int[]> members() {
      int[] sizes = new int[count];
      for (int cluster : clusters.values()) {
        sizes[cluster]++;
      }
      List<int[]> members = Arrays.stream(sizes).mapToObj(int[]::new).toList();
      for (int row = clusters.rows() - 1; row >= 0; row--) {
        int cluster = clusters.get(row, 0);
        members.get(cluster)[--sizes[cluster]] = row;
      }
      return members;
    }

    private int[] drawn(int epoch, int[] rows, int share) {
      // No other cluster has its first image.
      CounterRandom random = new CounterRandom(Domain.EPOCH_PLAN, seed, epoch, rows[0], 0);
      if (rows.length > share) {
        random.shuffle(rows);
        return Arrays.copyOf(rows, share);
      }
      return IntStream.range(0, share).map(i -> rows[random.nextInt(rows.length)]).toArray();
    }
  }
}
