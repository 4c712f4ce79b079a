package org.kindred.stages.pretrain;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.kindred.models.network.NetworkSize;
import org.kindred.models.training.TrainingConfig;
import org.kindred.models.training.TrainingSize;
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

/** How large a training is. */
final class TrainingEstimate {
  /** Of ResNet-18 on 32 x 32 pixels, at 55.7 images/s of two processors: README, Measured. */
  private static final double FLOAT32_PER_CORE_SECOND = 9.3e10;

  /** The same at 37.6 images/s. */
  private static final double BFLOAT16_PER_CORE_SECOND = 6.3e10;

  /** A loss in a checkpoint, as JSON. */
  private static final double LOSS_BYTES = 10;

  private TrainingEstimate() {}

  static Estimate of(StageContext<PretrainConfig> context, Split split) {
    PretrainConfig config = context.config();
    int examples = Math.toIntExact(split.getExamples());
    TrainingConfig training;
    TrainingSize size;
    try {
      training = PretrainStage.training(context, examples);
      size = TrainingSize.of(training);
    } catch (IllegalArgumentException e) {
      throw new StageException("pretrain." + e.getMessage(), e);
    }
    NetworkSize network = size.network();
    int labelled = Math.toIntExact(split.getLabelled());
    int watched = HoldOut.images(config.getMonitor(), labelled);
    int collapse = CollapseWatch.count(config, examples);
    double curve = LOSS_BYTES * training.steps();
    Estimate.Builder estimate =
        Estimate.of((double) training.steps() * training.batchSize())
            .table(
                TableSize.of(
                    Tables.CURVE, Tables.curve(), training.steps(), training.steps(), Map.of()))
            .otherBytes(size.checkpointBytes() + curve)
            .otherBytes((double) Float.BYTES * (network.parameters() + network.statistics()))
            .flops(size.flops())
            .flops((double) config.getEpochs() * (watched + 3.0 * collapse) * network.flops())
            .holds(PretrainStage.heapBytes(context, size, split))
            .holds(size.memoryBytes() + size.networkBytes());
    addMeasurements(estimate, measures(size, watched, collapse, labelled), config.getEpochs());
    if (size.hasMemoryBank()) {
      int dimension = config.getNetwork().getEmbeddingDimension();
      estimate.table(
          TableSize.of(
              Tables.MEMORY_BANK, Tables.vectors(dimension), examples, examples, Map.of()));
    }
    estimate.oneTask(1);
    training.advice().forEach(estimate::note);
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

  private static void addMeasurements(
      Estimate.Builder estimate, List<String> measures, int epochs) {
    if (!measures.isEmpty()) {
      long rows = (long) measures.size() * epochs;
      double nameBytes = measures.stream().mapToInt(String::length).average().orElseThrow();
      estimate.table(
          TableSize.of(
              Tables.MEASUREMENTS,
              Tables.measurements(),
              rows,
              rows,
              Map.of("measure", nameBytes)));
    }
  }

  /** Returns the names of what is measured of an epoch. */
  private static List<String> measures(TrainingSize size, int watched, int collapse, int labelled) {
    List<String> measures = new ArrayList<>(size.measures());
    if (watched > 0) {
      measures.add(TrainingMonitor.ACCURACY);
    }
    if (collapse > 1) {
      measures.addAll(CollapseWatch.MEASURES);
    }
    if (size.findsPositives() && labelled > 1) {
      measures.add(PositivePrecision.NAME);
    }
    return measures;
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
