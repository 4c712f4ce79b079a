package org.kindred.models.objective;

import java.util.List;
import org.kindred.proto.pipeline.v1.SimCLR;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/**
 * SimCLR (Chen et al.): NT-Xent (equation 1) over the 2B rows f of both views,
 *
 * <pre>
 *   loss = -1/2B sum_r ln [ exp(f_r . f_partner / t) / sum over c != r of exp(f_r . f_c / t) ]
 * </pre>
 *
 * <p>A row gets its gradient as an anchor and as everybody's candidate.
 */
final class SimCLRObjective implements TrainingObjective {

  private final double temperature;

  SimCLRObjective(SimCLR config) {
    this.temperature = Checks.positive("simclr.temperature", config.getTemperature());
  }

  @Override
  public List<Crop> views() {
    return List.of(Crop.OF_RECIPE, Crop.OF_RECIPE);
  }

  @Override
  public void check(int batch, int microBatches, int examples) {
    Checks.severalImages("simclr", batch / microBatches);
  }

  /** Logits, shares and their gradient in 64 bits; the gradient is that of both sides. */
  @Override
  public Cost cost(Extent extent) {
    double rows = 2.0 * extent.images();
    return Cost.NONE.withStep(
        Cost.doubles(3, rows, rows), 3 * Cost.products(rows, rows, extent.dimension()));
  }

  @Override
  public Operand<TFloat32> loss(TrainingStep step) {
    Ops tf = step.tf();
    int images = step.sizes().batch();
    Operand<TFloat64> embeddings = Wide.of(tf, step.encodeViews().embedding());
    Operand<TFloat64> logits =
        tf.math.add(
            tf.math.div(Wide.products(tf, embeddings, embeddings), tf.constant(temperature)),
            tf.math.mul(Wide.shifted(tf, 2 * images, 0), tf.constant(Wide.EXCLUDED)));
    Operand<TFloat64> ofPartners =
        tf.math.mul(tf.nn.logSoftmax(logits), Wide.shifted(tf, 2 * images, images));
    return Wide.narrow(tf, tf.math.neg(Wide.mean(tf, Wide.rowSums(tf, ofPartners))));
  }
}
