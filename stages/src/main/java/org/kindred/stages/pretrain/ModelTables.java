package org.kindred.stages.pretrain;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

/** Writes the tables of a Model: training curve, monitor and memory bank. */
final class ModelTables {
  private ModelTables() {}

  static List<StagedFile> write(
      StageContext<PretrainConfig> context, Trainer trainer, DatasetReader dataset)
      throws IOException {
    List<StagedFile> files = new ArrayList<>();
    files.add(curve(context, trainer));
    if (trainer.curve().stream().allMatch(epoch -> accuracy(epoch) != null)) {
      files.add(monitor(context, trainer));
    }
    Optional<NamedTensor> bank = Checkpoint.read(trainer.checkpoint()).memoryBank();
    if (bank.isPresent()) {
      files.add(memoryBank(context, bank.get(), dataset));
    }
    return files;
  }

  private static StagedFile curve(StageContext<PretrainConfig> context, Trainer trainer)
      throws IOException {
    try (Shard shard = context.staging().newShard(Tables.CURVE, 0, Tables.curve(), Map.of())) {
      TableWriter row = shard.writer();
      long step = 0;
      for (EpochRecord epoch : trainer.curve()) {
        for (float loss : epoch.losses()) {
          row.nextRow();
          row.put(0, epoch.epoch());
          row.put(1, step++);
          row.put(2, loss);
          row.put(3, (float) epoch.learningRate());
        }
      }
      return shard.finish();
    }
  }

  private static StagedFile monitor(StageContext<PretrainConfig> context, Trainer trainer)
      throws IOException {
    try (Shard shard = context.staging().newShard(Tables.MONITOR, 0, Tables.monitor(), Map.of())) {
      TableWriter row = shard.writer();
      for (EpochRecord epoch : trainer.curve()) {
        row.nextRow();
        row.put(0, epoch.epoch());
        row.put(1, accuracy(epoch).floatValue());
      }
      return shard.finish();
    }
  }

  private static Double accuracy(EpochRecord epoch) {
    return epoch.measurements().get(TrainingMonitor.ACCURACY);
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
