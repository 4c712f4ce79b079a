package org.kindred.models.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.kindred.proto.artifact.v1.Architecture;
import org.kindred.proto.artifact.v1.Network;

class NetworkSizeTest {

  /** Added up by hand: stem, then the stages, each with its shortcut, then the head. */
  @Test
  void countsTheOperationsOfResNet18() {
    NetworkSize size =
        NetworkSize.of(
            Network.newBuilder()
                .setArchitecture(Architecture.ARCHITECTURE_RESNET18_CIFAR)
                .setEmbeddingDimension(128)
                .build(),
            32);
    double products =
        1024.0 * 9 * 3 * 64
            + 4 * 1024.0 * 9 * 64 * 64
            + 256.0 * (9 * 64 * 128 + 64 * 128)
            + 3 * 256.0 * 9 * 128 * 128
            + 64.0 * (9 * 128 * 256 + 128 * 256)
            + 3 * 64.0 * 9 * 256 * 256
            + 16.0 * (9 * 256 * 512 + 256 * 512)
            + 3 * 16.0 * 9 * 512 * 512
            + 512.0 * 128;
    assertThat(size.flops()).isEqualTo(2 * products);
    assertThat(size.trainingFlops()).isEqualTo(6 * products);
    assertThat(size.parameters()).isEqualTo(11_168_832 + 65_664);
    assertThat(size.statistics())
        .as("two of each channel")
        .isEqualTo(2 * (5 * 64 + 5 * 128 + 5 * 256 + 5 * 512));
    assertThat(size.layers()).isEqualTo(Map.of("embedding", 128, "pooled", 512));
  }

  /** The contract's comment gives these figures. */
  @Test
  void theQuickNetworkTakesASixteenth() {
    Network.Builder network = Network.newBuilder().setEmbeddingDimension(128);
    NetworkSize half =
        NetworkSize.of(
            network.setArchitecture(Architecture.ARCHITECTURE_RESNET10_HALF).build(), 48);
    NetworkSize whole =
        NetworkSize.of(
            network.setArchitecture(Architecture.ARCHITECTURE_RESNET18_CIFAR).build(), 32);
    assertThat(half.flops() / 2).isBetween(35.5e6, 36.5e6);
    assertThat(whole.flops() / half.flops()).isBetween(15.0, 17.0);
    assertThat(half.parameters()).isEqualTo(1_226_400 + 32_896);
    assertThat(half.activationBytes()).isPositive().isLessThan(whole.activationBytes());
  }
}
