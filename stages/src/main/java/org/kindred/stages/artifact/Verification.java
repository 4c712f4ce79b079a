package org.kindred.stages.artifact;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Objects;
import org.kindred.proto.artifact.v1.Artifact;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.DataFile;
import org.kindred.stages.arrow.MappedTable;

/**
 * Compares an artifact with its manifest: size and SHA-256 of every file; name, type, rows and
 * columns of every table.
 */
final class Verification {
  private Verification() {}

  /**
   * Returns one line for each problem.
   *
   * @param digest the artifact that should be at the location
   */
  static List<String> problems(StoreFiles files, String location, String digest) {
    Artifact manifest;
    String path = location + "/" + StoredArtifact.MANIFEST;
    try {
      manifest = Manifests.read(ArtifactStore.readAll(files, path), path);
    } catch (ArtifactException e) {
      return List.of(e.getMessage());
    } catch (IOException e) {
      return List.of("unreadable: %s: %s".formatted(path, e.getMessage()));
    }
    if (!manifest.getDigest().equals(digest)) {
      return List.of(
          "damaged: %s is of artifact %s, not %s".formatted(path, manifest.getDigest(), digest));
    }
    Content content = manifest.getContent();
    return content.getFilesList().parallelStream()
        .map(file -> fileProblem(files, location, file, content))
        .filter(Objects::nonNull)
        .toList();
  }

  private static String fileProblem(
      StoreFiles files, String location, DataFile file, Content content) {
    String path = location + "/" + file.getPath();
    try {
      long size = files.size(path);
      if (size < 0) {
        return "missing: " + path;
      }
      if (size != file.getBytes()) {
        return "damaged: %s has %d bytes, the manifest says %d"
            .formatted(path, size, file.getBytes());
      }
      String digest;
      try (InputStream in = files.open(path)) {
        digest = Digests.of(in);
      }
      if (!digest.equals(file.getSha256())) {
        return "damaged: %s has SHA-256 %s, the manifest says %s"
            .formatted(path, digest, file.getSha256());
      }
      return file.getTable().isEmpty() ? null : tableProblem(files, path, file, content);
    } catch (NoSuchFileException e) {
      return "missing: " + path;
    } catch (IOException | RuntimeException e) {
      return "unreadable: %s: %s".formatted(path, e.getMessage());
    }
  }

  private static String tableProblem(StoreFiles files, String path, DataFile file, Content content)
      throws IOException {
    try (MappedTable table = MappedTable.open(List.of(files.local(path)))) {
      String name = table.metadata().get(MappedTable.TABLE_KEY);
      if (!file.getTable().equals(name)) {
        return "damaged: %s holds table \"%s\", the manifest says \"%s\""
            .formatted(path, name, file.getTable());
      }
      String type = table.metadata().get(MappedTable.TYPE_KEY);
      String expectedType = Manifests.typeName(Manifests.type(content));
      if (!expectedType.equals(type)) {
        return "damaged: %s is of type %s, the manifest says %s"
            .formatted(path, type, expectedType);
      }
      if (table.rows() != file.getRows()) {
        return "damaged: %s has %d rows, the manifest says %d"
            .formatted(path, table.rows(), file.getRows());
      }
      return TableColumns.otherThan(table.columns(), name, content)
          .map(
              expected ->
                  "damaged: %s has columns %s, by the manifest %s"
                      .formatted(path, table.columns(), expected))
          .orElse(null);
    }
  }
}
