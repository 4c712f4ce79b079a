package org.kindred.models.objective;

import java.util.ArrayList;
import java.util.List;
import org.kindred.models.network.Layers;
import org.kindred.models.objective.Cost.Kind;
import org.kindred.models.objective.Cost.State;
import org.kindred.models.tensorflow.Variables.Variable;
import org.kindred.proto.pipeline.v1.SwAV;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;

/**
 * SwAV (Caron et al.): views predict one another's codes. With prototypes C, unit rows, and scores
 * S = Z C^T of the embeddings Z of V views:
 *
 * <pre>
 *   q^(a) = codes of view a, a = 0, 1               (constant; {@link Sinkhorn} of S^(a))
 *   p^(v) = softmax(S^(v) / temperature)            (equation 2)
 *   l(v, a) = -1/B sum_n sum_k q^(a)_nk ln p^(v)_nk
 *   loss  = 1/2 sum_a 1/(V-1) sum over v != a of l(v, a)
 * </pre>
 *
 * <p>as its reference implementation averages; the paper's is twice that with two views. Embeddings
 * and prototypes get their gradient through p alone. After the optimiser's update each prototype is
 * brought back to unit length, outside of any gradient; then the batch joins the {@link
 * PastEmbeddings}.
 *
 * <p>Costs, of a batch and its queue, a matrix product with the prototypes, an exponential of each
 * score and in each of Sinkhorn's iterations two products of all of them with a vector.
 */
final class SwAVObjective implements TrainingObjective {

  static final String PROTOTYPES = STATE_PREFIX + "prototypes";

  /** Followed by the number of the view. */
  static final String QUEUE = STATE_PREFIX + "queue.";

  private final SwAV config;
  private final double temperature;
  private final Sinkhorn sinkhorn;
  private final List<Crop> views;

  SwAVObjective(SwAV config) {
    this.config = config;
    this.temperature = Checks.positive("swav.temperature", config.getTemperature());
    Checks.atLeast("swav.prototypes", config.getPrototypes(), 2);
    this.sinkhorn =
        new Sinkhorn(
            Checks.positive("swav.epsilon", config.getEpsilon()),
            Checks.atLeast("swav.sinkhorn_iterations", config.getSinkhornIterations(), 1));
    this.views = MultiCrop.views("swav.crops", config.getCropsList());
    if (config.hasQueue()) {
      Checks.atLeast("swav.queue.length", config.getQueue().getLength(), 1);
      Checks.atLeast("swav.queue.start_epoch", config.getQueue().getStartEpoch(), 0);
    }
  }

  @Override
  public List<Crop> views() {
    return views;
  }

  @Override
  public List<String> measures() {
    return List.of(CODE_ENTROPY, USED_PROTOTYPES);
  }

  @Override
  public void check(int batch, int microBatches, int examples) {
    if (!config.hasQueue()) {
      // The code of one image alone shares it out over all prototypes.
      Checks.severalImages("swav without a queue", batch / microBatches);
    } else {
      Checks.queueLength(
          "swav.queue.length",
          config.getQueue().getLength(),
          batch / microBatches,
          "the images that go through the network at a time");
    }
  }

  @Override
  public List<String> advice(int epochs) {
    List<String> advice = new ArrayList<>();
    if (config.hasQueue()) {
      advice.addAll(
          Checks.begins(
              "swav.queue.start_epoch",
              config.getQueue().getStartEpoch(),
              epochs,
              "the queue is filled, but never used"));
    }
    advice.addAll(
        Checks.begins(
            "swav.freeze_epochs",
            config.getFreezeEpochs(),
            epochs,
            "the prototypes are never learned"));
    return advice;
  }

  /**
   * Predictions, targets and their gradient, and the scores of a queue, in 64 bits; products of the
   * embeddings, of the gradient with both sides, and of the queues.
   */
  @Override
  public Cost cost(Extent extent) {
    double rows = (double) views.size() * extent.images();
    int prototypes = config.getPrototypes();
    int dimension = extent.dimension();
    Cost cost =
        Cost.of(new State(PROTOTYPES, prototypes, dimension, Kind.LEARNED))
            .withStep(
                Cost.doubles(3, rows, prototypes), 3 * Cost.products(rows, prototypes, dimension));
    if (config.hasQueue()) {
      int length = config.getQueue().getLength();
      for (int view = 0; view < MultiCrop.ASSIGNED; view++) {
        cost = cost.withState(new State(QUEUE + view, length, dimension, Kind.VARIABLE));
      }
      cost =
          cost.withStep(
              Cost.doubles(1, length, prototypes),
              MultiCrop.ASSIGNED * Cost.products(length, prototypes, dimension));
    }
    return cost;
  }

