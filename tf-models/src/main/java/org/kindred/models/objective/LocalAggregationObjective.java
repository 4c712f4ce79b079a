package org.kindred.models.objective;

import java.util.List;
import org.kindred.models.clustering.KMeans;
import org.kindred.models.clustering.KMeans.EmptyClusters;
import org.kindred.models.clustering.KMeans.Start;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.linalg.Similarity;
import org.kindred.models.objective.Cost.Between;
import org.kindred.models.objective.Cost.Kind;
import org.kindred.models.objective.Cost.State;
import org.kindred.models.tensorflow.Initializer;
import org.kindred.models.tensorflow.Variables.Variable;
import org.kindred.proto.pipeline.v1.LocalAggregation;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * Local Aggregation (Zhuang et al.): instance discrimination against a {@link MemoryBank} V at
 * first, then, with e_j = exp(V_j . f / temperature),
 *
 * <pre>
 *   loss = -1/B sum_b ln [ sum of e over C intersected with B / sum of e over B ]
 * </pre>
 *
 * <p>B: the rows of the bank nearest to f, and the image's own. C: the rows that share the image's
 * cluster in one of H clusterings of the bank, which are made anew before each epoch by k-means,
 * each from its own draws. Before the first epoch there are none, as the bank's rows are random: an
 * image is then alone in its C. Sets and bank are constant in the gradient; the bank follows after
 * the optimiser.
 *
 * <p>Costs, beside two products with the bank, the choice of B (see {@link Background}), the
 * softmax over all rows as long as training has warm-up epochs at all, and before each epoch {@code
 * H x (iterations + 1)} products of all rows with the centers.
 */
final class LocalAggregationObjective implements TrainingObjective {

  /** Cluster of each row of the bank in each clustering, {@code [examples, H]}. */
  static final String CLUSTERS = STATE_PREFIX + "clusters";

  private static final String CLOSE = "close_rows";

  /** Cluster of a row before the first clusterings. */
  private static final float NONE = -1;

  /** Cluster of an example that has none: no row has this one. */
  private static final float NOBODYS = -2;

  private final LocalAggregation config;
  private final double temperature;

  LocalAggregationObjective(LocalAggregation config) {
    this.config = config;
    this.temperature = Checks.positive("local_aggregation.temperature", config.getTemperature());
    Checks.momentum("local_aggregation.bank_momentum", config.getBankMomentum());
    Checks.atLeast("local_aggregation.background", config.getBackground(), 0);
    Checks.atLeast("local_aggregation.clusterings", config.getClusterings(), 1);
    Checks.atLeast("local_aggregation.clusters", config.getClusters(), 2);
    Checks.atLeast("local_aggregation.iterations", config.getIterations(), 1);
    Checks.atLeast("local_aggregation.warmup_epochs", config.getWarmupEpochs(), 0);
  }

  @Override
  public List<Crop> views() {
    return List.of(Crop.OF_RECIPE);
  }

  @Override
  public List<String> measures() {
    return List.of(CLOSE);
  }

  @Override
  public void check(int batch, int microBatches, int examples) {
    Checks.atMost(
        "local_aggregation.clusters", config.getClusters(), 2, examples, "the number of images");
  }

  @Override
  public List<String> advice(int epochs) {
    return Checks.begins(
        "local_aggregation.warmup_epochs",
        Math.max(1, config.getWarmupEpochs()),
        epochs,
        "images are never clustered, and what is trained is instance discrimination");
  }

  /**
   * Products with the bank and the gradient, of the warm-up logits, targets and softmax, {@code
   * [batch, examples]}; logits of the background in 64 bits with their gradient, and which of its
   * rows share which cluster. Before an epoch the bank, and the clusters of all rows twice.
   */
  @Override
  public Cost cost(Extent extent) {
    double images = extent.images();
    double examples = extent.examples();
    double background = Background.size(config.getBackground(), extent.examples());
    int clusterings = config.getClusterings();
    // Of each row a byte for each clustering; of chosen rows their clusters too.
    double shared = background < examples ? 1 + Float.BYTES : 1;
    Cost cost =
        Cost.of(
                State.bank(MEMORY_BANK, extent),
                new State(CLUSTERS, extent.examples(), clusterings, Kind.VARIABLE))
            .withStep(
                Cost.floats(config.getWarmupEpochs() > 0 ? 5 : 2, images, examples),
                2 * Cost.products(images, examples, extent.dimension()))
            .withStep(
                Background.bytes(3, images, background, extent.examples())
                    + shared * images * background * clusterings,
                0);
    // Before epoch 0 the bank is random, and is not clustered.
    int epochs = Math.max(0, extent.epochs() - Math.max(1, config.getWarmupEpochs()));
    if (epochs == 0) {
      return cost;
    }
    Between work =
        EpochWork.clustering(
            extent,
            extent.dimension(),
            config.getClusters(),
            clusterings,
            config.getIterations() + 1,
            epochs);
    return cost.withBetween(EpochWork.withRows(work, extent, clusterings, 1, 0));
  }

