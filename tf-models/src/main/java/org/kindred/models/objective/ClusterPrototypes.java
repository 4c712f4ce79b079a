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
      if (count > step.sizes().examples()) {
        throw new IllegalArgumentException(
            "pcl.clusters[%d] is %d, valid is at most %d, the number of images"
                .formatted(i, count, step.sizes().examples()));
      }
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

  private void cluster(EpochState state) throws IOException {
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
    return tf.math.div(Wide.sum(tf, terms), tf.constant((double) terms.size()));
  }

  private Operand<TFloat64> protoNce(
      Operand<TFloat64> queries, int clustering, Operand<TInt32> own) {
    Ops tf = step.tf();
    Operand<TInt32> count = tf.constant(config.getClusters(clustering));
    Operand<TFloat64> similarities =
        Wide.products(tf, queries, Wide.of(tf, centers.get(clustering).value()));
    Operand<TFloat64> logits =
        tf.math.div(similarities, Wide.of(tf, concentrations.get(clustering).value()));
    Operand<TFloat64> targets = tf.oneHot(own, count, tf.constant(1.0), tf.constant(0.0));
    Operand<TInt32> others = tf.reshape(others(clustering), tf.constant(new int[] {-1}));
    Operand<TInt32> compared = tf.concat(List.of(own, others), tf.constant(0));
    // The sum passes over NONE.
    Operand<TFloat64> counts =
        tf.math.unsortedSegmentSum(tf.fill(tf.shape(compared), tf.constant(1.0)), compared, count);
    Operand<TFloat64> left =
        tf.math.sub(tf.constant(1.0), tf.math.minimum(counts, tf.constant(1.0)));
    Operand<TFloat64> logShares =
        tf.nn.logSoftmax(tf.math.add(logits, tf.math.mul(left, tf.constant(Wide.EXCLUDED))));
    Operand<TFloat64> ofImages = Wide.rowSums(tf, tf.math.mul(targets, logShares));
    return tf.math.neg(Wide.mean(tf, ofImages));
  }

  /**
   * Draws clusters that no image of the batch belongs to, without replacement: as many as
   * configured, or all of them when there are fewer.
   *
   * @return {@code [batch, width]}, {@link #NONE} where there are no more
   */
  private Operand<TInt32> others(int clustering) {
    int batch = step.sizes().batch();
    int width = (config.getOtherPrototypes() + batch - 1) / batch;
    return step.lookup(
        width,
        (epoch, rows, target) -> {
          CounterRandom random =
              new CounterRandom(Domain.NOISE, step.sizes().seed(), epoch, rows[0], clustering);
          drawOthers(clustering, rows, random, target);
        });
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
    for (int i = 0; target.hasRemaining(); i++) {
      if (i < Math.min(others.length, config.getOtherPrototypes())) {
        int j = i + random.nextInt(others.length - i);
        int drawn = others[j];
        others[j] = others[i];
        target.put(drawn);
      } else {
        target.put(NONE);
      }
    }
  }
}
