package org.kindred.stages.artifact;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.beam.sdk.metrics.Counter;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.DataFile;
import org.kindred.stages.arrow.MappedTable;
import org.kindred.stages.arrow.TableWriter;
import org.kindred.stages.metrics.StageMetrics;

/**
 * Where the workers of one stage in progress write data files. Each attempt at a file gets a name
 * of its own, so that a worker that is tried again, or slow and overtaken, cannot harm what another
 * wrote; the published artifact names the one that its pipeline took.
 *
 * @param files the operations that write
 * @param path the directory
 * @param type type of the artifact that is being made, which its tables tell
 */
public record Staging(StoreFiles files, String path, ArtifactType type) implements Serializable {
  private static final Counter ROWS = StageMetrics.counter("rows");
  private static final Counter BYTES = StageMetrics.counter("bytes");

  /**
   * Number of the last part that a table may have: the last one that keeps parts in order when they
   * are sorted by path.
   */
  public static final int LAST_SHARD = 999_999;

  /**
   * Starts a part of a table.
   *
   * @param table the table's name
   * @param shard number of the part, 0 to 999,999; parts are read in order of it
   * @param columns from {@link org.kindred.stages.arrow.Tables}
   * @param metadata further schema metadata
   */
  public Shard newShard(String table, int shard, List<Field> columns, Map<String, String> metadata)
      throws IOException {
    if (shard < 0 || shard > LAST_SHARD) {
      throw new IllegalArgumentException(
          "shard of table %s is %d, valid is 0 to %d".formatted(table, shard, LAST_SHARD));
    }
    Map<String, String> all = new TreeMap<>(metadata);
    all.put(MappedTable.TYPE_KEY, Manifests.typeName(type));
    Output output = new Output(String.format(Locale.ROOT, "%s-%06d.arrow", table, shard));
    return new Shard(table, output, new TableWriter(output, table, columns, all));
  }

  /**
   * Copies a local file, or every file of a local directory, to a path of the artifact.
   *
   * @throws ArtifactException if the path leads out of the artifact
   */
  public List<StagedFile> add(Path source, String target) throws IOException {
    if (!Files.isDirectory(source)) {
      Output output = new Output(target);
      try (output) {
        Files.copy(source, output);
      }
      return List.of(output.finish("", 0));
    }
    List<StagedFile> staged = new ArrayList<>();
    try (Stream<Path> entries = Files.list(source)) {
      for (Path entry : entries.sorted().toList()) {
        staged.addAll(add(entry, target + "/" + entry.getFileName()));
      }
    }
    return staged;
  }

  private static String newAttempt(String target) {
    Manifests.checkPath(target, "a stage");
    return "attempt-" + UUID.randomUUID() + "/" + target;
  }

  /** A part of a table in the making. */
  public static final class Shard implements AutoCloseable {
    private final String table;
    private final Output output;
    private final TableWriter writer;

    private Shard(String table, Output output, TableWriter writer) {
      this.table = table;
      this.output = output;
      this.writer = writer;
    }

    /** Returns what takes the rows. */
    public TableWriter writer() {
      return writer;
    }

    /** Completes the file. */
    public StagedFile finish() throws IOException {
      writer.close();
      return output.finish(table, writer.rows());
    }

    @Override
    public void close() throws IOException {
      writer.close();
    }
  }

  /** A file in the making: digests and counts what it passes on. */
  private final class Output extends FilterOutputStream {
    private final String target;
    private final String staged;
    private final MessageDigest digest = Digests.sha256();
    private long bytes;

    Output(String target) throws IOException {
      this(target, newAttempt(target));
    }

    private Output(String target, String staged) throws IOException {
      super(files.create(path + "/" + staged));
      this.target = target;
      this.staged = staged;
    }

    @Override
    public void write(int value) throws IOException {
      out.write(value);
      digest.update((byte) value);
      bytes++;
    }

    @Override
    public void write(byte[] values, int offset, int length) throws IOException {
      out.write(values, offset, length);
      digest.update(values, offset, length);
      bytes += length;
    }

    StagedFile finish(String table, long rows) {
      ROWS.inc(rows);
      BYTES.inc(bytes);
      DataFile file =
          DataFile.newBuilder()
              .setPath(target)
              .setTable(table)
              .setBytes(bytes)
              .setRows(rows)
              .setSha256(Digests.hex(digest))
              .build();
      return new StagedFile(staged, file);
    }
  }
}
