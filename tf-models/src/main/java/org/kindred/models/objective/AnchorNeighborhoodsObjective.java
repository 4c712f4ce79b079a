package org.kindred.models.objective;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.kindred.models.linalg.MatrixProduct;
import org.kindred.models.objective.Cost.Between;
import org.kindred.models.objective.Cost.State;
import org.kindred.models.tensorflow.Variables.Variable;
import org.kindred.proto.pipeline.v1.AnchorNeighborhoods;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * AND, anchor neighbourhood discovery (Huang et al.): instance discrimination against a {@link
 * MemoryBank} V, in which an anchor shares its class with its nearest neighbours. With P(j) the
 * softmax of V_j . f / temperature over all rows,
 *
 * <pre>
 *   loss = -1/B sum_b ln [ P(y_b) + sum over the neighbours j of y_b of P(j) ]
 * </pre>
 *
 * <p>Training goes in rounds r = 0, 1, .... Before each but the first, the images are ranked by
 * {@link BankEntropy}, of equal ones the lower first, and the first floor(growth x r x N) become
 * anchors; their neighbours are those of their rows in the bank. Between rounds both stand still.
 * Bank and neighbours are constant in the gradient; the bank follows after the optimiser.
 *
 * <p>Costs two products with the bank and a softmax over all rows, and before a round a search of
 * the bank in itself and an exponential for each two rows.
 */
final class AnchorNeighborhoodsObjective implements TrainingObjective {

  private static final Logger LOG = LoggerFactory.getLogger(AnchorNeighborhoodsObjective.class);

  /** Neighbours of each anchor, -1 for other images. */
  static final String ANCHORS = STATE_PREFIX + "anchors";

  private static final String SHARE_OF_ANCHORS = "anchors";

  private final AnchorNeighborhoods config;
  private final double temperature;

  AnchorNeighborhoodsObjective(AnchorNeighborhoods config) {
    this.config = config;
    this.temperature = Checks.positive("anchor_neighborhoods.temperature", config.getTemperature());
    Checks.momentum("anchor_neighborhoods.bank_momentum", config.getBankMomentum());
    Checks.atLeast("anchor_neighborhoods.rounds", config.getRounds(), 1);
    Checks.atLeast("anchor_neighborhoods.round_epochs", config.getRoundEpochs(), 1);
    Checks.share("anchor_neighborhoods.anchor_growth", config.getAnchorGrowth());
    Checks.atLeast("anchor_neighborhoods.neighbors", config.getNeighbors(), 1);
  }

  @Override
  public List<Crop> views() {
    return List.of(Crop.OF_RECIPE);
  }

  @Override
  public List<String> measures() {
    return List.of(SHARE_OF_ANCHORS);
  }

  @Override
  public void check(int batch, int microBatches, int examples) {
    Checks.lessThanExamples("anchor_neighborhoods.neighbors", config.getNeighbors(), examples);
  }

  @Override
  public List<String> advice(int epochs) {
    return config.getRounds() == 1
        ? List.of()
        : Checks.begins(
            "anchor_neighborhoods.round_epochs",
            config.getRoundEpochs(),
            epochs,
            "no image ever gets a neighbour for an anchor, and what is trained is instance"
                + " discrimination");
  }

  /**
   * Logits, exponentials and the gradient, {@code [batch, examples]}. Before a round the bank, its
   * products with itself, entropies and neighbours.
   */
  @Override
  public Cost cost(Extent extent) {
    double images = extent.images();
    double examples = extent.examples();
    Cost cost =
        Cost.of(
                State.bank(MEMORY_BANK, extent),
                State.table(ANCHORS, extent, config.getNeighbors()))
            .withStep(
                Cost.floats(4, images, examples),
                2 * Cost.products(images, examples, extent.dimension()));
    int rounds =
        Math.min(config.getRounds(), (extent.epochs() - 1) / config.getRoundEpochs() + 1) - 1;
    if (rounds == 0) {
      return cost;
    }
    Between search = EpochWork.search(extent, extent.dimension(), config.getNeighbors(), rounds, 0);
    return cost.withBetween(
        new Between(
            search.heapBytes() + Double.BYTES * examples,
            Cost.floats(1, examples, extent.dimension()) + BankEntropy.productBytes(examples),
            search.flops() + rounds * Cost.products(examples, examples, extent.dimension()),
            0,
            0));
  }

  @Override
  public Operand<TFloat32> loss(TrainingStep step) {
    Ops tf = step.tf();
    Operand<TFloat32> embeddings = step.encodeViews().embedding();
    MemoryBank bank = MemoryBank.declare(step);
    IntTable anchors = step.table(ANCHORS, config.getNeighbors(), PositiveLookup.NONE);
    step.atEpochStart(state -> startRound(state, bank.variable(), anchors));

    CountedPositives neighbors = CountedPositives.of(tf, step.lookup(anchors));
    Operand<TFloat32> isAnchor = tf.dtypes.cast(neighbors.some(tf), TFloat32.class);
    step.measure(SHARE_OF_ANCHORS, tf.math.mean(isAnchor, tf.constant(0)));
    Operand<TFloat32> scale = tf.constant((float) temperature);
    Operand<TFloat32> own =
        tf.expandDims(tf.math.div(bank.ownProducts(embeddings), scale), tf.constant(1));
    Operand<TFloat32> shared =
        LogSums.only(
            tf,
            tf.math.div(
                NoiseSamples.productsOfChosen(step, bank, embeddings, neighbors.ids()), scale),
            neighbors.counted());
    Operand<TFloat32> terms =
        tf.math.sub(
            LogSums.of(tf, tf.math.div(bank.products(embeddings), scale)),
            LogSums.of(tf, shared, own));
    bank.follow(embeddings, config.getBankMomentum());
    return tf.math.mean(terms, tf.constant(0));
  }

  private void startRound(EpochState state, Variable bank, IntTable anchors) {
    int round = state.epoch() / config.getRoundEpochs();
    if (state.epoch() % config.getRoundEpochs() != 0 || round == 0 || round >= config.getRounds()) {
      return;
    }
    float[] rows = state.read(bank);
    int dimension = rows.length / anchors.rows();
    int width = anchors.width();
    int count =
        (int)
            Math.min(anchors.rows(), Math.floor(config.getAnchorGrowth() * round * anchors.rows()));
    double[] entropies;
    try (MatrixProduct product = new MatrixProduct()) {
      entropies = BankEntropy.of(product, rows, dimension, temperature);
    }
    int[] nearest = NearestRows.of(rows, dimension, width);
    Arrays.fill(anchors.values(), PositiveLookup.NONE);
    for (int row : leastOf(entropies, count)) {
      System.arraycopy(nearest, row * width, anchors.values(), row * width, width);
    }
    LOG.info("Round {} has {} anchors", round, count);
  }

  /** Returns the places of the least values, of equal ones the lower. */
  private static int[] leastOf(double[] values, int count) {
    return IntStream.range(0, values.length)
        .boxed()
        .sorted(Comparator.comparingDouble(place -> values[place]))
        .limit(count)
        .mapToInt(Integer::intValue)
        .toArray();
  }
}
