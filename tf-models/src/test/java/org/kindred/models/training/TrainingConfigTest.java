package org.kindred.models.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.kindred.models.training.TinyTraining.config;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kindred.proto.artifact.v1.Architecture;
import org.kindred.proto.artifact.v1.Normalize;
import org.kindred.proto.pipeline.v1.AnchorNeighborhoods;
import org.kindred.proto.pipeline.v1.DeepCluster;
import org.kindred.proto.pipeline.v1.DeepClusterV2;
import org.kindred.proto.pipeline.v1.InstDisc;
import org.kindred.proto.pipeline.v1.InstDiscLoss;
import org.kindred.proto.pipeline.v1.InvP;
import org.kindred.proto.pipeline.v1.LocalAggregation;
import org.kindred.proto.pipeline.v1.MoCo;
import org.kindred.proto.pipeline.v1.Objective;
import org.kindred.proto.pipeline.v1.Objective.KindCase;
import org.kindred.proto.pipeline.v1.PCL;
import org.kindred.proto.pipeline.v1.PIRL;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.proto.pipeline.v1.Triplet;

/** What can't be trained is told before anything is built. */
final class TrainingConfigTest {

  /** Batches of four, of ten images. */
  private static void assertRefused(Objective.Builder objective, String message) {
    assertRefused(objective, 1, message);
  }