  @Override
  public Operand<TFloat32> loss(TrainingStep step) {
    Ops tf = step.tf();
    Operand<TFloat32> embeddings = step.encodeViews().embedding();
    MemoryBank bank = MemoryBank.declare(step);
    Variable clusters =
        step.variables()
            .variable(
                CLUSTERS,
                Shape.of(step.sizes().examples(), config.getClusterings()),
                Initializer.constant(NONE));
    step.atEpochStart(state -> cluster(step.sizes(), state, bank.variable(), clusters));
    Operand<TFloat32> products = bank.products(embeddings);
    Operand<TFloat32> loss =
        aggregation(
            step,
            Background.of(step, products, temperature, config.getBackground()),
            bank.ownProducts(embeddings),
            clusters.value());
    if (config.getWarmupEpochs() > 0) {
      Operand<TFloat32> instance =
          InstanceSoftmax.loss(step, tf.math.div(products, tf.constant((float) temperature)));
      loss =
          tf.select(
              tf.math.less(step.epoch(), tf.constant(config.getWarmupEpochs())), instance, loss);
    }
    bank.follow(embeddings, config.getBankMomentum());
    return loss;
  }

  private <T extends TNumber> Operand<TFloat32> aggregation(
      TrainingStep step,
      Background<T> background,
      Operand<TFloat32> ownProducts,
      Operand<TFloat32> clusters) {
    Ops tf = step.tf();
    Operand<TBool> others = tf.math.logicalNot(background.areOwn());
    Operand<TBool> close = tf.math.logicalAnd(shareACluster(step, background, clusters), others);
    step.measure(
        CLOSE,
        tf.math.mean(
            tf.sum(tf.dtypes.cast(close, TFloat32.class), tf.constant(1)), tf.constant(0)));
    Operand<T> own = tf.expandDims(background.logits(ownProducts), tf.constant(1));
    Operand<T> terms =
        tf.math.sub(
            LogSums.of(tf, LogSums.only(tf, background.logits(), others), own),
            LogSums.of(tf, LogSums.only(tf, background.logits(), close), own));
    return tf.dtypes.cast(tf.math.mean(terms, tf.constant(0)), TFloat32.class);
  }

  /** Returns which rows share one of the example's clusters, {@code [batch, rows]}. */
  private static Operand<TBool> shareACluster(
      TrainingStep step, Background<?> background, Operand<TFloat32> clusters) {
    Ops tf = step.tf();
    Operand<TFloat32> known = tf.gather(clusters, step.rows(), tf.constant(0));
    Operand<TFloat32> own =
        tf.select(tf.math.greaterEqual(known, tf.constant(0f)), known, tf.constant(NOBODYS));
    Operand<TFloat32> ofRows =
        background
            .rows()
            .map(rows -> (Operand<TFloat32>) tf.gather(clusters, rows, tf.constant(0)))
            .orElse(tf.expandDims(clusters, tf.constant(0)));
    return tf.reduceAny(tf.math.equal(ofRows, tf.expandDims(own, tf.constant(1))), tf.constant(2));
  }

  private void cluster(
      TrainingStep.Sizes sizes, EpochState state, Variable bank, Variable clusters) {
    if (state.epoch() < Math.max(1, config.getWarmupEpochs())) {
      return;
    }
    int clusterings = config.getClusterings();
    List<KMeans.Result> results;
    try (MatrixProduct product = new MatrixProduct()) {
      results =
          new KMeans(product, config.getClusters(), clusterings, config.getIterations() + 1)
              .withStart(Start.RANDOM_ROWS)
              .withEmptyClusters(EmptyClusters.SPLIT)
              .fitEach(
                  Similarity.EUCLIDEAN,
                  state.read(bank),
                  sizes.dimension(),
                  sizes.seed(),
                  state.epoch() * clusterings);
    }
    float[] assigned = new float[sizes.examples() * clusterings];
    for (int clustering = 0; clustering < clusterings; clustering++) {
      int[] assignments = results.get(clustering).assignments();
      for (int row = 0; row < assignments.length; row++) {
        assigned[row * clusterings + clustering] = assignments[row];
      }
    }
    state.assign(clusters, assigned);
  }
}
