package org.kindred.models.training;

import java.util.function.UnaryOperator;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;
import org.kindred.proto.artifact.v1.Architecture;
import org.kindred.proto.artifact.v1.Network;
import org.kindred.proto.artifact.v1.Normalize;
import org.kindred.proto.pipeline.v1.InstDisc;
import org.kindred.proto.pipeline.v1.InvaSpread;
import org.kindred.proto.pipeline.v1.Objective;
import org.kindred.proto.pipeline.v1.PretrainConfig;

/** A training of milliseconds: ten images of 8 x 8 pixels, batches of four. */
final class TinyTraining {

  static final Objective INVASPREAD =
      Objective.newBuilder().setInvaspread(InvaSpread.getDefaultInstance()).build();
  static final Objective INSTDISC =
      Objective.newBuilder().setInstdisc(InstDisc.getDefaultInstance()).build();

  /** Views of random pixels, a function of epoch, example and view. */
  static final BatchSource RANDOM_VIEWS =
      (epoch, rows, view, target) -> {
        for (int row : rows) {
          CounterRandom random = new CounterRandom(Domain.VIEW, 5, epoch, row, view);
          for (int i = 0; i < 8 * 8 * 3; i++) {
            target.put((byte) random.nextInt());
          }
        }
      };

  static final TrainingListener SILENT = new TrainingListener() {};

  private TinyTraining() {}

  static TrainingConfig config(
      Objective objective, int epochs, long seed, UnaryOperator<PretrainConfig.Builder> change) {
    PretrainConfig.Builder config =
        PretrainConfig.newBuilder()
            .setNetwork(
                Network.newBuilder()
                    .setArchitecture(Architecture.ARCHITECTURE_RESNET10_HALF)
                    .setEmbeddingDimension(8))
            .setObjective(objective)
            .setEpochs(epochs)
            .setBatchSize(4);
    return TrainingConfig.of(
        change.apply(config).build(), Normalize.getDefaultInstance(), seed, 10, 8);
  }

  static TrainingConfig config(Objective objective, int epochs) {
    return config(objective, epochs, 11, UnaryOperator.identity());
  }
}
