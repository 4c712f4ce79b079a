package org.kindred.models.objective;

import java.util.List;
import org.kindred.models.neighbors.Propagation;
import org.kindred.models.objective.Cost.State;
import org.kindred.proto.pipeline.v1.InvP;
import org.kindred.proto.pipeline.v1.InvarianceBackground;
import org.kindred.proto.pipeline.v1.InvarianceForm;
import org.kindred.proto.pipeline.v1.InvarianceRamp;
import org.kindred.proto.pipeline.v1.NeighborRefresh;
import org.kindred.proto.pipeline.v1.PositiveChoice;
import org.kindred.proto.pipeline.v1.PositiveDiscovery;
import org.kindred.proto.pipeline.v1.PositiveSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;

/**
 * Invariance Propagation (Wang et al.): instance discrimination against a {@link MemoryBank} V, and
 * attraction to positives that are found by walking the graph of nearest neighbours, the {@link
 * NeighborTable}. With e_j = exp(V_j . f / temperature) for example i with embedding f, and batch
 * means of
 *
 * <pre>
 *   L_ins = -ln [ e_i / sum of e over N_M and i ]                          (equation 6)
 *   L_inv = -ln [ sum of e over N_h / sum of e over (N_M - N - i) and N_h ] (equation 5)
 *   loss  = L_ins + lambda omega(epoch) L_inv                              (equation 7)
 * </pre>
 *
 * <p>N: the positives, all other examples within l hops (equation 3). N_h: the P least similar of
 * them. N_M: the M rows nearest to f. Of equally similar rows the lower counts. An example without
 * positives has L_inv 0; a row of the graph that was never refreshed leads nowhere.
 *
 * <p>All sets, bank rows and the graph are constant in the gradient. Order of a step: positives
 * from the graph as earlier steps left it; similarities to the bank as it stands; N_M; both terms;
 * gradient, optimiser; the batch's rows of the bank and of the graph follow.
 *
 * <p>Costs, beside two products with the bank, the choice of N_M, most of it: see {@link
 * Background}. The walks are done by the host and take a millisecond. A refresh at each epoch's
 * start is a search of the whole bank in itself.
 */
final class InvPObjective implements TrainingObjective {

  /** The Gaussian ramp is exp(-5 (1 - t/T)^2). */
  private static final float RAMP_STEEPNESS = 5;

  private static final String K = "invp.k";
  private static final String NEAREST = "invp.nearest";
  private static final String INSTANCE_TERM = "instance_term";
  private static final String INVARIANCE_TERM = "invariance_term";
  private static final String POSITIVES = "positives";

  /** Fields of the invariance term alone. */
  private static final String[] OF_INVARIANCE = {
    "k",
    "hops",
    "hard_positives",
    "start_epoch",
    "ramp",
    "discovery",
    "refresh",
    "positives",
    "nearest",
    "selection",
    "invariance_background",
    "max_positives",
    "from_positive_set"
  };

  private final InvP config;
  private final double temperature;
  private final boolean usesNearest;

  InvPObjective(InvP config) {
    this.config = config;
    this.temperature = Checks.positive("invp.temperature", config.getTemperature());
    Checks.momentum("invp.bank_momentum", config.getBankMomentum());
    Checks.atLeast("invp.k", config.getK(), 1);
    Checks.atLeast("invp.hops", config.getHops(), 1);
    Checks.atLeast("invp.hard_positives", config.getHardPositives(), 1);
    Checks.atLeast("invp.background", config.getBackground(), 0);
    Checks.atLeast("invp.invariance_weight", config.getInvarianceWeight(), 0);
    Checks.atLeast("invp.start_epoch", config.getStartEpoch(), 0);
    Checks.atLeast("invp.nearest", config.getNearest(), 1);
    Checks.atLeast("invp.max_positives", config.getMaxPositives(), 0);
    Checks.enumsAreSet(config, "invp");
    this.usesNearest = config.getPositives() == PositiveSource.POSITIVE_SOURCE_NEAREST;
    if (config.getInvarianceWeight() == 0) {
      unread("invariance_weight = 0", OF_INVARIANCE);
    }
    checkSource();
    checkForm();
    if (config.getSelection() == PositiveChoice.POSITIVE_CHOICE_ALL) {
      unread("selection = all", "hard_positives");
    }
    if (config.getRamp() == InvarianceRamp.INVARIANCE_RAMP_CONSTANT) {
      unread("ramp = constant", "start_epoch");
    }
  }

  private void checkSource() {
    if (config.getFromPositiveSet()) {
      unread(
          "from_positive_set",
          "k",
          "hops",
          "discovery",
          "refresh",
          "positives",
          "nearest",
          "max_positives");
    } else if (usesNearest) {
      unread("positives = nearest", "k", "hops", "discovery", "max_positives");
    } else {
      unread("positives = graph", "nearest");
    }
  }

