package org.kindred.models.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.kindred.models.training.TinyTraining.INSTDISC;
import static org.kindred.models.training.TinyTraining.INVASPREAD;

import org.junit.jupiter.api.Test;
import org.kindred.proto.artifact.v1.Architecture;
import org.kindred.proto.artifact.v1.Network;
import org.kindred.proto.artifact.v1.Normalize;
import org.kindred.proto.pipeline.v1.Objective;
import org.kindred.proto.pipeline.v1.PretrainConfig;

/** How large a training may be. */
final class TrainingConfigTest {

  private static TrainingConfig config(
      Objective objective, int batchSize, int examples, int viewSize) {
    PretrainConfig config =
        PretrainConfig.newBuilder()
            .setNetwork(
                Network.newBuilder()
                    .setArchitecture(Architecture.ARCHITECTURE_RESNET18_CIFAR)
                    .setEmbeddingDimension(128))
            .setObjective(objective)
            .setBatchSize(batchSize)
            .build();
    TrainingConfig training =
        TrainingConfig.of(config, Normalize.getDefaultInstance(), 1, examples, viewSize);
    training.checkBuffers();
    return training;
  }

  @Test
  void theViewsOfAStepFitIntoABuffer() {
    int bytes = 2 * 224 * 224 * 3;
    int largest = Integer.MAX_VALUE / bytes;
    assertThat(config(INVASPREAD, largest, 10_000, 224).batchSize()).isEqualTo(largest);
    assertThatThrownBy(() -> config(INVASPREAD, largest + 1, 10_000, 224))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "batch_size is 7134, valid is 2 to 7133: the 2 views of each example, of 224 x 224"
                + " pixels, must fit into 2147483647 bytes");
    assertThat(config(INSTDISC, 2 * largest, 20_000, 224).batchSize()).isEqualTo(2 * largest);
  }

  @Test
  void theMemoryBankFitsIntoABuffer() {
    assertThat(config(INSTDISC, 128, 4_194_303, 32).examples()).isEqualTo(4_194_303);
    assertThatThrownBy(() -> config(INSTDISC, 128, 5_000_000, 32))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "network.embedding_dimension is 128, valid is 1 to 107: the memory bank of 5000000"
                + " examples must fit into 2147483647 bytes");
    assertThat(config(INVASPREAD, 128, 5_000_000, 32).examples()).isEqualTo(5_000_000);
  }

  /** A bank of ImageNet, and what a step makes of it: four matrices of 256 x 1,281,167. */
  @Test
  void whatABankTakesIsCounted() {
    long bank = 4L * 1_281_167 * 128;
    long step = 4L * 4 * 256 * 1_281_167;
    long batches = 4L * 256 * 224 * 224 * 3;
    assertThat(config(INSTDISC, 256, 1_281_167, 224).memoryBytes())
        .isEqualTo(batches + 2 * bank + step);
    assertThat(config(INVASPREAD, 256, 1_281_167, 224).memoryBytes()).isEqualTo(2 * batches);
  }
}
