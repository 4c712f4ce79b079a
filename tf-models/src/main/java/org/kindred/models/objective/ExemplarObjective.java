package org.kindred.models.objective;

import java.util.List;
import org.kindred.models.objective.Cost.Kind;
import org.kindred.models.objective.Cost.State;
import org.kindred.models.tensorflow.Initializer;
import org.kindred.models.tensorflow.Variables.Variable;
import org.kindred.proto.pipeline.v1.Exemplar;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.types.TFloat32;

/**
 * Parametric instance softmax, as Exemplar-CNN has it (Dosovitskiy et al.): every image is a class
 * of its own with a learned row w, and g is the head's output, not normalised.
 *
 * <pre>
 *   loss = -1/B sum_b ln [ exp(w_y . g_b) / sum_n exp(w_n . g_b) ]
 * </pre>
 *
 * <p>The rows are parameters: they get gradients, momentum and weight decay in every step.
 *
 * <p>Costs three products with the rows, and the optimiser's update of them.
 */
final class ExemplarObjective implements TrainingObjective {

  /** Name of the rows, {@code [examples, dimension]}. */
  static final String CLASS_WEIGHTS = STATE_PREFIX + "class_weights";

  /** Takes the configuration, which has no fields. */
  @SuppressWarnings("UnusedVariable") // Objectives are made from their configuration.
  ExemplarObjective(Exemplar config) {}

  @Override
  public List<Crop> views() {
    return List.of(Crop.OF_RECIPE);
  }

  /** Logits, targets, softmax and its gradient, {@code [batch, examples]}. */
  @Override
  public Cost cost(Extent extent) {
    double images = extent.images();
    double examples = extent.examples();
    return Cost.of(new State(CLASS_WEIGHTS, extent.examples(), extent.dimension(), Kind.LEARNED))
        .withStep(
            Cost.floats(4, images, examples),
            3 * Cost.products(images, examples, extent.dimension()));
  }

  @Override
  public Operand<TFloat32> loss(TrainingStep step) {
    int dimension = step.sizes().dimension();
    Variable weights =
        step.variables()
            .learned(
                CLASS_WEIGHTS,
                Shape.of(step.sizes().examples(), dimension),
                Initializer.uniform(1 / Math.sqrt(dimension)));
    Operand<TFloat32> projections = step.encodeViews().projection();
    return InstanceSoftmax.loss(
        step,
        step.inFloat32(
            step.tf().linalg.matMul(projections, weights.value(), MatMul.transposeB(true))));
  }
}
