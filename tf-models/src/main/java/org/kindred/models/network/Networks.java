package org.kindred.models.network;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.kindred.models.network.ResNet.Stem;
import org.kindred.proto.artifact.v1.Architecture;
import org.kindred.proto.artifact.v1.Network;
import org.kindred.proto.artifact.v1.Normalize;
import org.kindred.proto.artifact.v1.Pooling;

/** The networks that a configuration can name. */
public final class Networks {

  private static final Stem SMALL_IMAGES = new Stem(3, 1, false);
  private static final Stem MIDDLING_IMAGES = new Stem(3, 2, false);
  private static final Stem LARGE_IMAGES = new Stem(7, 2, true);

  private static final List<Integer> WIDTHS = List.of(64, 128, 256, 512);
  private static final List<Integer> BLOCKS_10 = List.of(1, 1, 1, 1);
  private static final List<Integer> BLOCKS_18 = List.of(2, 2, 2, 2);
  private static final List<Integer> BLOCKS_34_50 = List.of(3, 4, 6, 3);

  /** Images with sides below leave a stem for large images too little. */
  private static final int SMALLEST_LARGE_IMAGE = 64;

  private Networks() {}

  /**
   * Returns the network of a configuration.
   *
   * @param normalize what its first layer does to the pixels
   * @throws IllegalArgumentException when a field is not set or not valid
   */
  public static EmbeddingNetwork create(Network network, Normalize normalize) {
    int dimension = network.getEmbeddingDimension();
    if (dimension < 1) {
      throw new IllegalArgumentException(
          "network.embedding_dimension is " + dimension + ", valid is 1 or more");
    }
    return new BackboneAndHead(
        normalize,
        WeightScheme.of(network.getInitialization()),
        backbone(network),
        new ProjectionHead(network.getHead(), dimension));
  }

  /** Returns what the network is before its head. */
  static Backbone backbone(Network network) {
    Pooling pooling = network.getPooling();
    if (pooling == Pooling.POOLING_UNSPECIFIED || pooling == Pooling.UNRECOGNIZED) {
      throw new IllegalArgumentException("network.pooling is not set");
    }
    return switch (network.getArchitecture()) {
      case ARCHITECTURE_RESNET10_HALF ->
          new ResNet(MIDDLING_IMAGES, times(WIDTHS, 0.5), BLOCKS_10, false, pooling);
      case ARCHITECTURE_RESNET18_CIFAR ->
          new ResNet(SMALL_IMAGES, WIDTHS, BLOCKS_18, false, pooling);
      case ARCHITECTURE_RESNET34_CIFAR ->
          new ResNet(SMALL_IMAGES, WIDTHS, BLOCKS_34_50, false, pooling);
      case ARCHITECTURE_RESNET18 -> new ResNet(LARGE_IMAGES, WIDTHS, BLOCKS_18, false, pooling);
      case ARCHITECTURE_RESNET34 -> new ResNet(LARGE_IMAGES, WIDTHS, BLOCKS_34_50, false, pooling);
      case ARCHITECTURE_RESNET50 -> new ResNet(LARGE_IMAGES, WIDTHS, BLOCKS_34_50, true, pooling);
      case ARCHITECTURE_RESNET50_W2 ->
          new ResNet(LARGE_IMAGES, times(WIDTHS, 2), BLOCKS_34_50, true, pooling);
      case ARCHITECTURE_ALEXNET -> withoutPooling(network, PlainNetwork.alexNet());
      case ARCHITECTURE_VGG16_BN -> withoutPooling(network, PlainNetwork.vgg16());
      case ARCHITECTURE_UNSPECIFIED, UNRECOGNIZED ->
          throw new IllegalArgumentException("network.architecture is not set");
    };
  }

  private static List<Integer> times(List<Integer> widths, double factor) {
    return widths.stream().map(width -> (int) (factor * width)).toList();
  }

  private static Backbone withoutPooling(Network network, Backbone backbone) {
    if (network.getPooling() != Pooling.POOLING_GLOBAL_AVERAGE) {
      throw new IllegalArgumentException(
          "network.pooling is window_7x7, valid with network.architecture %s, which averages nothing, is the default, global_average"
              .formatted(name(network.getArchitecture())));
    }
    return backbone;
  }

  /** Returns the name by which an experiment calls an architecture. */
  public static String name(Architecture architecture) {
    return architecture.name().replaceFirst("^ARCHITECTURE_", "").toLowerCase(Locale.ROOT);
  }

  /**
   * Returns what should be said of a network that meets images of a size, if anything.
   *
   * @param side height and width of its images in pixels
   * @throws IllegalArgumentException when a field of the network is not set or not valid
   */
  public static Optional<String> advice(Network network, int side) {
    return backbone(network) instanceof ResNet resNet
            && resNet.stem().equals(LARGE_IMAGES)
            && side < SMALLEST_LARGE_IMAGE
        ? Optional.of(
            "network.architecture %s halves images twice before its first block and is meant for %d px or more: of %d px it leaves little, a network such as resnet18_cifar keeps them"
                .formatted(name(network.getArchitecture()), SMALLEST_LARGE_IMAGE, side))
        : Optional.empty();
  }
}
