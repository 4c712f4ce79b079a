package org.kindred.stages.pretrain;

import java.util.Locale;
import java.util.Map;
import org.kindred.models.network.NetworkSize;
import org.kindred.models.network.Networks;
import org.kindred.models.training.TrainingConfig;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.Layer;
import org.kindred.proto.artifact.v1.Model;
import org.kindred.proto.artifact.v1.Split;
import org.kindred.proto.pipeline.v1.Precision;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.stages.Estimate;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.arrow.TableSize;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.dataset.DatasetReader;

/** How large a training is. */
final class TrainingEstimate {
  /** Of ResNet-18 on 32 x 32 pixels, at 55.7 images/s of two processors: README, Measured. */
  private static final double FLOAT32_PER_CORE_SECOND = 9.3e10;

  /** The same at 37.6 images/s. */
  private static final double BFLOAT16_PER_CORE_SECOND = 6.3e10;

  /** A loss in a checkpoint, as JSON. */
  private static final double LOSS_BYTES = 10;

  /** Length of a measurement's name, in the mean. */
  private static final double MEASURE_BYTES = 12;

  private TrainingEstimate() {}

  static Estimate of(StageContext<PretrainConfig> context, Split split) {
    PretrainConfig config = context.config();
    int examples = Math.toIntExact(split.getExamples());
    TrainingConfig training;
    NetworkSize network;
    try {
      training = PretrainStage.training(context, examples);
      network = NetworkSize.of(config.getNetwork(), training.viewSize());
    } catch (IllegalArgumentException e) {
      throw new StageException("pretrain." + e.getMessage(), e);
    }
    int watched = HoldOut.images(config.getMonitor(), Math.toIntExact(split.getLabelled()));
    int collapse = CollapseWatch.count(config, examples);
    double curve = LOSS_BYTES * training.steps();
    Estimate.Builder estimate =
        Estimate.of((double) training.steps() * training.batchSize())
            .table(
                TableSize.of(
                    Tables.CURVE, Tables.curve(), training.steps(), training.steps(), Map.of()))
            .otherBytes(training.checkpointBytes(network) + curve)
            .otherBytes((double) Float.BYTES * (network.parameters() + network.statistics()))
            .flops(training.flops(network))
            .flops((double) config.getEpochs() * (watched + 3.0 * collapse) * network.flops())
            .holds(
                DatasetReader.heapBytes(
                    examples,
                    context.input(PretrainStage.DATASET).content().getDataset().getExamples()))
            .holds((double) training.memoryBytes() + training.networkBytes(network));
    int measures = (watched > 0 ? 1 : 0) + (collapse > 1 ? CollapseWatch.MEASURES : 0);
    if (measures > 0) {
      // What the objective reports comes on top of it.
      long measured = (long) measures * config.getEpochs();
      estimate.table(
          TableSize.of(
              Tables.MEASUREMENTS,
              Tables.measurements(),
              measured,
              measured,
              Map.of("measure", MEASURE_BYTES)));
    }
    if (training.hasMemoryBank()) {
      int dimension = config.getNetwork().getEmbeddingDimension();
      estimate.table(
          TableSize.of(
              Tables.MEMORY_BANK, Tables.vectors(dimension), examples, examples, Map.of()));
    }
    estimate.oneTask(1);
    Networks.advice(config.getNetwork(), training.viewSize()).ifPresent(estimate::note);
    if (curve > Integer.MAX_VALUE) {
      estimate.note(
          String.format(
              Locale.ROOT,
              "the losses of %,d steps stand in a checkpoint as one text, which can't have their"
                  + " %.1f GB",
              training.steps(),
              curve / 1e9));
    }
    boolean bfloat16 = config.getPrecision() == Precision.PRECISION_BFLOAT16;
    return estimate.byFlops(
        content(context, training, network),
        bfloat16 ? BFLOAT16_PER_CORE_SECOND : FLOAT32_PER_CORE_SECOND);
  }

  private static Content content(
      StageContext<PretrainConfig> context, TrainingConfig training, NetworkSize network) {
    Model.Builder model =
        Model.newBuilder()
            .setNetwork(training.network())
            .setEvaluationRecipe(PretrainStage.evaluationRecipe(context.config()))
            .setParameters(network.parameters())
            .setSeed(context.seed());
    network
        .layers()
        .forEach(
            (name, dimension) ->
                model.addLayers(Layer.newBuilder().setName(name).setDimension(dimension)));
    return Content.newBuilder().setModel(model).build();
  }
}
