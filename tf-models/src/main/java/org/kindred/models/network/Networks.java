package org.kindred.models.network;

import java.util.List;
import org.kindred.proto.artifact.v1.Network;
import org.kindred.proto.artifact.v1.Normalize;

/** The networks that a configuration can name. */
public final class Networks {

  private Networks() {}

  /**
   * Returns the network of a configuration.
   *
   * @param normalize what its first layer does to the pixels
   * @throws IllegalArgumentException when the architecture is not set or not known
   */
  public static EmbeddingNetwork create(Network network, Normalize normalize) {
    int dimension = network.getEmbeddingDimension();
    if (dimension < 1) {
      throw new IllegalArgumentException(
          "network.embedding_dimension is " + dimension + ", valid is 1 or more");
    }
    return switch (network.getArchitecture()) {
      case ARCHITECTURE_RESNET18_CIFAR ->
          new ResNet(normalize, 1, List.of(64, 128, 256, 512), 2, dimension);
      case ARCHITECTURE_RESNET10_HALF ->
          new ResNet(normalize, 2, List.of(32, 64, 128, 256), 1, dimension);
      case ARCHITECTURE_UNSPECIFIED, UNRECOGNIZED ->
          throw new IllegalArgumentException("network.architecture is not set");
    };
  }
}
