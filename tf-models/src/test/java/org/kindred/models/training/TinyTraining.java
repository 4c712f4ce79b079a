package org.kindred.models.training;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.UnaryOperator;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;
import org.kindred.proto.artifact.v1.Architecture;
import org.kindred.proto.artifact.v1.Network;
import org.kindred.proto.artifact.v1.Normalize;
import org.kindred.proto.pipeline.v1.CodeQueue;
import org.kindred.proto.pipeline.v1.CropGroup;
import org.kindred.proto.pipeline.v1.DeepClusterV2;
import org.kindred.proto.pipeline.v1.InstDisc;
import org.kindred.proto.pipeline.v1.InvaSpread;
import org.kindred.proto.pipeline.v1.MoCo;
import org.kindred.proto.pipeline.v1.Objective;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.proto.pipeline.v1.Rotation;
import org.kindred.proto.pipeline.v1.SimCLR;
import org.kindred.proto.pipeline.v1.SwAV;
import org.kindred.proto.pipeline.v1.Triplet;
import org.kindred.proto.pipeline.v1.TripletNegative;

/** A training of milliseconds: ten images of 8 x 8 pixels, batches of four. */
final class TinyTraining {

  static final Objective INVASPREAD =
      Objective.newBuilder().setInvaspread(InvaSpread.getDefaultInstance()).build();
  static final Objective INSTDISC =
      Objective.newBuilder().setInstdisc(InstDisc.getDefaultInstance()).build();

  /** Two large views and a small one. */
  private static final List<CropGroup> CROPS =
      List.of(
          CropGroup.newBuilder().setCount(2).build(),
          CropGroup.newBuilder().setCount(1).setSize(6).build());

  static final Objective SWAV =
      Objective.newBuilder()
          .setSwav(
              SwAV.newBuilder()
                  .setPrototypes(3)
                  .addAllCrops(CROPS)
                  .setQueue(CodeQueue.newBuilder().setLength(8).setStartEpoch(1))
                  .setFreezeSteps(1))
          .build();
  static final Objective DEEPCLUSTER_V2 =
      Objective.newBuilder()
          .setDeepclusterV2(
              DeepClusterV2.newBuilder().setHeads(2).setPrototypes(3).addAllCrops(CROPS))
          .build();
  static final Objective MOCO =
      Objective.newBuilder().setMoco(MoCo.newBuilder().setQueueLength(8).setSplits(2)).build();
  static final Objective SIMCLR =
      Objective.newBuilder().setSimclr(SimCLR.getDefaultInstance()).build();
  static final Objective PCL =
      Objective.newBuilder()
          .setPcl(
              org.kindred
                  .proto
                  .pipeline
                  .v1
                  .PCL
                  .newBuilder()
                  .setQueueLength(8)
                  .setStartEpoch(1)
                  .addAllClusters(List.of(3, 4))
                  .setOtherPrototypes(1))
          .build();
  static final Objective TRIPLET =
      Objective.newBuilder()
          .setTriplet(Triplet.newBuilder().setNegative(TripletNegative.TRIPLET_NEGATIVE_RANDOM))
          .build();
  static final Objective ROTATION =
      Objective.newBuilder().setRotation(Rotation.getDefaultInstance()).build();

  /** Views of random pixels, a function of epoch, example and view, and evaluation images. */
  static final BatchSource RANDOM_VIEWS =
      new BatchSource() {
        @Override
        public void fill(int epoch, int[] rows, int view, ByteBuffer target) {
          int bytes = target.remaining() / rows.length;
          for (int row : rows) {
            CounterRandom random = new CounterRandom(Domain.VIEW, 5, epoch, row, view);
            for (int i = 0; i < bytes; i++) {
              target.put((byte) random.nextInt());
            }
          }
        }

        @Override
        public void fillEvaluation(int[] rows, ByteBuffer target) {
          fill(0, rows, 0, target);
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
