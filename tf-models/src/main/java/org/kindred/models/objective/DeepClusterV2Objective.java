package org.kindred.models.objective;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.kindred.models.clustering.KMeans;
import org.kindred.models.clustering.KMeans.EmptyClusters;
import org.kindred.models.clustering.KMeans.Start;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.tensorflow.Initializer;
import org.kindred.models.tensorflow.Variables.Variable;
import org.kindred.proto.pipeline.v1.DeepClusterV2;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;

/**
 * DeepCluster-v2 (Caron et al., SwAV, appendix). The embeddings of each image's first two views are
 * kept as an epoch computes them. Before the next one each head h clusters those of one of the
 * views by spherical k-means; with its centers C_h, constant, and embeddings Z of all V views:
 *
 * <pre>
 *   p^(h) = softmax(Z C_h^T / temperature)
 *   loss  = mean over h of -1/(V n) sum over views and images of ln p^(h)_cluster
 * </pre>
 *
 * <p>All views of an image share its cluster. An image that the epoch before passed over, as one of
 * the last incomplete batch, has none and is left out; n counts the others of the batch. Before the
 * first epoch the network sees its views once without learning.
 *
 * <p>Costs, beside matrix products of a batch with the centers, k-means before each epoch: {@code
 * heads x (rounds + 1)} products of all images with the centers.
 */
final class DeepClusterV2Objective implements TrainingObjective {

  /** Followed by the number of the head. */
  static final String CENTERS = STATE_PREFIX + "centers.";

  static final String CLUSTERS = STATE_PREFIX + "clusters";

  private static final String SECOND_BANK = STATE_PREFIX + "memory_bank.second_view";
  private static final String VISITS = STATE_PREFIX + "visits";
  private static final int NONE = -1;

  /** Before the epoch -1, which is the look at the first epoch's views. */
  private static final int NEVER = -2;

  private final DeepClusterV2 config;
  private final double temperature;
  private final List<Crop> views;

  DeepClusterV2Objective(DeepClusterV2 config) {
    this.config = config;
    this.temperature = Checks.positive("deepcluster_v2.temperature", config.getTemperature());
    Checks.atLeast("deepcluster_v2.heads", config.getHeads(), 1);
    Checks.atLeast("deepcluster_v2.prototypes", config.getPrototypes(), 2);
    Checks.atLeast("deepcluster_v2.kmeans_rounds", config.getKmeansRounds(), 1);
    this.views = MultiCrop.views("deepcluster_v2.crops", config.getCropsList());
  }

  @Override
  public List<Crop> views() {
    return views;
  }

  @Override
  public List<String> measures() {
    return List.of(USED_PROTOTYPES);
  }

  @Override
  public void check(int batch, int microBatches, int examples) {
    Checks.atMost(
        "deepcluster_v2.prototypes",
        config.getPrototypes(),
        2,
        examples / batch * batch,
        "the images of an epoch's complete batches");
  }

  /**
   * Logits, predictions and their gradient in 64 bits; products with the centers and with the
   * gradient. Before an epoch the embeddings of one view, and a copy of those that are clustered.
   */
  @Override
  public Cost cost(Extent extent) {
    int dimension = extent.dimension();
    double rows = (double) views.size() * extent.images() * config.getHeads();
    Cost cost =
        Cost.of(
                Cost.State.bank(MEMORY_BANK, extent),
                Cost.State.bank(SECOND_BANK, extent),
                Cost.State.table(CLUSTERS, extent, config.getHeads()),
                Cost.State.table(VISITS, extent, 1))
            .withStep(
                Cost.doubles(3, rows, config.getPrototypes()),
                2 * Cost.products(rows, config.getPrototypes(), dimension));
    for (int head = 0; head < config.getHeads(); head++) {
      cost =
          cost.withState(
              new Cost.State(
                  CENTERS + head, config.getPrototypes(), dimension, Cost.Kind.VARIABLE));
    }
    Cost.Between heads =
        EpochWork.clustering(
            extent,
            dimension,
            config.getPrototypes(),
            1,
            config.getKmeansRounds() + 1,
            (double) config.getHeads() * extent.epochs());
    // Before the first epoch the network sees the large views, at least, without learning.
    return cost.withBetween(
        new Cost.Between(
            heads.heapBytes() + Cost.floats(1, extent.examples(), dimension),
            heads.nativeBytes(),
            heads.flops(),
            MultiCrop.ASSIGNED,
            0));
  }

  @Override
  public Operand<TFloat32> loss(TrainingStep step) {
    Ops tf = step.tf();
    Operand<TFloat32> embeddings = step.encodeViews().embedding();
    State state = new State(step, embeddings);
    Operand<TFloat64> wide = Wide.of(tf, embeddings);
    Operand<TInt32> clusters = step.lookup(state.clusters);
    List<Operand<TFloat64>> terms = new ArrayList<>();
    for (int head = 0; head < config.getHeads(); head++) {
      Operand<TFloat64> centers = Wide.of(tf, state.centers.get(head).value());
      terms.add(crossEntropy(step, Wide.products(tf, wide, centers), step.column(clusters, head)));
    }
    state.keep();
    step.atEpochStart(state::cluster);
    HostCount.measure(
        step, USED_PROTOTYPES, state::used, config.getHeads() * config.getPrototypes());
    return Wide.narrow(
        tf, tf.math.div(Wide.sum(tf, terms), tf.constant((double) config.getHeads())));
  }