  private static void assertRefused(Objective.Builder objective, int microBatches, String message) {
    assertThatThrownBy(
            () -> config(objective.build(), 1, 11, config -> config.setMicroBatches(microBatches)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  private static List<String> advice(Objective.Builder objective, int epochs) {
    return config(objective.build(), epochs).advice();
  }

  @Test
  void whatNeverBeginsIsTold() {
    assertThat(advice(TinyTraining.INVP.toBuilder(), 1))
        .containsExactly(
            "objective.invp.start_epoch is 1, and the training has 1 epochs: no positive ever"
                + " counts, and what is trained is the instance term alone");
    assertThat(advice(TinyTraining.ANCHOR_NEIGHBORHOODS.toBuilder(), 1))
        .singleElement()
        .asString()
        .startsWith("objective.anchor_neighborhoods.round_epochs is 1, and the training has 1");
    assertThat(advice(TinyTraining.LOCAL_AGGREGATION.toBuilder(), 1))
        .singleElement()
        .asString()
        .startsWith("objective.local_aggregation.warmup_epochs is 1, and the training has 1");
    assertThat(advice(TinyTraining.PCL.toBuilder(), 1))
        .singleElement()
        .asString()
        .startsWith("objective.pcl.start_epoch is 1, and the training has 1");
    Objective.Builder frozen = TinyTraining.SWAV.toBuilder();
    frozen.getSwavBuilder().setFreezeEpochs(2).getQueueBuilder().setStartEpoch(3);
    assertThat(advice(frozen, 2))
        .containsExactly(
            "objective.swav.queue.start_epoch is 3, and the training has 2 epochs: the queue is"
                + " filled, but never used",
            "objective.swav.freeze_epochs is 2, and the training has 2 epochs: the prototypes are"
                + " never learned");
    for (Objective objective : TinyTraining.OBJECTIVES) {
      assertThat(config(objective, 2).advice()).as("%s", objective).isEmpty();
    }
  }

  /** The crops of SwAV have sizes of their own. */
  @Test
  void aStemThatLeavesLittleOfSmallCropsIsTold() {
    TrainingConfig config =
        config(
            TinyTraining.SWAV,
            1,
            11,
            changed -> {
              changed.getNetworkBuilder().setArchitecture(Architecture.ARCHITECTURE_RESNET18);
              changed.getObjectiveBuilder().getSwavBuilder().clearQueue();
              return changed;
            });
    assertThat(config.advice()).hasSize(2).anyMatch(advice -> advice.contains("of 6 px"));
  }

  /** What is tried with all of these is tried with every objective. */
  @Test
  void oneOfEachKindIsAmongTheTinyTrainings() {
    assertThat(TinyTraining.OBJECTIVES.stream().map(Objective::getKindCase).distinct())
        .containsExactlyInAnyOrderElementsOf(
            Arrays.stream(KindCase.values())
                .filter(kind -> kind != KindCase.KIND_NOT_SET)
                .toList());
  }

  @Test
  void theInstanceTermAloneReadsNothingOfTheOther() {
    assertRefused(
        Objective.newBuilder().setInvp(InvP.newBuilder().setInvarianceWeight(0).setHops(2)),
        "objective.invp.hops is 2, valid with invp.invariance_weight = 0, which does not read it,"
            + " is its default, 3");
  }

  @Test
  void objectivesThatDoNotFitTheBatchAreNamed() {
    String atATime = ", the images that go through the network at a time";
    String parts = ", with two images or more in each part";
    assertRefused(
        TinyTraining.SWAV.toBuilder()
            .setSwav(
                TinyTraining.SWAV.getSwav().toBuilder()
                    .setQueue(TinyTraining.SWAV.getSwav().getQueue().toBuilder().setLength(6))),
        "objective.swav.queue.length is 6, valid is a multiple of 4" + atATime);
    assertRefused(
        Objective.newBuilder().setMoco(MoCo.newBuilder().setSplits(3)),
        "objective.moco.splits is 3, valid is a divisor of 4" + atATime + parts);
    assertRefused(
        Objective.newBuilder().setMoco(MoCo.newBuilder().setSplits(4).setQueueLength(8)),
        2,
        "objective.moco.splits is 4, valid is a divisor of 2" + atATime + parts);
    assertRefused(
        Objective.newBuilder().setMoco(MoCo.newBuilder().setQueueLength(12).setSymmetric(true)),
        "objective.moco.queue_length is 12, valid is a multiple of 8, the keys of a step");
    assertRefused(
        Objective.newBuilder()
            .setPcl(PCL.newBuilder().setQueueLength(6).addClusters(3).setOtherPrototypes(1)),
        "objective.pcl.queue_length is 6, valid is a multiple of 4, the keys of a step");
    assertRefused(
        Objective.newBuilder().setTriplet(Triplet.getDefaultInstance()),
        4,
        "batch_size over micro_batches is 1, valid with triplet is 2 or more");
  }

  @Test
  void objectivesThatWantMoreExamplesAreNamed() {
    assertRefused(
        Objective.newBuilder().setDeepclusterV2(DeepClusterV2.newBuilder().setPrototypes(9)),
        "objective.deepcluster_v2.prototypes is 9, valid is 2 to 8, the images of an epoch's"
            + " complete batches");
    assertRefused(
        Objective.newBuilder()
            .setPcl(
                PCL.newBuilder()
                    .setQueueLength(8)
                    .addAllClusters(List.of(3, 11))
                    .setOtherPrototypes(1)),
        "objective.pcl.clusters[1] is 11, valid is at most 10, the number of images");
    assertRefused(
        Objective.newBuilder().setDeepcluster(DeepCluster.newBuilder().setClusters(11)),
        "objective.deepcluster.clusters is 11, valid is 2 to 10, the number of images");
    assertRefused(
        Objective.newBuilder().setLocalAggregation(LocalAggregation.newBuilder().setClusters(11)),
        "objective.local_aggregation.clusters is 11, valid is 2 to 10, the number of images");
    assertRefused(
        Objective.newBuilder()
            .setAnchorNeighborhoods(AnchorNeighborhoods.newBuilder().setNeighbors(10)),
        "objective.anchor_neighborhoods.neighbors is 10, valid is 1 to 9, less than there are"
            + " images");
    assertRefused(
        Objective.newBuilder().setInvp(InvP.newBuilder().setK(10)),
        "objective.invp.k is 10, valid is 1 to 9, less than there are images");
  }

  private static TrainingConfig large(Objective.Builder objective, int batch, int examples) {
    PretrainConfig config =
        PretrainConfig.newBuilder().setObjective(objective).setBatchSize(batch).build();
    return TrainingConfig.of(config, Normalize.getDefaultInstance(), 1, examples, 32);
  }

  @Test
  void numbersThatTheHostLooksUpFitIntoABuffer() {
    InstDisc.Builder nce =
        InstDisc.newBuilder()
            .setLoss(InstDiscLoss.INST_DISC_LOSS_NCE)
            .setNoiseSamples(Integer.MAX_VALUE / 4 / 128);
    assertThat(large(Objective.newBuilder().setInstdisc(nce), 128, 50_000).batchSize())
        .isEqualTo(128);
    nce.setNoiseSamples(nce.getNoiseSamples() + 1);
    assertThatThrownBy(() -> large(Objective.newBuilder().setInstdisc(nce), 128, 50_000))
        .hasMessage(
            "objective.instdisc.noise_samples is 4194304, valid is 1 to 4194303: those of the 128"
                + " images that go through the network at a time must fit into a buffer of"
                + " 2147483647 bytes");
    assertThatThrownBy(
            () ->
                large(
                    Objective.newBuilder().setPirl(PIRL.newBuilder().setNegatives(10_000_000)),
                    54,
                    50_000))
        .hasMessageStartingWith("objective.pirl.negatives is 10000000, valid is 1 to 9942053");
    assertThatThrownBy(
            () ->
                large(
                    Objective.newBuilder()
                        .setInvp(InvP.newBuilder().setMaxPositives(0).setHops(32)),
                    20_000,
                    50_000))
        .hasMessageStartingWith("objective.invp.max_positives is 49999, valid is 1 to 26843");
    assertThatThrownBy(
            () -> large(Objective.newBuilder().setInvp(InvP.getDefaultInstance()), 1024, 3_000_000))
        .hasMessageStartingWith("invp compares 1024 images at a time with 3000000 examples");
  }

  /** Before there is a data set nobody knows how many there are. */
  @Test
  void noObjectiveHasTooManyExamples() {
    for (Objective objective : TinyTraining.OBJECTIVES) {
      TrainingConfig.of(
          PretrainConfig.newBuilder().setObjective(objective).setBatchSize(8).build(),
          Normalize.getDefaultInstance(),
          1,
          Integer.MAX_VALUE,
          32);
    }
    large(
        Objective.newBuilder().setInvp(InvP.newBuilder().setMaxPositives(0).setHops(32)),
        20_000,
        Integer.MAX_VALUE);
  }
}
