package org.kindred.models.objective;

import java.util.List;
import java.util.function.DoubleConsumer;
import org.kindred.models.objective.Cost.Kind;
import org.kindred.models.objective.Cost.State;
import org.kindred.models.tensorflow.Initializer;
import org.kindred.models.tensorflow.Variables.Variable;
import org.kindred.proto.pipeline.v1.InstDisc;
import org.kindred.proto.pipeline.v1.InstDiscLoss;
import org.kindred.proto.pipeline.v1.NormalizationConstant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;

/**
 * Instance discrimination against a {@link MemoryBank} V (Wu et al.). With the full non-parametric
 * softmax (equation 2):
 *
 * <pre>
 *   P(i | f) = exp(V_i . f / temperature) / sum_j exp(V_j . f / temperature)
 *   loss     = -1/B sum_b ln P(y_b | f_b)
 * </pre>
 *
 * <p>With noise-contrastive estimation (equations 4 to 8), m noise samples j of each image and a
 * constant Z in place of the sum:
 *
 * <pre>
 *   h(i, f) = P(i | f) / (P(i | f) + m/N + 1e-7)
 *   loss    = -1/B sum_b [ ln h(y_b, f_b) + sum_j ln(1 - h(j, f_b)) ]
 * </pre>
 *
 * <p>With the sampled softmax the sum is over the image's own row and the noise samples. The
 * proximal term adds {@code lambda/B sum_b |f_b - V_y|^2} (equation 10).
 */
final class InstDiscObjective implements TrainingObjective {

  private static final Logger LOG = LoggerFactory.getLogger(InstDiscObjective.class);

  /** Name of NCE's Z, which a training that goes on must not estimate anew. */
  static final String NCE_Z = STATE_PREFIX + "nce_z";

  private static final String NCE_Z_MEASURE = "nce_z";

  private static final double EPSILON = 1e-7;

  private final InstDisc config;
  private final double temperature;

  InstDiscObjective(InstDisc config) {
    this.config = config;
    this.temperature = Checks.positive("instdisc.temperature", config.getTemperature());
    Checks.momentum("instdisc.bank_momentum", config.getBankMomentum());
    Checks.atLeast("instdisc.noise_samples", config.getNoiseSamples(), 1);
    Checks.positive("instdisc.z_ratio", config.getZRatio());
    Checks.atLeast("instdisc.proximal_weight", config.getProximalWeight(), 0);
    if (config.getLoss() == InstDiscLoss.INST_DISC_LOSS_UNSPECIFIED
        || config.getZ() == NormalizationConstant.NORMALIZATION_CONSTANT_UNSPECIFIED) {
      throw new IllegalArgumentException("instdisc.loss and instdisc.z must be set");
    }
    checkRead();
  }

  private void checkRead() {
    switch (config.getLoss()) {
      case INST_DISC_LOSS_FULL_SOFTMAX ->
          unread("loss = full_softmax", "noise_samples", "z", "z_ratio");
      case INST_DISC_LOSS_SAMPLED_SOFTMAX -> unread("loss = sampled_softmax", "z", "z_ratio");
      default -> {
        if (config.getZ() != NormalizationConstant.NORMALIZATION_CONSTANT_FIXED) {
          unread("z taken from the first batch", "z_ratio");
        }
      }
    }
  }

  private void unread(String beside, String... fields) {
    Checks.unread(config, "instdisc", "instdisc." + beside, fields);
  }

  @Override
  public List<Crop> views() {
    return List.of(Crop.OF_RECIPE);
  }

  @Override
  public List<String> measures() {
    return estimatesZ() ? List.of(NCE_Z_MEASURE) : List.of();
  }

  private boolean estimatesZ() {
    return config.getLoss() == InstDiscLoss.INST_DISC_LOSS_NCE
        && config.getZ() != NormalizationConstant.NORMALIZATION_CONSTANT_FIXED;
  }

  @Override
  public void check(int batch, int microBatches, int examples) {
    if (config.getLoss() != InstDiscLoss.INST_DISC_LOSS_FULL_SOFTMAX) {
      Checks.lookupFits("instdisc.noise_samples", config.getNoiseSamples(), batch / microBatches);
    }
  }

  /**
   * Of the full softmax, logits, targets, softmax and its gradient, {@code [batch, examples]}; with
   * noise, its numbers, and logits and shares in 64 bits with their gradient. Products with the
   * bank, and with their gradient; the bank itself has none.
   */
  @Override
  public Cost cost(Extent extent) {
    Cost cost = Cost.of(State.bank(MEMORY_BANK, extent));
    double images = extent.images();
    double examples = extent.examples();
    if (config.getLoss() == InstDiscLoss.INST_DISC_LOSS_FULL_SOFTMAX) {
      return cost.withStep(
          Cost.floats(4, images, examples),
          2 * Cost.products(images, examples, extent.dimension()));
    }
    if (estimatesZ()) {
      cost = cost.withState(new State(NCE_Z, 1, 1, Kind.VARIABLE));
    }
    int compared = config.getNoiseSamples() + 1;
    return NoiseSamples.withProducts(cost, extent, compared)
        .withStep(Cost.floats(1, images, compared) + Cost.doubles(3, images, compared), 0);
  }