  private void checkForm() {
    boolean isReference = config.getForm() == InvarianceForm.INVARIANCE_FORM_REFERENCE;
    if (isReference
        && config.getInvarianceBackground() == InvarianceBackground.INVARIANCE_BACKGROUND_EXACT) {
      throw new IllegalArgumentException(
          "invp.invariance_background is exact, valid with invp.form = reference are without_self"
              + " and whole");
    }
    if (!isReference && isWalks()) {
      throw new IllegalArgumentException(
          "invp.discovery is walks, valid with invp.form = log_softmax is breadth_first");
    }
  }

  private void unread(String beside, String... fields) {
    Checks.unread(config, "invp", "invp." + beside, fields);
  }

  private boolean isWalks() {
    return config.getDiscovery() == PositiveDiscovery.POSITIVE_DISCOVERY_WALKS;
  }

  /** Neighbours of an example in the table. */
  private int tableWidth() {
    return usesNearest ? config.getNearest() : config.getK();
  }

  @Override
  public List<Crop> views() {
    return List.of(Crop.OF_RECIPE);
  }

  @Override
  public boolean readsPositives() {
    return config.getFromPositiveSet();
  }

  @Override
  public boolean findsPositives() {
    return config.getInvarianceWeight() > 0;
  }

  @Override
  public List<String> measures() {
    if (config.getInvarianceWeight() == 0) {
      return List.of(INSTANCE_TERM);
    }
    return config.getFromPositiveSet()
        ? List.of(INSTANCE_TERM, INVARIANCE_TERM, POSITIVES)
        : List.of(INSTANCE_TERM, INVARIANCE_TERM, POSITIVES, NeighborTable.REFRESHED);
  }

  private boolean makesGraph() {
    return config.getInvarianceWeight() > 0 && !config.getFromPositiveSet();
  }

  @Override
  public void check(int batch, int microBatches, int examples) {
    int images = batch / microBatches;
    boolean isKnown = examples < Integer.MAX_VALUE;
    if (config.getInvarianceWeight() > 0 && isKnown) {
      checkPairs(images, examples);
    }
    if (!makesGraph()) {
      return;
    }
    Checks.lessThanExamples(usesNearest ? NEAREST : K, tableWidth(), examples);
    if (isWalks() && walks() > limit()) {
      throw new IllegalArgumentException(
          "invp.hops is %d, which with invp.k = %d makes %d walks or more, valid is up to invp.max_positives, %d"
              .formatted(config.getHops(), config.getK(), walks(), limit()));
    }
    if (isKnown) {
      Checks.lookupFits(
          usesNearest ? NEAREST : "invp.max_positives", mostPositives(examples), images);
    }
  }

