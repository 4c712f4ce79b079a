package org.kindred.stages.pretrain;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.kindred.models.optimizer.LearningRate;
import org.kindred.models.safetensors.NamedTensor;
import org.kindred.models.training.Checkpoint;
import org.kindred.models.training.EpochRecord;
import org.kindred.models.training.Trainer;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.stages.StageContext;
import org.kindred.stages.arrow.TableWriter;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.StagedFile;
import org.kindred.stages.artifact.Staging.Shard;
import org.kindred.stages.dataset.DatasetReader;

/** Writes the tables of a Model: training curve, measurements and memory bank. */
final class ModelTables {
  private ModelTables() {}

  static List<StagedFile> write(
      StageContext<PretrainConfig> context, Trainer trainer, DatasetReader dataset)
      throws IOException {
    List<StagedFile> files = new ArrayList<>();
    files.add(curve(context, trainer));
    files.add(measurements(context, trainer));
    Optional<NamedTensor> bank = Checkpoint.read(trainer.checkpoint()).memoryBank();
    if (bank.isPresent()) {
      files.add(memoryBank(context, bank.get(), dataset));
    }
    return files;
  }

  private static StagedFile curve(StageContext<PretrainConfig> context, Trainer trainer)
      throws IOException {
    PretrainConfig config = context.config();
    LearningRate learningRate =
        LearningRate.of(config.getOptimizer(), config.getSchedule(), config.getEpochs());
    try (Shard shard = context.staging().newShard(Tables.CURVE, 0, Tables.curve(), Map.of())) {
      TableWriter row = shard.writer();
      long step = 0;
      for (EpochRecord epoch : trainer.curve()) {
        for (float loss : epoch.losses()) {
          row.nextRow();
          row.put(0, epoch.epoch());
          row.put(1, step);
          row.put(2, loss);
          row.put(3, (float) learningRate.at(step, epoch.losses().size()));
          step++;
        }
      }
      return shard.finish();
    }
  }

  private static StagedFile measurements(StageContext<PretrainConfig> context, Trainer trainer)
      throws IOException {
    try (Shard shard =
        context.staging().newShard(Tables.MEASUREMENTS, 0, Tables.measurements(), Map.of())) {
      TableWriter row = shard.writer();
      for (EpochRecord epoch : trainer.curve()) {
        for (Map.Entry<String, Double> measured : epoch.measurements().entrySet()) {
          row.nextRow();
          row.put(0, epoch.epoch());
          row.put(1, measured.getKey());
          row.put(2, measured.getValue().floatValue());
        }
      }
      return shard.finish();
    }
  }

  private static StagedFile memoryBank(
      StageContext<PretrainConfig> context, NamedTensor bank, DatasetReader dataset)
      throws IOException {
    FloatBuffer values = bank.values();
    int dimension = values.remaining() / dataset.size();
    float[] vector = new float[dimension];
    Map<String, String> metadata = Map.of("normalized", "true");
    try (Shard shard =
        context.staging().newShard(Tables.MEMORY_BANK, 0, Tables.vectors(dimension), metadata)) {
      for (int i = 0; i < dataset.size(); i++) {
        values.get(vector);
        TableWriter row = shard.writer();
        row.nextRow();
        row.put(0, dataset.id(i));
        row.put(1, vector, 0);
      }
      return shard.finish();
    }
  }
}
