package org.kindred.stages.ingest;

import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import org.kindred.proto.artifact.v1.Dataset;
import org.kindred.proto.artifact.v1.ImageEncoding;
import org.kindred.proto.artifact.v1.Split;
import org.kindred.proto.pipeline.v1.IngestConfig;
import org.kindred.stages.SourceSize;
import org.kindred.stages.SplitCounts;
import org.kindred.stages.StageException;
import org.kindred.stages.image.ImageDecoder;
import org.kindred.stages.image.ImageRejectedException;
import org.kindred.stages.image.RgbImage;

/**
 * What a source holds, as far as its size goes.
 *
 * @param splits examples by split, in order of name
 * @param classNames class names, made up where they are not known
 * @param imageBytes mean bytes of an image as it is stored
 * @param shards how many there are
 * @param first one of them
 */
record Outline(
    List<Split> splits, List<String> classNames, double imageBytes, int shards, SourceShard first) {

  /** Images that are looked at to tell how large images are. */
  private static final int SAMPLE = 20;

  /** Outlines a source that is there; how large its images are is told by the first ones. */
  static Outline of(IngestConfig config) throws IOException {
    Source source = Source.list(config);
    SplitCounts counts = new SplitCounts();
    source.shards().forEach(shard -> shard.count(counts));
    Dataset dataset = Dataset.newBuilder().addAllSplits(counts.toList()).build();
    SourceShard first = source.shards().get(0);
    MeanSize mean = new MeanSize(config);
    first.head(SAMPLE).read(mean);
    return new Outline(
        dataset.getSplitsList(),
        source.classNames(),
        mean.images == 0 ? of(config, SourceSize.of(dataset)).imageBytes : mean.bytes / mean.images,
        source.shards().size(),
        first);
  }

  /** Measures images as they would be stored, those left out that would be refused. */
  private static final class MeanSize implements SourceShard.Sink {
    private final IngestConfig config;
    private int images;
    private double bytes;

    MeanSize(IngestConfig config) {
      this.config = config;
    }

    @Override
    public void raw(SourceShard.Origin origin, int width, int height, byte[] rgb) {
      images++;
      bytes += rgb.length;
    }

    @Override
    public void file(SourceShard.Origin origin, byte[] file) {
      try {
        RgbImage image = new ImageDecoder(config.getMaxSide(), config.getMaxPixels()).decode(file);
        boolean kept = config.getEncoding() == ImageEncoding.IMAGE_ENCODING_FILE;
        raw(origin, image.width(), image.height(), kept ? file : image.pixels());
      } catch (ImageRejectedException e) {
        reject(origin, e.getMessage());
      }
    }

    @Override
    public void reject(SourceShard.Origin origin, String reason) {
      // It takes no place in the table of examples.
    }
  }

  /** Outlines an assumed source. */
  static Outline of(IngestConfig config, SourceSize size) {
    return switch (config.getFormat()) {
      case SOURCE_FORMAT_CIFAR10_BINARY -> CifarBinary.outline(config, size);
      case SOURCE_FORMAT_IMAGE_TREE -> ImageTree.outline(config, size);
      case SOURCE_FORMAT_UNSPECIFIED, UNRECOGNIZED ->
          throw new StageException(
              "ingest.format is not set, valid are cifar10_binary, image_tree");
    };
  }

  /** Outlines an assumed source, with what its format is known for where nothing is said. */
  static Outline of(
      SourceSize size, int classes, double imageBytes, int shards, SourceShard first) {
    return new Outline(
        size.images().entrySet().stream()
            .map(
                split ->
                    Split.newBuilder()
                        .setName(split.getKey())
                        .setExamples(split.getValue())
                        .setLabelled(split.getValue())
                        .build())
            .toList(),
        IntStream.range(0, size.classes().orElse(classes))
            .mapToObj(number -> "class-" + number)
            .toList(),
        size.imageBytes().orElse(imageBytes),
        shards,
        first);
  }

  /** Returns the examples of all splits. */
  long examples() {
    return splits.stream().mapToLong(Split::getExamples).sum();
  }
}
