package org.kindred.stages.pretrain;

import org.kindred.proto.artifact.v1.Architecture;
import org.kindred.proto.artifact.v1.Network;
import org.kindred.proto.pipeline.v1.InstDisc;
import org.kindred.proto.pipeline.v1.InvaSpread;
import org.kindred.proto.pipeline.v1.Objective;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.proto.pipeline.v1.RecipeConfig;

/** A training of a second: three epochs of the small network on images of 8 x 8 pixels. */
final class TinyPretraining {
  static final Objective INVASPREAD =
      Objective.newBuilder().setInvaspread(InvaSpread.getDefaultInstance()).build();
  static final Objective INSTDISC =
      Objective.newBuilder().setInstdisc(InstDisc.getDefaultInstance()).build();

  private TinyPretraining() {}

  static RecipeConfig recipe(String preset, int size) {
    return RecipeConfig.newBuilder().setPreset(preset).setSize(size).build();
  }

  static PretrainConfig.Builder config(Objective objective) {
    return PretrainConfig.newBuilder()
        .setNetwork(
            Network.newBuilder()
                .setArchitecture(Architecture.ARCHITECTURE_RESNET10_HALF)
                .setEmbeddingDimension(8))
        .setViews(recipe("A-cifar-is", 8))
        .setEvaluation(recipe("test", 8))
        .setObjective(objective)
        .setEpochs(3)
        .setBatchSize(4)
        // The size that TensorFlow's pool has in this process, whichever test came first.
        .setThreads(Runtime.getRuntime().availableProcessors());
  }
}
