package org.kindred.stages.ingest;

import java.io.IOException;
import java.util.List;
import org.kindred.proto.pipeline.v1.IngestConfig;
import org.kindred.stages.StageException;

/**
 * A source as the submitting machine sees it: listed, not read.
 *
 * @param classNames class names; the label is the index
 * @param shards what workers read
 * @param fingerprint names, sizes and times of change of everything that is read
 */
record Source(List<String> classNames, List<SourceShard> shards, String fingerprint) {

  /**
   * Lists a source.
   *
   * @throws StageException if it is missing, empty or not of the format
   */
  static Source list(IngestConfig config) throws IOException {
    return switch (config.getFormat()) {
      case SOURCE_FORMAT_CIFAR10_BINARY -> CifarBinary.list(config);
      case SOURCE_FORMAT_IMAGE_TREE -> ImageTree.list(config);
      case SOURCE_FORMAT_UNSPECIFIED, UNRECOGNIZED ->
          throw new StageException(
              "ingest.format is not set, valid are cifar10_binary, image_tree");
    };
  }
}
