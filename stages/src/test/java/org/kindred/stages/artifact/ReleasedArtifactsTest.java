package org.kindred.stages.artifact;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.DataFile;
import org.kindred.stages.arrow.MappedTable;

/**
 * Artifacts that released versions of the schema have made stay readable: every directory below
 * {@code testdata/artifacts/VERSION} is one.
 */
final class ReleasedArtifactsTest {
  private static final Path RELEASED = Path.of(System.getProperty("kindred.testdata"), "artifacts");

  @TempDir private Path empty;

  static List<Path> artifacts() throws IOException {
    try (Stream<Path> paths = Files.walk(RELEASED, 2)) {
      return paths
          .filter(path -> Files.exists(path.resolve(StoredArtifact.MANIFEST)))
          .sorted()
          .toList();
    }
  }

  @ParameterizedTest
  @MethodSource("artifacts")
  void isWholeAndReadable(Path directory) throws IOException {
    ArtifactStore store = ArtifactStore.open(empty.toString());
    StoredArtifact artifact = store.resolve(directory.toString());
    assertThat(store.verify(artifact)).isEmpty();
    assertThat(Digests.of(artifact.content())).isEqualTo(directory.getFileName().toString());
    List<String> tables =
        artifact.content().getFilesList().stream()
            .map(DataFile::getTable)
            .filter(table -> !table.isEmpty())
            .distinct()
            .toList();
    assertThat(tables).isNotEmpty();
    for (String table : tables) {
      try (MappedTable rows = MappedTable.open(artifact.localTable(table))) {
        assertThat(rows.rows()).as(table).isEqualTo(artifact.rows(table));
      }
    }
  }

  @Test
  void everyTypeButTheModelIsThere() throws IOException {
    TreeSet<ArtifactType> types = new TreeSet<>();
    for (Path directory : artifacts()) {
      types.add(ArtifactStore.open(empty.toString()).resolve(directory.toString()).type());
    }
    // A Model is too large for testdata: its network alone has megabytes.
    TreeSet<ArtifactType> expected = new TreeSet<>(List.of(ArtifactType.values()));
    expected.removeAll(
        List.of(
            ArtifactType.ARTIFACT_TYPE_UNSPECIFIED,
            ArtifactType.UNRECOGNIZED,
            ArtifactType.ARTIFACT_TYPE_MODEL));
    assertThat(types).isEqualTo(expected);
  }
}