  @Override
  public Operand<TFloat32> loss(TrainingStep step) {
    Ops tf = step.tf();
    int batch = step.sizes().batch();
    Variable variable = prototypes(step);
    Operand<TFloat64> prototypes = Wide.of(tf, variable.value());
    Operand<TFloat32> embeddings = step.encodeViews().embedding();
    Operand<TFloat64> scores = Wide.products(tf, Wide.of(tf, embeddings), prototypes);
    List<Operand<TFloat64>> soft = new ArrayList<>();
    for (int view = 0; view < MultiCrop.ASSIGNED; view++) {
      Operand<TFloat64> own = Wide.rows(tf, scores, view * batch, batch);
      if (config.hasQueue()) {
        PastEmbeddings past =
            PastEmbeddings.declare(step, QUEUE + view, config.getQueue().getLength());
        soft.add(past.codes(sinkhorn, own, prototypes));
        past.push(step.rows(embeddings, view * batch, batch), config.getQueue().getStartEpoch());
      } else {
        soft.add(sinkhorn.codes(tf, own));
      }
    }
    measure(step, soft);
    List<Operand<TFloat64>> codes = soft.stream().map(code -> code(tf, code)).toList();
    Operand<TFloat64> logShares = tf.nn.logSoftmax(tf.math.div(scores, tf.constant(temperature)));
    Operand<TFloat64> sum =
        tf.sum(tf.math.mul(targets(tf, codes), logShares), tf.constant(new int[] {0, 1}));
    double terms = (double) MultiCrop.ASSIGNED * (views.size() - 1) * batch;
    return Wide.narrow(tf, tf.math.div(sum, tf.constant(-terms)));
  }

  private Variable prototypes(TrainingStep step) {
    int dimension = step.sizes().dimension();
    Variable prototypes =
        step.variables()
            .learned(
                PROTOTYPES,
                Shape.of(config.getPrototypes(), dimension),
                RandomUnitRows.PROTOTYPES.of(dimension));
    step.afterStep(
        tf -> {
          Operand<TFloat32> moved = tf.readVariableOp(prototypes.handle(), TFloat32.class);
          return List.of(tf.assignVariableOp(prototypes.handle(), Layers.unitRows(tf, moved)));
        });
    Ops tf = step.tf();
    switch (config.getFreezeCase()) {
      case FREEZE_EPOCHS ->
          step.freeze(
              prototypes, tf.math.less(step.epoch(), tf.constant(config.getFreezeEpochs())));
      case FREEZE_STEPS ->
          step.freeze(
              prototypes, tf.math.less(step.number(), tf.constant(config.getFreezeSteps())));
      case FREEZE_NOT_SET -> {
        // They learn from the first step on.
      }
    }
    return prototypes;
  }

  private Operand<TFloat64> code(Ops tf, Operand<TFloat64> soft) {
    return tf.stopGradient(config.getHardCodes() ? oneHot(tf, greatest(tf, soft)) : soft);
  }

  private static Operand<TInt32> greatest(Ops tf, Operand<TFloat64> codes) {
    return tf.math.argMax(codes, tf.constant(1), TInt32.class);
  }

  private Operand<TFloat64> oneHot(Ops tf, Operand<TInt32> prototypes) {
    return tf.oneHot(
        prototypes, tf.constant(config.getPrototypes()), tf.constant(1.0), tf.constant(0.0));
  }

  /** Returns for each row of each view the sum of the codes that it predicts. */
  private Operand<TFloat64> targets(Ops tf, List<Operand<TFloat64>> codes) {
    List<Operand<TFloat64>> targets = new ArrayList<>();
    targets.add(codes.get(1));
    targets.add(codes.get(0));
    for (int view = MultiCrop.ASSIGNED; view < views.size(); view++) {
      targets.add(Wide.sum(tf, codes));
    }
    return tf.concat(targets, tf.constant(0));
  }

  /** Measures soft codes: those of one prototype alone have no entropy, collapsed or not. */
  private void measure(TrainingStep step, List<Operand<TFloat64>> codes) {
    Ops tf = step.tf();
    Operand<TFloat64> all = tf.concat(codes, tf.constant(0));
    Operand<TFloat64> logarithms =
        tf.math.log(tf.math.maximum(all, tf.constant(Double.MIN_NORMAL)));
    Operand<TFloat64> entropies = tf.math.neg(Wide.rowSums(tf, tf.math.mul(all, logarithms)));
    double greatest = Math.log(config.getPrototypes());
    step.measure(
        CODE_ENTROPY,
        Wide.narrow(tf, tf.math.div(Wide.mean(tf, entropies), tf.constant(greatest))));
    Operand<TFloat64> used = tf.reduceMax(oneHot(tf, greatest(tf, all)), tf.constant(0));
    double usable =
        Math.min(config.getPrototypes(), (double) MultiCrop.ASSIGNED * step.sizes().batch());
    step.measure(
        USED_PROTOTYPES,
        Wide.narrow(tf, tf.math.div(tf.sum(used, tf.constant(0)), tf.constant(usable))));
  }
}
