package org.kindred.models.objective;

import java.util.List;
import org.kindred.models.objective.Cost.State;
import org.kindred.proto.pipeline.v1.PIRL;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * PIRL (Misra and van der Maaten). Against a {@link MemoryBank} m, with the embedding of an image's
 * first view v, that of the {@link Jigsaw} of its second view t, and the bank's rows of n
 * negatives, other images drawn at random:
 *
 * <pre>
 *   h(a, y) = exp(a . y / temperature) / (exp(a . y / temperature) + sum_n exp(m_n . y / temperature))
 *   l(y)    = -ln h(m_i, y) - sum_n ln(1 - h(m_n, y))
 *   loss    = mean over the batch of lambda l(t) + (1 - lambda) l(v)
 * </pre>
 *
 * <p>Both share their negatives. The bank is constant in the gradient and follows v after the
 * optimiser.
 *
 * <p>Costs, beside products of both embeddings with the bank, the draw and the look-up of the
 * negatives: {@code batch x negatives} of each.
 */
final class PIRLObjective implements TrainingObjective {

  private static final String JIGSAW_TERM = "jigsaw_term";
  private static final String IMAGE_TERM = "image_term";

  private final PIRL config;
  private final double temperature;

  PIRLObjective(PIRL config) {
    this.config = config;
    this.temperature = Checks.positive("pirl.temperature", config.getTemperature());
    Checks.momentum("pirl.bank_momentum", config.getBankMomentum());
    Checks.atLeast("pirl.negatives", config.getNegatives(), 1);
    Checks.share(
        "pirl.jigsaw_weight", Checks.positive("pirl.jigsaw_weight", config.getJigsawWeight()));
  }

  @Override
  public List<Crop> views() {
    return List.of(Crop.OF_RECIPE, Crop.OF_RECIPE);
  }

  @Override
  public List<Pass> passes(int side) {
    return List.of(new Pass(side, 1, true), new Pass(Jigsaw.side(side), Jigsaw.PATCHES, true));
  }

  @Override
  public List<String> measures() {
    return List.of(JIGSAW_TERM, IMAGE_TERM);
  }

  @Override
  public void check(int batch, int microBatches, int examples) {
    Checks.lookupFits("pirl.negatives", config.getNegatives(), batch / microBatches);
  }

  /**
   * The negatives' numbers; of both embeddings products, logits, terms and their gradient; the
   * jigsaw's layers.
   */
  @Override
  public Cost cost(Extent extent) {
    double images = extent.images();
    Cost cost = Jigsaw.cost(extent).withState(State.bank(MEMORY_BANK, extent));
    for (int embedding = 0; embedding < 2; embedding++) {
      cost =
          NoiseSamples.withProducts(cost, extent, config.getNegatives())
              .withStep(Cost.floats(3, images, config.getNegatives()), 0);
    }
    return cost.withStep(Cost.floats(1, images, config.getNegatives()), 0);
  }

  @Override
  public Operand<TFloat32> loss(TrainingStep step) {
    Ops tf = step.tf();
    // The patches go first: the running statistics of whole images are the network's own.
    Operand<TFloat32> jigsaws = Jigsaw.embeddings(step, step.view(1));
    Operand<TFloat32> images = step.encode(step.view(0)).embedding();
    MemoryBank bank = MemoryBank.declare(step);
    Operand<TInt32> negatives = NoiseSamples.drawOthers(step, config.getNegatives());
    Operand<TFloat32> ofJigsaws = loss(step, bank, jigsaws, negatives);
    Operand<TFloat32> ofImages = loss(step, bank, images, negatives);
    step.measure(JIGSAW_TERM, ofJigsaws);
    step.measure(IMAGE_TERM, ofImages);
    bank.follow(images, config.getBankMomentum());
    float weight = (float) config.getJigsawWeight();
    return tf.math.add(
        tf.math.mul(ofJigsaws, tf.constant(weight)),
        tf.math.mul(ofImages, tf.constant(1 - weight)));
  }

  /**
   * With S the sum over the negatives, -ln h is ln(1 + S / e_i), and -ln(1 - h(m_n)) is ln(1 + e_n
   * / S): e_n counts in S too.
   */
  private Operand<TFloat32> loss(
      TrainingStep step, MemoryBank bank, Operand<TFloat32> embeddings, Operand<TInt32> negatives) {
    Ops tf = step.tf();
    Operand<TFloat32> scale = tf.constant((float) temperature);
    Operand<TFloat32> own = tf.math.div(bank.ownProducts(embeddings), scale);
    Operand<TFloat32> others =
        tf.math.div(NoiseSamples.products(step, bank, embeddings, negatives), scale);
    Operand<TFloat32> sums = LogSums.of(tf, others);
    Operand<TFloat32> attraction = tf.math.softplus(tf.math.sub(sums, own));
    Operand<TFloat32> spread =
        tf.sum(
            tf.math.softplus(tf.math.sub(others, tf.expandDims(sums, tf.constant(1)))),
            tf.constant(1));
    return tf.math.mean(tf.math.add(attraction, spread), tf.constant(0));
  }
}