  /** Which rows are positives is looked up by the number of a pair. */
  private static void checkPairs(int images, int examples) {
    if ((long) images * examples > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "invp compares %d images at a time with %d examples, valid are at most %d of such pairs: more micro_batches make less of them"
              .formatted(images, examples, Integer.MAX_VALUE));
    }
  }

  private int walks() {
    return Propagation.walks(config.getK(), config.getHops());
  }

  private int limit() {
    return config.getMaxPositives() == 0 ? Integer.MAX_VALUE : config.getMaxPositives();
  }

  private int mostPositives(int examples) {
    return isWalks()
        ? walks()
        : usesNearest ? config.getNearest() : Math.min(Math.min(limit(), walks()), examples - 1);
  }

  @Override
  public List<String> advice(int epochs) {
    return config.getInvarianceWeight() > 0
            && config.getRamp() == InvarianceRamp.INVARIANCE_RAMP_STEP
        ? Checks.begins(
            "invp.start_epoch",
            config.getStartEpoch(),
            epochs,
            "no positive ever counts, and what is trained is the instance term alone")
        : List.of();
  }

  /**
   * Products with the bank, their gradient and which rows are positives, {@code [batch, examples]};
   * logits of the background and their gradient; rows of the positives that count. On the heap two
   * marks of each example for each thread that walks. Before an epoch, where the graph is renewed
   * then, the bank and a search of it in itself.
   */
  @Override
  public Cost cost(Extent extent) {
    double images = extent.images();
    double examples = extent.examples();
    double background = Background.size(config.getBackground(), extent.examples());
    Cost cost =
        Cost.of(State.bank(MEMORY_BANK, extent))
            .withStep(
                Cost.floats(config.getInvarianceWeight() > 0 ? 3 : 2, images, examples)
                    + Background.bytes(3, images, background, extent.examples()),
                2 * Cost.products(images, examples, extent.dimension()));
    if (config.getInvarianceWeight() > 0) {
      double counted = counted(extent.examples());
      cost =
          cost.withStep(
              Cost.floats(extent.dimension(), images, counted),
              2 * Cost.products(images, counted, extent.dimension()));
    }
    if (!makesGraph()) {
      return cost;
    }
    cost =
        cost.withState(State.table(NEIGHBORS, extent, tableWidth()))
            .withHeap(2 * Cost.floats(PositiveLookup.threads(), examples, 1));
    int refreshed = 0;
    // Before epoch 0 the bank is random, and is not searched.
    for (int epoch = 1; epoch < extent.epochs(); epoch++) {
      refreshed += refreshes(epoch) ? 1 : 0;
    }
    return refreshed == 0
        ? cost
        : cost.withBetween(
            EpochWork.search(extent, extent.dimension(), tableWidth(), refreshed, 0));
  }

  /** Returns the positives of an image that count; 1 where nobody but a PositiveSet knows. */
  private int counted(int examples) {
    int most = makesGraph() ? mostPositives(examples) : Integer.MAX_VALUE;
    if (config.getSelection() == PositiveChoice.POSITIVE_CHOICE_ALL) {
      return makesGraph() ? most : 1;
    }
    return Math.min(config.getHardPositives(), most);
  }

  private boolean refreshes(int epoch) {
    return config.getRefresh() == NeighborRefresh.NEIGHBOR_REFRESH_EPOCH_START && counts(epoch);
  }

  @Override
  public Operand<TFloat32> loss(TrainingStep step) {
    Operand<TFloat32> embeddings = step.encodeViews().embedding();
    MemoryBank bank = MemoryBank.declare(step);
    Background<?> background =
        Background.of(step, bank.products(embeddings), temperature, config.getBackground());
    Operand<TFloat32> loss = loss(step, bank, embeddings, background);
    bank.follow(embeddings, config.getBankMomentum());
    return loss;
  }

  private <T extends TNumber> Operand<TFloat32> loss(
      TrainingStep step, MemoryBank bank, Operand<TFloat32> embeddings, Background<T> background) {
    Ops tf = step.tf();
    InvPTerms<T> terms =
        new InvPTerms<>(tf, config, background, background.logits(bank.ownProducts(embeddings)));
    Operand<TFloat32> instance = mean(tf, terms.instance());
    step.measure(INSTANCE_TERM, instance);
    if (config.getInvarianceWeight() == 0) {
      return instance;
    }
    CountedPositives all = CountedPositives.of(tf, positives(step, bank, background));
    step.measure(POSITIVES, all.meanCount(tf));
    CountedPositives counted =
        all.chosen(tf, background.ranking(), config.getSelection(), config.getHardPositives());
    Operand<T> logits =
        background.logits(NoiseSamples.productsOfChosen(step, bank, embeddings, counted.ids()));
    Operand<TFloat32> invariance = mean(tf, terms.invariance(all, counted, logits));
    step.measure(INVARIANCE_TERM, invariance);
    Operand<TFloat32> weight =
        tf.math.mul(ramp(tf, step.epoch()), tf.constant((float) config.getInvarianceWeight()));
    return tf.math.add(instance, tf.math.mul(weight, invariance));
  }

  private static <T extends TNumber> Operand<TFloat32> mean(Ops tf, Operand<T> terms) {
    return tf.dtypes.cast(tf.math.mean(terms, tf.constant(0)), TFloat32.class);
  }

  /** Returns omega, a scalar, of the epoch as it is counted from 0; the formulas count from 1. */
  Operand<TFloat32> ramp(Ops tf, Operand<TInt32> epoch) {
    Operand<TFloat32> full = tf.constant(1f);
    if (config.getRamp() == InvarianceRamp.INVARIANCE_RAMP_CONSTANT
        || config.getStartEpoch() == 0) {
      return full;
    }
    Operand<TFloat32> start = tf.constant((float) config.getStartEpoch());
    Operand<TFloat32> number = tf.math.add(tf.dtypes.cast(epoch, TFloat32.class), full);
    if (config.getRamp() == InvarianceRamp.INVARIANCE_RAMP_STEP) {
      return tf.dtypes.cast(tf.math.greater(number, start), TFloat32.class);
    }
    Operand<TFloat32> left =
        tf.math.maximum(tf.math.sub(full, tf.math.div(number, start)), tf.constant(0f));
    return tf.math.exp(tf.math.mul(tf.constant(-RAMP_STEEPNESS), tf.math.square(left)));
  }

  private Operand<TInt32> positives(TrainingStep step, MemoryBank bank, Background<?> background) {
    if (config.getFromPositiveSet()) {
      PositiveLists lists = lists(step);
      return PositiveLookup.of(step, lists.longest(), () -> lists::of);
    }
    NeighborTable graph =
        NeighborTable.declare(step, tableWidth(), usesNearest ? 1 : config.getHops());
    if (config.getRefresh() == NeighborRefresh.NEIGHBOR_REFRESH_EACH_STEP) {
      graph.followSteps(background.nearest(tableWidth() + 1));
    } else {
      graph.followEpochs(bank.variable(), this::counts);
    }
    if (usesNearest) {
      return graph.reached(tableWidth());
    }
    return isWalks() ? graph.walkEnds() : graph.reached(limit());
  }

  private static PositiveLists lists(TrainingStep step) {
    PositiveLists lists =
        step.positives()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "invp.from_positive_set is set, but the training was given no positives"));
    if (lists.examples() != step.sizes().examples()) {
      throw new IllegalArgumentException(
          "the positives are those of %d examples, valid is the number of the training set's, %d"
              .formatted(lists.examples(), step.sizes().examples()));
    }
    return lists;
  }

  /** Returns whether the invariance term counts in an epoch, from 0. */
  private boolean counts(int epoch) {
    return config.getRamp() != InvarianceRamp.INVARIANCE_RAMP_STEP
        || epoch >= config.getStartEpoch();
  }
}
