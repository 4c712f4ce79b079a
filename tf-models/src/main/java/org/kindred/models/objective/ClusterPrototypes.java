package org.kindred.models.objective;

import java.io.IOException;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.kindred.models.clustering.Concentration;
import org.kindred.models.clustering.KMeans;
import org.kindred.models.clustering.KMeans.EmptyClusters;
import org.kindred.models.clustering.KMeans.Start;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.linalg.UnitRows;
import org.kindred.models.objective.Cost.Between;
import org.kindred.models.objective.Cost.Kind;
import org.kindred.models.objective.Cost.State;
import org.kindred.models.objective.EpochState.FeatureReader;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;
import org.kindred.models.tensorflow.Initializer;
import org.kindred.models.tensorflow.Variables.Variable;
import org.kindred.proto.pipeline.v1.PCL;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;

/**
 * The clusterings of PCL: their centers, of unit length, how concentrated each cluster is, and who
 * belongs to it. They are made anew before each epoch from the configured one on, by k-means of the
 * evaluation images' features.
 */
final class ClusterPrototypes {

  /** Followed by the number of the clustering. */
  static final String CENTERS = TrainingObjective.STATE_PREFIX + "centers.";

  /** Followed by the number of the clustering. */
  static final String CONCENTRATIONS = TrainingObjective.STATE_PREFIX + "concentrations.";

  static final String CLUSTERS = TrainingObjective.STATE_PREFIX + "clusters";

  /** Name under which the share of clusters that have members is reported. */
  static final String USED = "used_clusters_share";

  private static final int NONE = -1;

  private final PCL config;
  private final TrainingStep step;
  private final FeatureReader reader;
  private final List<Variable> centers = new ArrayList<>();
  private final List<Variable> concentrations = new ArrayList<>();

  /** Cluster of each image in each clustering. */
  private final IntTable clusters;

  /** Declares them; {@code reader} names the features that are clustered. */
  ClusterPrototypes(PCL config, TrainingStep step, FeatureReader reader) {
    this.config = config;
    this.step = step;
    this.reader = reader;
    for (int i = 0; i < config.getClustersCount(); i++) {
      int count = config.getClusters(i);
      centers.add(
          step.variables()
              .variable(
                  CENTERS + i, Shape.of(count, step.sizes().dimension()), Initializer.constant(0)));
      concentrations.add(
          step.variables().variable(CONCENTRATIONS + i, Shape.of(count), Initializer.constant(1)));
    }
    clusters = step.table(CLUSTERS, config.getClustersCount(), NONE);
    step.atEpochStart(this::cluster);
  }

  /**
   * Returns a cost with clusterings: logits, shares and their gradient in 64 bits, products of the
   * images with the centers that are compared and with the gradient. Before an epoch, all images'
   * features.
   */
  static Cost withCost(Cost before, Extent extent, PCL config) {
    int dimension = extent.dimension();
    int epochs = Math.max(0, extent.epochs() - config.getStartEpoch());
    int compared = extent.images() * (1 + othersOfImage(config, extent.images()));
    int largest = 0;
    double all = 0;
    Cost cost = before.withState(State.table(CLUSTERS, extent, config.getClustersCount()));
    for (int i = 0; i < config.getClustersCount(); i++) {
      int clusters = config.getClusters(i);
      largest = Math.max(largest, clusters);
      all += clusters;
      cost =
          cost.withState(new State(CENTERS + i, clusters, dimension, Kind.VARIABLE))
              .withState(new State(CONCENTRATIONS + i, 1, clusters, Kind.VARIABLE))
              .withStep(
                  Cost.doubles(3, extent.images(), compared),
                  2 * Cost.products(extent.images(), compared, dimension));
    }
    if (epochs == 0) {
      return cost;
    }
    Between work =
        EpochWork.clustering(
            extent,
            dimension,
            largest,
            config.getKmeansRestarts(),
            config.getKmeansIterations() + 1,
            epochs * all / largest);
    return cost.withBetween(EpochWork.withRows(work, extent, dimension, 0, epochs));
  }

  private void cluster(EpochState state) throws IOException, InterruptedException {
    if (state.epoch() < config.getStartEpoch()) {
      return;
    }
    float[] features = state.features(reader);
    int restarts = config.getKmeansRestarts();
    int dimension = step.sizes().dimension();
    try (MatrixProduct product = new MatrixProduct()) {
      for (int i = 0; i < centers.size(); i++) {
        KMeans.Result result =
            new KMeans(product, config.getClusters(i), restarts, config.getKmeansIterations() + 1)
                .withStart(Start.RANDOM_ROWS)
                .withEmptyClusters(EmptyClusters.SPLIT)
                .fit(
                    Similarity.EUCLIDEAN,
                    features,
                    dimension,
                    step.sizes().seed(),
                    (state.epoch() * centers.size() + i) * restarts);
        state.assign(
            concentrations.get(i),
            Concentration.of(
                result.assignments(),
                result.squaredDistances(),
                config.getClusters(i),
                config.getTemperature()));
        float[] unit = result.centers().clone();
        UnitRows.normalize(unit, dimension, 0);
        state.assign(centers.get(i), unit);
        for (int row = 0; row < clusters.rows(); row++) {
          clusters.set(row, i, result.assignments()[row]);
        }
      }
    }
  }

