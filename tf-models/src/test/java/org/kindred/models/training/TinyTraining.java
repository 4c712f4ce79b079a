package org.kindred.models.training;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.UnaryOperator;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;
import org.kindred.proto.artifact.v1.Architecture;
import org.kindred.proto.artifact.v1.Network;
import org.kindred.proto.artifact.v1.Normalize;
import org.kindred.proto.pipeline.v1.AnchorNeighborhoods;
import org.kindred.proto.pipeline.v1.CodeQueue;
import org.kindred.proto.pipeline.v1.CropGroup;
import org.kindred.proto.pipeline.v1.DeepCluster;
import org.kindred.proto.pipeline.v1.DeepClusterV2;
import org.kindred.proto.pipeline.v1.Exemplar;
import org.kindred.proto.pipeline.v1.InstDisc;
import org.kindred.proto.pipeline.v1.InstDiscLoss;
import org.kindred.proto.pipeline.v1.InvP;
import org.kindred.proto.pipeline.v1.InvaSpread;
import org.kindred.proto.pipeline.v1.InvarianceBackground;
import org.kindred.proto.pipeline.v1.InvarianceForm;
import org.kindred.proto.pipeline.v1.InvarianceRamp;
import org.kindred.proto.pipeline.v1.LocalAggregation;
import org.kindred.proto.pipeline.v1.MoCo;
import org.kindred.proto.pipeline.v1.NeighborRefresh;
import org.kindred.proto.pipeline.v1.Objective;
import org.kindred.proto.pipeline.v1.PIRL;
import org.kindred.proto.pipeline.v1.PositiveDiscovery;
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

  static final Objective INVASPREAD_NEIGHBORS =
      Objective.newBuilder()
          .setInvaspread(InvaSpread.newBuilder().setNeighborPositives(0.5))
          .build();
  static final Objective NCE =
      Objective.newBuilder()
          .setInstdisc(
              InstDisc.newBuilder()
                  .setLoss(InstDiscLoss.INST_DISC_LOSS_NCE)
                  .setNoiseSamples(20)
                  .setProximalWeight(0.1))
          .build();

  static final Objective INVP =
      Objective.newBuilder()
          .setInvp(InvP.newBuilder().setK(2).setHops(2).setBackground(6).setStartEpoch(1))
          .build();
  static final Objective INVP_REFERENCE =
      Objective.newBuilder()
          .setInvp(
              InvP.newBuilder()
                  .setK(2)
                  .setHops(2)
                  .setBackground(0)
                  .setRamp(InvarianceRamp.INVARIANCE_RAMP_GAUSSIAN)
                  .setStartEpoch(2)
                  .setRefresh(NeighborRefresh.NEIGHBOR_REFRESH_EPOCH_START)
                  .setDiscovery(PositiveDiscovery.POSITIVE_DISCOVERY_WALKS)
                  .setForm(InvarianceForm.INVARIANCE_FORM_REFERENCE)
                  .setInvarianceBackground(InvarianceBackground.INVARIANCE_BACKGROUND_WITHOUT_SELF))
          .build();

  static final Objective EXEMPLAR =
      Objective.newBuilder().setExemplar(Exemplar.getDefaultInstance()).build();
  static final Objective LOCAL_AGGREGATION =
      Objective.newBuilder()
          .setLocalAggregation(
              LocalAggregation.newBuilder()
                  .setTemperature(0.2)
                  .setBackground(6)
                  .setClusterings(2)
                  .setClusters(3)
                  .setWarmupEpochs(1))
          .build();
  static final Objective ANCHOR_NEIGHBORHOODS =
      Objective.newBuilder()
          .setAnchorNeighborhoods(
              AnchorNeighborhoods.newBuilder().setRoundEpochs(1).setAnchorGrowth(0.4))
          .build();
  static final Objective PIRL_OF_TWENTY =
      Objective.newBuilder()
          .setPirl(PIRL.newBuilder().setTemperature(0.2).setNegatives(20))
          .build();
  static final Objective DEEPCLUSTER =
      Objective.newBuilder()
          .setDeepcluster(DeepCluster.newBuilder().setClusters(3).setComponents(4))
          .build();

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

  /** One or more of each kind. */
  static final List<Objective> OBJECTIVES =
      List.of(
          INVASPREAD,
          INVASPREAD_NEIGHBORS,
          INSTDISC,
          NCE,
          SWAV,
          DEEPCLUSTER_V2,
          MOCO,
          SIMCLR,
          PCL,
          TRIPLET,
          ROTATION,
          INVP,
          INVP_REFERENCE,
          EXEMPLAR,
          LOCAL_AGGREGATION,
          ANCHOR_NEIGHBORHOODS,
          PIRL_OF_TWENTY,
          DEEPCLUSTER);

  /** Views of random pixels, a function of epoch, example and view, and evaluation images. */
  static final BatchSource RANDOM_VIEWS =
      new BatchSource() {
        @Override
        public void fill(int epoch, int[] rows, int view, ByteBuffer target) {
          fillOf(epoch, rows, rows, view, target);
        }

        @Override
        public void fillOf(int epoch, int[] rows, int[] images, int view, ByteBuffer target) {
          int bytes = target.remaining() / rows.length;
          for (int row = 0; row < rows.length; row++) {
            CounterRandom random =
                new CounterRandom(Domain.VIEW, 5 + images[row], epoch, rows[row], view);
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
