package org.kindred.models.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.kindred.models.training.TinyTraining.INSTDISC;
import static org.kindred.models.training.TinyTraining.INVASPREAD;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kindred.models.network.NetworkSize;
import org.kindred.models.objective.Pass;
import org.kindred.models.objective.TrainingObjective;
import org.kindred.models.safetensors.NamedTensor;
import org.kindred.proto.artifact.v1.Architecture;
import org.kindred.proto.artifact.v1.Network;
import org.kindred.proto.artifact.v1.Normalize;
import org.kindred.proto.pipeline.v1.CropGroup;
import org.kindred.proto.pipeline.v1.DeepClusterV2;
import org.kindred.proto.pipeline.v1.InstDisc;
import org.kindred.proto.pipeline.v1.InstDiscLoss;
import org.kindred.proto.pipeline.v1.InvP;
import org.kindred.proto.pipeline.v1.LocalAggregation;
import org.kindred.proto.pipeline.v1.MoCo;
import org.kindred.proto.pipeline.v1.NeighborRefresh;
import org.kindred.proto.pipeline.v1.Objective;
import org.kindred.proto.pipeline.v1.PIRL;
import org.kindred.proto.pipeline.v1.Precision;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.proto.pipeline.v1.SimCLR;
import org.kindred.proto.pipeline.v1.SwAV;

/** How large a training is told to be, beside how large it is. */
final class TrainingSizeTest {

  @TempDir private Path directory;

  private static TrainingConfig training(
      PretrainConfig.Builder config, Objective objective, int examples, int viewSize) {
    return TrainingConfig.of(
        config
            .setNetwork(
                Network.newBuilder()
                    .setArchitecture(Architecture.ARCHITECTURE_RESNET18_CIFAR)
                    .setEmbeddingDimension(128))
            .setObjective(objective)
            .build(),
        Normalize.getDefaultInstance(),
        1,
        examples,
        viewSize);
  }

  private static TrainingSize size(Objective objective, int batchSize, int examples, int viewSize) {
    TrainingSize size =
        TrainingSize.of(
            training(
                PretrainConfig.newBuilder().setBatchSize(batchSize).setEpochs(10),
                objective,
                examples,
                viewSize));
    size.checkBuffers();
    return size;
  }

