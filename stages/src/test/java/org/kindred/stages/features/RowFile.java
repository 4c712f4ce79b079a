package org.kindred.stages.features;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.kindred.proto.artifact.v1.FeatureSource;
import org.kindred.stages.artifact.ArtifactStore;
import org.kindred.stages.artifact.StoredArtifact;

/**
 * Writes the learned embeddings of one split as benchmarks and their peers read rows: float32,
 * little-endian, row by row, nothing else.
 *
 * <p>Arguments: a store, an EmbeddingSet's digest or a unique prefix of it, a split, the file.
 */
final class RowFile {
  private static final int ROWS_AT_ONCE = 4096;

  private RowFile() {}

  public static void main(String[] arguments) throws IOException {
    StoredArtifact embeddings = ArtifactStore.open(arguments[0]).resolve(arguments[1]);
    try (FeatureReader features =
            FeatureReader.open(
                embeddings,
                FeatureReader.find(
                    embeddings, FeatureSource.FEATURE_SOURCE_LEARNED, "embedding", "row-file"),
                arguments[2]);
        FileChannel file =
            FileChannel.open(
                Path.of(arguments[3]), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (int first = 0; first < features.size(); first += ROWS_AT_ONCE) {
        float[] rows = features.vectors(first, Math.min(ROWS_AT_ONCE, features.size() - first));
        ByteBuffer bytes =
            ByteBuffer.allocate(Float.BYTES * rows.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(rows);
        while (bytes.hasRemaining()) {
          file.write(bytes);
        }
      }
    }
  }
}