  /**
   * Returns the mean over the clusterings of ProtoNCE; an image without a cluster adds nothing.
   *
   * @param queries {@code [batch, dimension]}
   */
  Operand<TFloat64> protoNce(Operand<TFloat64> queries) {
    Ops tf = step.tf();
    Operand<TInt32> own = step.lookup(clusters);
    List<Operand<TFloat64>> terms = new ArrayList<>();
    for (int i = 0; i < centers.size(); i++) {
      terms.add(protoNce(queries, i, step.column(own, i)));
    }
    HostCount.measure(
        step,
        USED,
        this::used,
        config.getClustersList().stream().mapToInt(Integer::intValue).sum());
    return tf.math.div(Wide.sum(tf, terms), tf.constant((double) terms.size()));
  }

  private Operand<TFloat64> protoNce(
      Operand<TFloat64> queries, int clustering, Operand<TInt32> own) {
    Ops tf = step.tf();
    int batch = step.sizes().batch();
    Operand<TInt32> others = tf.reshape(others(clustering), tf.constant(new int[] {-1}));
    Operand<TInt32> compared = tf.concat(List.of(own, others), tf.constant(0));
    Operand<TFloat64> logits =
        tf.math.div(
            Wide.products(tf, queries, chosen(centers.get(clustering), compared)),
            chosen(concentrations.get(clustering), compared));
    Operand<TFloat64> logShares =
        tf.nn.logSoftmax(
            tf.math.add(logits, tf.math.mul(isNone(compared), tf.constant(Wide.EXCLUDED))));
    // Column b is the center of image b.
    Operand<TFloat64> ofImages =
        Wide.rowSums(
            tf,
            tf.math.mul(
                tf.slice(logShares, tf.constant(new int[2]), tf.constant(new int[] {batch, batch})),
                Wide.shifted(tf, batch, 0)));
    Operand<TFloat64> counted = tf.math.sub(tf.constant(1.0), isNone(own));
    return tf.math.neg(Wide.mean(tf, tf.math.mul(counted, ofImages)));
  }

  /** Returns rows of a variable, any where there is {@link #NONE}. */
  private Operand<TFloat64> chosen(Variable variable, Operand<TInt32> rows) {
    Ops tf = step.tf();
    return Wide.of(
        tf, tf.gather(variable.value(), tf.math.maximum(rows, tf.constant(0)), tf.constant(0)));
  }

  private Operand<TFloat64> isNone(Operand<TInt32> clusterNumbers) {
    Ops tf = step.tf();
    return tf.dtypes.cast(tf.math.less(clusterNumbers, tf.constant(0)), TFloat64.class);
  }

  private int used() {
    return IntStream.range(0, centers.size())
        .map(i -> HostCount.used(clusters, i, config.getClusters(i)))
        .sum();
  }

  /**
   * Draws clusters that no image of the batch belongs to, without replacement: as many as
   * configured, or all of them when there are fewer.
   *
   * @return {@code [batch, width]}, {@link #NONE} where there are no more
   */
  private Operand<TInt32> others(int clustering) {
    int batch = step.sizes().batch();
    return step.lookup(
        othersOfImage(config, batch),
        (epoch, rows, target) -> {
          CounterRandom random =
              new CounterRandom(Domain.NOISE, step.sizes().seed(), epoch, rows[0], clustering);
          drawOthers(clustering, rows, random, target);
        });
  }

  private static int othersOfImage(PCL config, int batch) {
    return (config.getOtherPrototypes() + batch - 1) / batch;
  }

  private void drawOthers(int clustering, int[] rows, CounterRandom random, IntBuffer target) {
    boolean[] isOwn = new boolean[config.getClusters(clustering)];
    for (int row : rows) {
      int own = clusters.get(row, clustering);
      if (own != NONE) {
        isOwn[own] = true;
      }
    }
    int[] others = IntStream.range(0, isOwn.length).filter(cluster -> !isOwn[cluster]).toArray();
    int drawn = Math.min(others.length, config.getOtherPrototypes());
    random.draw(others, drawn);
    for (int i = 0; target.hasRemaining(); i++) {
      target.put(i < drawn ? others[i] : NONE);
    }
  }
}