  @Test
  void theViewsOfAStepFitIntoABuffer() {
    int bytes = 2 * 224 * 224 * 3;
    int largest = Integer.MAX_VALUE / bytes;
    size(INVASPREAD, largest, 10_000, 224);
    assertThatThrownBy(() -> size(INVASPREAD, largest + 1, 10_000, 224))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "batch_size is 7134, valid is 2 to 7133: the 2 views of each example, of 224 x 224"
                + " pixels, must fit into 2147483647 bytes");
    size(INSTDISC, 2 * largest, 20_000, 224);
  }

  @Test
  void theMemoryBankFitsIntoABuffer() {
    size(INSTDISC, 128, 4_194_303, 32);
    assertThatThrownBy(() -> size(INSTDISC, 128, 5_000_000, 32))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "network.embedding_dimension is 128, valid is 1 to 107: the memory bank of 5000000"
                + " examples must fit into 2147483647 bytes");
    size(INVASPREAD, 128, 5_000_000, 32);
  }

  @Test
  void tablesAndFeaturesFitToo() {
    Objective nearest =
        Objective.newBuilder().setInvp(InvP.newBuilder().setK(1000).setHops(1)).build();
    assertThatThrownBy(() -> size(nearest, 64, 1_000_000, 32))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "objective invp keeps objective.neighbors, 1000000 x 1000 values of 4 bytes, valid are"
                + " at most 2147483647 bytes");
    assertThatThrownBy(() -> size(TinyTraining.INVASPREAD_NEIGHBORS, 64, 5_000_000, 32))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "objective invaspread reads 512 features of each of 5000000 examples, valid are at"
                + " most 2147483647 in all");
  }

  /** A bank of ImageNet, and what a step makes of it: four matrices of 256 x 1,281,167. */
  @Test
  void whatABankTakesIsCounted() {
    double bank = 4.0 * 1_281_167 * 128;
    double step = 4.0 * 4 * 256 * 1_281_167;
    double batches = 4.0 * 256 * 224 * 224 * 3;
    assertThat(size(INSTDISC, 256, 1_281_167, 224).memoryBytes())
        .isEqualTo(batches + 2 * bank + step);
    // A step compares two views of each image with one another.
    assertThat(size(INVASPREAD, 256, 1_281_167, 224).memoryBytes())
        .isEqualTo(2 * batches + 3.0 * 8 * 512 * 512);
  }

  /** With few noise samples their rows are looked up; with many all rows are multiplied. */
  @Test
  void noiseIsCountedAsItIsCompared() {
    int examples = 1_000_000;
    double bank = 4.0 * examples * 128;
    double batches = 4.0 * 128 * 32 * 32 * 3;
    int steps = 10 * (examples / 128);
    for (int noise : new int[] {4096, 100_000}) {
      Objective nce =
          Objective.newBuilder()
              .setInstdisc(
                  InstDisc.newBuilder()
                      .setLoss(InstDiscLoss.INST_DISC_LOSS_NCE)
                      .setNoiseSamples(noise))
              .build();
      TrainingSize size = size(nce, 128, examples, 32);
      double compared = noise == 4096 ? 128.0 * 4097 * 128 * 4 : 2 * 4.0 * 128 * examples;
      double numbersAndLogits = (4 + 3 * 8) * 128.0 * (noise + 1);
      assertThat(size.memoryBytes())
          .isEqualTo(batches + 2 * (bank + 4) + compared + numbersAndLogits);
      double network = 128.0 * steps * size.network().trainingFlops();
      double rows = noise == 4096 ? 4097 : examples;
      assertThat(size.flops() - network)
          .isCloseTo(2 * 2.0 * steps * 128 * rows * 128, within(1e-9 * network));
    }
  }

  /** What a training keeps between steps is told to the byte, and what it reports by name. */
  @ParameterizedTest
  @MethodSource("objectives")
  void stateAndMeasuresAreForetold(Objective objective) throws Exception {
    TrainingConfig config = TinyTraining.config(objective, 2);
    TrainingSize size = TrainingSize.of(config);
    try (Trainer trainer = Trainer.open(config, directory, "print");
        Snapshot snapshot = trainer.graph().snapshot()) {
      long bytes = 0;
      for (NamedTensor tensor : snapshot.tensors().values()) {
        long values = 1;
        for (int length : tensor.shape()) {
          values *= length;
        }
        bytes += 4 * values;
      }
      assertThat(size.checkpointBytes()).isEqualTo((double) bytes);
      assertThat(size.measures())
          .doesNotHaveDuplicates()
          .containsExactlyInAnyOrderElementsOf(trainer.graph().measures());
      assertThat(size.hasMemoryBank())
          .isEqualTo(snapshot.tensors().containsKey(TrainingObjective.MEMORY_BANK));
      assertThat(size.findsPositives()).isEqualTo(trainer.positivesOf().isPresent());
    }
  }

  static Stream<Objective> objectives() {
    return TinyTraining.OBJECTIVES.stream();
  }

  private static Objective swav(int size) {
    return Objective.newBuilder()
        .setSwav(
            SwAV.newBuilder()
                .addCrops(CropGroup.newBuilder().setCount(2))
                .addCrops(CropGroup.newBuilder().setCount(4).setSize(size)))
        .build();
  }

  private static TrainingSize size(Architecture architecture, Objective objective, int viewSize) {
    TrainingConfig config =
        training(PretrainConfig.newBuilder().setBatchSize(8), objective, 100, viewSize);
    return TrainingSize.of(
        new TrainingConfig(
            config.network().toBuilder().setArchitecture(architecture).build(),
            config.normalize(),
            config.objective(),
            config.optimizer(),
            config.schedule(),
            config.epochs(),
            config.batchSize(),
            config.microBatches(),
            config.checkpoints(),
            config.precision(),
            config.threads(),
            config.seed(),
            config.examples(),
            config.viewSize()));
  }

  @Test
  void theNetworkTakesEveryCrop() {
    Architecture vgg = Architecture.ARCHITECTURE_VGG16_BN;
    size(Architecture.ARCHITECTURE_RESNET18_CIFAR, swav(24), 32);
    assertThatThrownBy(() -> size(vgg, swav(24), 64))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("network.architecture is vgg16_bn, valid for larger images only");
    assertThatThrownBy(() -> size(vgg, swav(32), 64))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "network.architecture is vgg16_bn, whose weights belong to images of one size, valid"
                + " with objective swav, which has images of 32 px beside views of 64 px, are"
                + " residual networks");
    assertThatThrownBy(
            () -> size(Architecture.ARCHITECTURE_ALEXNET, TinyTraining.PIRL_OF_TWENTY, 224))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("which has images of 74 px beside views of 224 px");
    size(vgg, swav(64), 64);
    size(Architecture.ARCHITECTURE_RESNET18_CIFAR, TinyTraining.PIRL_OF_TWENTY, 32);
    assertThatThrownBy(
            () -> size(Architecture.ARCHITECTURE_RESNET18_CIFAR, TinyTraining.PIRL_OF_TWENTY, 2))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static Objective moco(boolean symmetric) {
    return Objective.newBuilder().setMoco(MoCo.newBuilder().setSymmetric(symmetric)).build();
  }

  private static double networkFlops(Objective objective) {
    return training(PretrainConfig.newBuilder().setBatchSize(128), objective, 12_800, 32)
        .passes()
        .stream()
        .mapToDouble(
            pass -> {
              NetworkSize size =
                  size(Architecture.ARCHITECTURE_RESNET18_CIFAR, objective, 32).network();
              return pass.images() * (pass.isLearned() ? size.trainingFlops() : size.flops());
            })
        .sum();
  }

  /** Keys go forward only; a symmetric step encodes each view twice. */
  @Test
  void keysHaveNoBackwardPass() {
    double image = size(moco(false), 128, 12_800, 32).network().flops();
    assertThat(networkFlops(moco(false))).isEqualTo(4 * image);
    assertThat(networkFlops(moco(true))).isEqualTo(8 * image);
    Objective simclr = Objective.newBuilder().setSimclr(SimCLR.getDefaultInstance()).build();
    assertThat(networkFlops(simclr)).isEqualTo(6 * image);
    double asymmetric = size(moco(false), 128, 12_800, 32).flops();
    assertThat(asymmetric / (10 * 12_800 * 4 * image)).isBetween(1.0, 1.001);
    assertThat(size(moco(true), 128, 12_800, 32).flops())
        .isBetween(2 * asymmetric, 2.01 * asymmetric);
    assertThat(images(moco(false))).isEqualTo(2 * 128);
    assertThat(images(moco(true))).isEqualTo(4 * 128);
    assertThat(images(Objective.newBuilder().setPirl(PIRL.getDefaultInstance()).build()))
        .isEqualTo(10 * 128);
  }

  private static int images(Objective objective) {
    return training(PretrainConfig.newBuilder().setBatchSize(128), objective, 12_800, 32)
        .imagesPerStep();
  }

  @Test
  void patchesAreAThirdOfAViewWide() {
    assertThat(
            training(PretrainConfig.newBuilder(), TinyTraining.PIRL_OF_TWENTY, 1000, 32).passes())
        .isEqualTo(List.of(new Pass(32, 1, true), new Pass(10, 9, true)));
  }

  /** k-means of 1,000,000 rows takes more heap and more work than the steps do. */
  @Test
  void whatIsDoneBetweenEpochsIsCounted() {
    int examples = 1_000_000;
    double rows = 4.0 * examples * 128;
    Objective local =
        Objective.newBuilder()
            .setLocalAggregation(
                LocalAggregation.newBuilder()
                    .setClusterings(10)
                    .setClusters(30_000)
                    .setIterations(19)
                    .setWarmupEpochs(4))
            .build();
    TrainingSize size = size(local, 128, examples, 32);
    assertThat(size.heapBytes()).isGreaterThan(rows + 10 * 4.0 * examples);
    double perEpoch = 20 * 10 * 2.0 * examples * 30_000 * 128;
    int stepsOfEpoch = examples / 128;
    double steps = stepsOfEpoch * 128.0 * (size.network().trainingFlops() + 4.0 * examples * 128);
    assertThat(size.flops()).isCloseTo(6 * perEpoch + 10 * steps, within(1e-9 * size.flops()));

    Objective clustered =
        Objective.newBuilder().setDeepclusterV2(DeepClusterV2.getDefaultInstance()).build();
    assertThat(size(clustered, 128, examples, 32).heapBytes())
        .as("the embeddings of a view, those that are clustered, tables")
        .isGreaterThan(2 * rows + 4 * 4.0 * examples);
    assertThat(size(INSTDISC, 128, examples, 32).heapBytes()).isEqualTo(4.0 * examples);

    Objective refreshed =
        Objective.newBuilder()
            .setInvp(
                InvP.newBuilder()
                    .setStartEpoch(7)
                    .setRefresh(NeighborRefresh.NEIGHBOR_REFRESH_EPOCH_START))
            .build();
    Objective followed = Objective.newBuilder().setInvp(InvP.newBuilder().setStartEpoch(7)).build();
    double searches =
        size(refreshed, 128, examples, 32).flops() - size(followed, 128, examples, 32).flops();
    assertThat(searches)
        .isCloseTo(3 * 128.0 * examples * (examples - 1.0), within(1e-6 * searches));
    assertThat(size(refreshed, 128, examples, 32).heapBytes())
        .isGreaterThan(size(followed, 128, examples, 32).heapBytes() + rows);
  }

  @Test
  void sumsOfGradientsAndHalvedMapsAreCounted() {
    PretrainConfig.Builder config = PretrainConfig.newBuilder().setBatchSize(128);
    TrainingSize whole = TrainingSize.of(training(config.clone(), INVASPREAD, 12_800, 32));
    NetworkSize network = whole.network();
    assertThat(whole.networkBytes())
        .isEqualTo(3 * 4.0 * network.parameters() + 256 * network.activationBytes());
    assertThat(
            TrainingSize.of(training(config.clone().setMicroBatches(4), INVASPREAD, 12_800, 32))
                .networkBytes())
        .isEqualTo(4 * 4.0 * network.parameters() + 64 * network.activationBytes());
    assertThat(
            TrainingSize.of(
                    training(
                        config.clone().setPrecision(Precision.PRECISION_BFLOAT16),
                        INVASPREAD,
                        12_800,
                        32))
                .networkBytes())
        .isEqualTo(3 * 4.0 * network.parameters() + 128 * network.activationBytes());
  }
}
