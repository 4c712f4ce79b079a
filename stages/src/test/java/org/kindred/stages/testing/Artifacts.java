package org.kindred.stages.testing;

import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.DataFile;
import org.kindred.stages.arrow.MappedTable;
import org.kindred.stages.artifact.StoredArtifact;

/** Looks into artifacts. */
public final class Artifacts {

  private Artifacts() {}

  /** Reads something of a table. */
  public static <T> T read(StoredArtifact artifact, String table, Function<MappedTable, T> reader)
      throws IOException {
    try (MappedTable mapped = MappedTable.open(artifact.localTable(table))) {
      return reader.apply(mapped);
    }
  }

  /** Returns a column of 64-bit integers. */
  public static long[] longs(StoredArtifact artifact, String table, String column)
      throws IOException {
    return read(artifact, table, mapped -> mapped.longs(column));
  }

  /** Returns a column of 32-bit integers, -1 for null. */
  public static int[] ints(StoredArtifact artifact, String table, String column)
      throws IOException {
    return read(artifact, table, mapped -> mapped.ints(column));
  }

  /** Returns a column of texts. */
  public static String[] strings(StoredArtifact artifact, String table, String column)
      throws IOException {
    return read(artifact, table, mapped -> mapped.strings(column));
  }

  /** Returns all rows of the column {@code vector}. */
  public static float[] vectors(StoredArtifact artifact, String table) throws IOException {
    return read(
        artifact,
        table,
        mapped -> {
          int rows = Math.toIntExact(mapped.rows());
          float[] vectors = new float[rows * mapped.width("vector")];
          mapped.copyFloats("vector", 0, rows, vectors, 0);
          return vectors;
        });
  }

  /** Returns an artifact whose manifest says otherwise than its files were made. */
  public static StoredArtifact withContent(StoredArtifact artifact, Content content) {
    return new StoredArtifact(
        artifact.files(),
        artifact.location(),
        artifact.manifest().toBuilder().setContent(content).build());
  }

  /** Returns the SHA-256 of every data file by path. */
  public static Map<String, String> files(StoredArtifact artifact) {
    Map<String, String> digests = new TreeMap<>();
    for (DataFile file : artifact.content().getFilesList()) {
      digests.put(file.getPath(), file.getSha256());
    }
    return digests;
  }
}
