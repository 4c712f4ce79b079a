package org.kindred.stages.ingest;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.kindred.proto.pipeline.v1.IngestConfig;
import org.kindred.stages.Runs;
import org.kindred.stages.Runs.Run;
import org.kindred.stages.SourceSize;
import org.kindred.stages.SplitCounts;
import org.kindred.stages.StageException;
import org.kindred.stages.artifact.StoreFiles;

/**
 * CIFAR-10's binary version: files of records of one label byte and 3,072 pixel bytes, planes of
 * red, green and blue, each 32 rows of 32 (https://www.cs.toronto.edu/~kriz/cifar.html).
 */
final class CifarBinary {
  private static final int SIDE = 32;
  private static final int PLANE = SIDE * SIDE;
  private static final int RECORD_BYTES = 1 + 3 * PLANE;
  private static final String NAMES_FILE = "batches.meta.txt";
  private static final List<String> NAMES =
      List.of(
          "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck");

  private CifarBinary() {}

  static Source list(IngestConfig config) throws IOException {
    if (!config.getList().isEmpty()) {
      throw new StageException(
          "ingest.list is \"%s\", valid only with format image_tree".formatted(config.getList()));
    }
    StoreFiles files = StoreFiles.of(config.getSource());
    String folder = files.absolute(config.getSource());
    List<String> names = files.list(folder);
    List<SourceShard> shards = new ArrayList<>();
    Fingerprint fingerprint = new Fingerprint(files);
    long id = 0;
    for (String name : names) {
      String split = split(name);
      if (split == null) {
        continue;
      }
      String path = folder + "/" + name;
      long bytes = files.size(path);
      if (bytes == 0 || bytes % RECORD_BYTES != 0) {
        throw new StageException(
            "%s has %d bytes, valid is a multiple of %d, a CIFAR-10 record's length"
                .formatted(path, bytes, RECORD_BYTES));
      }
      fingerprint.add(name, path);
      int records = (int) (bytes / RECORD_BYTES);
      for (Run run : Runs.of(records, config.getShardRows()).toList()) {
        shards.add(
            new Shard(
                shards.size(),
                files,
                path,
                name,
                split,
                run.first(),
                run.count(),
                id + run.first()));
      }
      id += records;
    }
    if (shards.isEmpty()) {
      throw new StageException(
          "ingest.source \"%s\" has no file data_batch_*.bin or test_batch.bin"
              .formatted(config.getSource()));
    }
    if (names.contains(NAMES_FILE)) {
      fingerprint.add(NAMES_FILE, folder + "/" + NAMES_FILE);
    }
    return new Source(classNames(files, folder, names), shards, fingerprint.toString());
  }

  /**
   * Returns what listing files of these images would tell, one file for each split.
   *
   * @param size of the source; has no say in what the format fixes
   */
  static Outline outline(IngestConfig config, SourceSize size) {
    int shards = 0;
    for (long images : size.images().values()) {
      shards += Runs.count(images, config.getShardRows());
    }
    StoreFiles files = StoreFiles.of(config.getSource());
    return Outline.of(
        size,
        NAMES.size(),
        3.0 * PLANE,
        shards,
        new Shard(0, files, config.getSource(), "data_batch_1.bin", "train", 0, 1, 0));
  }

  private static String split(String name) {
    if (name.matches("data_batch_\\d+\\.bin")) {
      return "train";
    }
    return name.equals("test_batch.bin") ? "test" : null;
  }

  private static List<String> classNames(StoreFiles files, String folder, List<String> names)
      throws IOException {
    if (!names.contains(NAMES_FILE)) {
      return NAMES;
    }
    try (InputStream in = files.open(folder + "/" + NAMES_FILE)) {
      List<String> lines =
          new String(in.readAllBytes(), StandardCharsets.UTF_8)
              .lines()
              .map(String::strip)
              .filter(line -> !line.isEmpty())
              .toList();
      if (lines.size() != NAMES.size()) {
        throw new StageException(
            "%s/%s names %d classes, CIFAR-10 has %d"
                .formatted(folder, NAMES_FILE, lines.size(), NAMES.size()));
      }
      return lines;
    }
  }

  private record Shard(
      int number,
      StoreFiles files,
      String path,
      String name,
      String split,
      int first,
      int count,
      long firstId)
      implements SourceShard {

    /** A file's labels are not known before it is read, but every record has one. */
    @Override
    public void count(SplitCounts splits) {
      for (int i = 0; i < count; i++) {
        splits.add(split, 0);
      }
    }

    @Override
    public SourceShard head(int records) {
      return new Shard(number, files, path, name, split, first, Math.min(count, records), firstId);
    }

    @Override
    public void read(Sink sink) throws IOException {
      try (InputStream in = new BufferedInputStream(files.open(path), 1 << 18)) {
        in.skipNBytes((long) first * RECORD_BYTES);
        byte[] rgb = new byte[3 * PLANE];
        for (int i = 0; i < count; i++) {
          byte[] record = in.readNBytes(RECORD_BYTES);
          String source = name + "#" + (first + i);
          int label = record.length == 0 ? -1 : record[0] & 0xFF;
          Origin origin = new Origin(firstId + i, split, label, source);
          if (record.length < RECORD_BYTES) {
            sink.reject(origin, "record has " + record.length + " bytes, valid is " + RECORD_BYTES);
          } else if (label >= NAMES.size()) {
            sink.reject(origin, "label is " + label + ", valid is 0 to " + (NAMES.size() - 1));
          } else {
            interleave(record, rgb);
            sink.raw(origin, SIDE, SIDE, rgb);
          }
        }
      }
    }

    private static void interleave(byte[] record, byte[] rgb) {
      for (int i = 0; i < PLANE; i++) {
        rgb[3 * i] = record[1 + i];
        rgb[3 * i + 1] = record[1 + PLANE + i];
        rgb[3 * i + 2] = record[1 + 2 * PLANE + i];
      }
    }
  }
}