  @Override
  public Operand<TFloat32> loss(TrainingStep step) {
    Ops tf = step.tf();
    Operand<TFloat32> embeddings = step.encodeViews().embedding();
    MemoryBank bank = MemoryBank.declare(step);
    Operand<TFloat32> loss =
        switch (config.getLoss()) {
          case INST_DISC_LOSS_FULL_SOFTMAX -> fullSoftmax(step, bank, embeddings);
          case INST_DISC_LOSS_NCE -> nce(step, bank, embeddings);
          default -> sampledSoftmax(step, bank, embeddings);
        };
    if (config.getProximalWeight() > 0) {
      Operand<TFloat32> distances =
          tf.sum(tf.math.square(tf.math.sub(embeddings, bank.ownRows())), tf.constant(1));
      loss =
          tf.math.add(
              loss,
              tf.math.mul(
                  tf.math.mean(distances, tf.constant(0)),
                  tf.constant((float) config.getProximalWeight())));
    }
    bank.follow(embeddings, config.getBankMomentum());
    return loss;
  }

  private Operand<TFloat32> fullSoftmax(
      TrainingStep step, MemoryBank bank, Operand<TFloat32> embeddings) {
    return InstanceSoftmax.loss(
        step,
        step.tf().math.div(bank.products(embeddings), step.tf().constant((float) temperature)));
  }

  /**
   * Returns similarity over temperature of the own row and of the noise, {@code [batch, 1 + m]}.
   */
  private Operand<TFloat64> logits(
      TrainingStep step, MemoryBank bank, Operand<TFloat32> embeddings) {
    Ops tf = step.tf();
    Operand<TInt32> noise = NoiseSamples.draw(step, config.getNoiseSamples());
    Operand<TInt32> chosen =
        tf.concat(List.of(tf.expandDims(step.rows(), tf.constant(1)), noise), tf.constant(1));
    Operand<TFloat32> products = NoiseSamples.products(step, bank, embeddings, chosen);
    return tf.math.div(Wide.of(tf, products), tf.constant(temperature));
  }

  private Operand<TFloat32> sampledSoftmax(
      TrainingStep step, MemoryBank bank, Operand<TFloat32> embeddings) {
    Ops tf = step.tf();
    Operand<TFloat64> own = Wide.firstColumn(tf, tf.nn.logSoftmax(logits(step, bank, embeddings)));
    return Wide.narrow(tf, tf.math.neg(Wide.mean(tf, own)));
  }

  private Operand<TFloat32> nce(TrainingStep step, MemoryBank bank, Operand<TFloat32> embeddings) {
    Ops tf = step.tf();
    Operand<TFloat64> logits = logits(step, bank, embeddings);
    double noiseShare = (double) config.getNoiseSamples() / step.sizes().examples();
    Operand<TFloat64> logZ = tf.math.log(z(step, logits));
    Operand<TFloat64> logP = tf.math.sub(logits, logZ);
    // ln(P + m/N + epsilon): h is P over this, 1 - h is m/N over this.
    Operand<TFloat64> logSum =
        tf.math.log(tf.math.add(tf.math.exp(logP), tf.constant(noiseShare + EPSILON)));
    Operand<TFloat64> positive = Wide.firstColumn(tf, tf.math.sub(logP, logSum));
    Operand<TFloat64> noise = tf.math.sub(tf.constant(Math.log(noiseShare)), rest(tf, logSum));
    Operand<TFloat64> perImage = tf.math.add(positive, Wide.rowSums(tf, noise));
    return Wide.narrow(tf, tf.math.neg(Wide.mean(tf, perImage)));
  }

  /** Returns Z: what the first batch gave, or will give if this is it. */
  private Operand<TFloat64> z(TrainingStep step, Operand<TFloat64> logits) {
    Ops tf = step.tf();
    double examples = step.sizes().examples();
    Plausibility plausibility = new Plausibility(step.sizes());
    if (config.getZ() == NormalizationConstant.NORMALIZATION_CONSTANT_FIXED) {
      double fixed = config.getZRatio() * examples;
      plausibility.accept(fixed);
      return tf.constant(fixed);
    }
    Variable stored = step.variables().variable(NCE_Z, Shape.scalar(), Initializer.constant(0));
    Operand<TFloat64> counted =
        config.getZ() == NormalizationConstant.NORMALIZATION_CONSTANT_FIRST_BATCH
            ? logits
            : rest(tf, logits);
    Operand<TFloat64> estimate =
        tf.math.mul(
            tf.math.mean(tf.math.exp(tf.stopGradient(counted)), tf.constant(new int[] {0, 1})),
            tf.constant(examples));
    Operand<TFloat32> z =
        tf.select(
            tf.math.greater(stored.value(), tf.constant(0f)),
            stored.value(),
            Wide.narrow(tf, estimate));
    step.afterwards(after -> List.of(after.assignVariableOp(stored.handle(), z)));
    step.measure(NCE_Z_MEASURE, z, plausibility);
    return Wide.of(tf, z);
  }

  /** Says what Z is, and whether it can be right, once. */
  private final class Plausibility implements DoubleConsumer {
    private final double examples;
    private final double expected;
    private boolean told;

    Plausibility(TrainingStep.Sizes sizes) {
      examples = sizes.examples();
      // Of random unit rows the mean of exp(s / temperature) is about this.
      expected = examples * Math.exp(1 / (2 * sizes.dimension() * temperature * temperature));
    }

    @Override
    public void accept(double z) {
      if (told) {
        return;
      }
      told = true;
      LOG.info("NCE's Z is {}", z);
      if (z < expected / 2 || z > expected * 2) {
        LOG.warn(
            "NCE's Z is {}, but random unit rows have about {}: the objective is another with such"
                + " a Z; instdisc.z = fixed with instdisc.z_ratio = {} gives that one",
            z,
            expected,
            expected / examples);
      }
    }
  }

  private static Operand<TFloat64> rest(Ops tf, Operand<TFloat64> columns) {
    return tf.slice(columns, tf.constant(new int[] {0, 1}), tf.constant(new int[] {-1, -1}));
  }
}