  private Operand<TFloat64> crossEntropy(
      TrainingStep step, Operand<TFloat64> scores, Operand<TInt32> clusters) {
    Ops tf = step.tf();
    Operand<TFloat64> logShares = tf.nn.logSoftmax(tf.math.div(scores, tf.constant(temperature)));
    // The row of an image without a cluster is 0.
    Operand<TFloat64> targets =
        tf.oneHot(
            clusters, tf.constant(config.getPrototypes()), tf.constant(1.0), tf.constant(0.0));
    Operand<TFloat64> ofAllViews = tf.tile(targets, tf.constant(new int[] {views.size(), 1}));
    Operand<TInt32> both = tf.constant(new int[] {0, 1});
    Operand<TFloat64> counted = tf.math.maximum(tf.sum(targets, both), tf.constant(1.0));
    return tf.math.div(
        tf.sum(tf.math.mul(ofAllViews, logShares), both),
        tf.math.mul(counted, tf.constant((double) -views.size())));
  }

  /** What is known of all images, and what is made of it before an epoch. */
  private final class State {
    private final TrainingStep step;
    private final Operand<TFloat32> embeddings;
    private final List<MemoryBank> banks;
    private final List<Variable> centers = new ArrayList<>();

    /** Cluster of each image in each head. */
    private final IntTable clusters;

    /** Epoch that last looked at an image, from -1. */
    private final IntTable visits;

    State(TrainingStep step, Operand<TFloat32> embeddings) {
      this.step = step;
      this.embeddings = embeddings;
      this.banks = List.of(MemoryBank.declare(step), MemoryBank.declare(step, SECOND_BANK));
      Shape shape = Shape.of(config.getPrototypes(), step.sizes().dimension());
      for (int head = 0; head < config.getHeads(); head++) {
        centers.add(step.variables().variable(CENTERS + head, shape, Initializer.constant(0)));
      }
      this.clusters = step.table(CLUSTERS, config.getHeads(), NONE);
      this.visits = step.table(VISITS, 1, NEVER);
    }

    /** Has the banks keep the embeddings of a step, and the host who was in it. */
    void keep() {
      int batch = step.sizes().batch();
      for (int view = 0; view < MultiCrop.ASSIGNED; view++) {
        banks.get(view).follow(step.rows(embeddings, view * batch, batch), 0);
      }
      step.deliver(
          step.tf().fill(step.tf().constant(new int[] {batch, 1}), step.epoch()),
          (rows, epochs) -> {
            for (int row : rows) {
              visits.set(row, 0, epochs.get());
            }
          });
    }

    int used() {
      return IntStream.range(0, config.getHeads())
          .map(head -> HostCount.used(clusters, head, config.getPrototypes()))
          .sum();
    }

    /** Fills the banks with what the network makes of the first epoch's views before it learns. */
    private void look(EpochState state) throws IOException, InterruptedException {
      int dimension = step.sizes().dimension();
      List<float[]> kept = banks.stream().map(bank -> state.read(bank.variable())).toList();
      state.look(
          embeddings,
          (rows, values) -> {
            for (int i = 0; i < rows.length; i++) {
              for (int view = 0; view < MultiCrop.ASSIGNED; view++) {
                int from = (view * rows.length + i) * dimension;
                System.arraycopy(values, from, kept.get(view), rows[i] * dimension, dimension);
              }
              visits.set(rows[i], 0, state.epoch() - 1);
            }
          });
      for (int view = 0; view < MultiCrop.ASSIGNED; view++) {
        state.assign(banks.get(view).variable(), kept.get(view));
      }
    }

    void cluster(EpochState state) throws IOException, InterruptedException {
      if (state.epoch() == 0) {
        look(state);
      }
      int[] known =
          IntStream.range(0, visits.rows())
              .filter(row -> visits.get(row, 0) == state.epoch() - 1)
              .toArray();
      Arrays.fill(clusters.values(), NONE);
      try (MatrixProduct product = new MatrixProduct()) {
        KMeans kmeans =
            new KMeans(product, config.getPrototypes(), 1, config.getKmeansRounds() + 1)
                .withStart(Start.RANDOM_ROWS)
                .withEmptyClusters(EmptyClusters.UNCHANGED);
        for (int head = 0; head < config.getHeads(); head++) {
          MemoryBank bank = banks.get(head % MultiCrop.ASSIGNED);
          KMeans.Result result =
              kmeans.fit(
                  Similarity.COSINE,
                  chosen(state.read(bank.variable()), known),
                  step.sizes().dimension(),
                  step.sizes().seed(),
                  state.epoch() * config.getHeads() + head);
          state.assign(centers.get(head), result.centers());
          for (int i = 0; i < known.length; i++) {
            clusters.set(known[i], head, result.assignments()[i]);
          }
        }
      }
    }

    private float[] chosen(float[] rows, int[] numbers) {
      int dimension = step.sizes().dimension();
      float[] chosen = new float[numbers.length * dimension];
      for (int i = 0; i < numbers.length; i++) {
        System.arraycopy(rows, numbers[i] * dimension, chosen, i * dimension, dimension);
      }
      return chosen;
    }
  }
}
