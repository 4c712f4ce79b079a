package org.kindred.models.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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
    Map<String, Integer> layers = new TreeMap<>();
    layers.put("embedding", 128);
    layers.put("projection", 128);
    layers.put("pooled", 512);
    layers.put("stem", 12 * 12 * 64);
    for (int block = 1; block <= 2; block++) {
      layers.put("stage1.block" + block, 12 * 12 * 64);
      layers.put("stage2.block" + block, 8 * 8 * 128);
      layers.put("stage3.block" + block, 6 * 6 * 256);
      layers.put("stage4.block" + block, 512);
    }
    assertThat(size.layers()).isEqualTo(layers);
  }

  /** A layer costs what leads to it, and its own averaging. */
  @Test
  void layersThatAreNotAskedForAreNotCounted() {
    Network network =
        Network.newBuilder().setArchitecture(Architecture.ARCHITECTURE_RESNET10_HALF).build();
    double stem = 2 * 32.0 * 32 * 9 * 3 * 32;
    int grid = 17;
    assertThat(NetworkSize.of(network, 64, List.of("stem")).flops())
        .as("a grid of 17 x 17 of 32 channels: 9,248 values")
        .isEqualTo(stem + 2 * 32.0 * (grid * 32.0 * 32 + grid * grid * 32.0));
    NetworkSize embedding = NetworkSize.of(network, 64);
    assertThat(NetworkSize.of(network, 64, List.of("embedding", "pooled", "projection")))
        .isEqualTo(embedding);
    assertThat(NetworkSize.of(network, 64, List.of("embedding", "stem")).flops())
        .isEqualTo(embedding.flops() + 2 * 32.0 * (grid * 32.0 * 32 + grid * grid * 32.0));
    assertThat(NetworkSize.of(network, 64, List.of("stem")).parameters())
        .isEqualTo(embedding.parameters());
    assertThatThrownBy(() -> NetworkSize.of(network, 64, List.of("stage5.block1")))
        .hasMessageStartingWith("there is no layer \"stage5.block1\", valid are embedding,");
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
