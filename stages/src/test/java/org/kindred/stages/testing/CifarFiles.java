package org.kindred.stages.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.kindred.proto.pipeline.v1.IngestConfig;
import org.kindred.proto.pipeline.v1.SourceFormat;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.ingest.IngestStage;

/** CIFAR-10's binary files, of made-up images. The i-th record of a file has label i modulo 10. */
public final class CifarFiles {
  private static final int SIDE = 32;
  private static final int PLANE = SIDE * SIDE;
  private static final int RECORD_BYTES = 1 + 3 * PLANE;

  private CifarFiles() {}

  /** What an image shows. */
  @FunctionalInterface
  public interface Pixels {
    /** No two records, channels, rows or columns are alike. */
    Pixels VARIED =
        (record, channel, y, x) -> 89 * record + 97 * channel + 7 * y + (5 + record) * x;

    /** Returns a value, of which the lowest 8 bits count. */
    int value(int record, int channel, int y, int x);
  }

  /** Writes a file. */
  public static Path write(Path file, int records, Pixels pixels) throws IOException {
    byte[] bytes = new byte[records * RECORD_BYTES];
    int at = 0;
    for (int record = 0; record < records; record++) {
      bytes[at++] = (byte) (record % 10);
      for (int i = 0; i < 3 * PLANE; i++) {
        bytes[at++] = (byte) pixels.value(record, i / PLANE, i % PLANE / SIDE, i % SIDE);
      }
    }
    Files.createDirectories(file.getParent());
    return Files.write(file, bytes);
  }

  /** Returns the pixels of a record as a Dataset holds them: RGB, row by row. */
  public static byte[] rgb(int record, Pixels pixels) {
    byte[] rgb = new byte[3 * PLANE];
    for (int i = 0; i < rgb.length; i++) {
      int pixel = i / 3;
      rgb[i] = (byte) pixels.value(record, i % 3, pixel / SIDE, pixel % SIDE);
    }
    return rgb;
  }

  /** Returns a configuration that reads a folder of such files. */
  public static IngestConfig.Builder config(Path folder) {
    return IngestConfig.newBuilder()
        .setSource(folder.toString())
        .setFormat(SourceFormat.SOURCE_FORMAT_CIFAR10_BINARY);
  }

  /** Makes a Dataset of so many examples in each split. */
  public static StoredArtifact dataset(
      StageRunner runner, Path folder, Map<String, Integer> examples, Pixels pixels)
      throws IOException {
    for (Map.Entry<String, Integer> split : examples.entrySet()) {
      String name = split.getKey().equals("train") ? "data_batch_1.bin" : "test_batch.bin";
      write(folder.resolve(name), split.getValue(), pixels);
    }
    return runner.run(new IngestStage(), config(folder).build());
  }
}
