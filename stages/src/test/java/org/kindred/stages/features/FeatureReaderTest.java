package org.kindred.stages.features;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.FeatureTable;
import org.kindred.proto.artifact.v1.Producer;
import org.kindred.stages.StageException;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.ArtifactStore;
import org.kindred.stages.artifact.StagedFile;
import org.kindred.stages.artifact.Staging;
import org.kindred.stages.artifact.Staging.Shard;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.testing.Artifacts;
import org.kindred.stages.testing.EmbeddingSets;
import org.kindred.stages.testing.EmbeddingSets.Row;

class FeatureReaderTest {
  @TempDir Path directory;
  private ArtifactStore store;

  @BeforeEach
  void open() {
    store = ArtifactStore.open(directory.toString());
  }

  private static FeatureReader open(StoredArtifact embeddings) throws IOException {
    return FeatureReader.open(
        embeddings, embeddings.content().getEmbeddingSet().getFeatures(0), "train");
  }

  private StoredArtifact rows(long... ids) throws IOException {
    List<Row> rows = Arrays.stream(ids).mapToObj(id -> new Row(id, "train", 0, id, 1)).toList();
    return EmbeddingSets.publish(store, List.of("a"), rows);
  }

  @Test
  void idsHavePositionsWithAndWithoutGaps() throws IOException {
    try (FeatureReader dense = open(rows(5, 6, 7));
        FeatureReader sparse = open(rows(5, 7, 20))) {
      assertThat(dense.position(5)).isZero();
      assertThat(dense.position(7)).isEqualTo(2);
      assertThat(dense.position(8)).isNegative();
      assertThat(dense.position(4)).isNegative();
      assertThat(sparse.position(7)).isEqualTo(1);
      assertThat(sparse.position(20)).isEqualTo(2);
      assertThat(sparse.position(6)).isNegative();
    }
  }

  @Test
  void anIdMustNotOccurTwice() throws IOException {
    StoredArtifact twice = rows(3, 4, 4, 9);
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> open(twice))
        .withMessageEndingWith(
            ": table learned-embedding: id 4 comes after id 4, valid are ids in order, each once in"
                + " a split");
  }

  @Test
  void vectorsMustBeAsLongAsTheManifestSays() throws IOException {
    StoredArtifact artifact = rows(1, 2);
    Content.Builder content = artifact.content().toBuilder();
    content.getEmbeddingSetBuilder().getFeaturesBuilder(0).setDimension(3);
    StoredArtifact other = Artifacts.withContent(artifact, content.build());
    assertThatExceptionOfType(StageException.class)
        .isThrownBy(() -> open(other))
        .withMessageEndingWith(
            ": table learned-embedding has vectors of length 2, valid is 3, as the manifest says");
  }

  @Test
  void allShardsMustHaveVectorsOfOneLength() throws IOException {
    Staging staging = store.newStaging(ArtifactType.ARTIFACT_TYPE_EMBEDDING_SET);
    List<StagedFile> files = List.of(shard(staging, 0, 2), shard(staging, 1, 3));
    FeatureTable table = FeatureTable.newBuilder().setTable("mixed").setDimension(2).build();
    Content.Builder content = Content.newBuilder();
    content.getEmbeddingSetBuilder().addFeatures(table).setExamples(2);
    assertThatExceptionOfType(Exception.class)
        .isThrownBy(
            () -> {
              StoredArtifact mixed =
                  store.publish(
                      staging,
                      files,
                      content.build(),
                      Producer.newBuilder().setReuseKey("0".repeat(64)).build());
              open(mixed).close();
            })
        .withMessageContaining("mixed-000001.arrow")
        .withMessageContaining("FixedSizeList(3)");
  }

  private static StagedFile shard(Staging staging, int number, int dimension) throws IOException {
    try (Shard shard = staging.newShard("mixed", number, Tables.embeddings(dimension), Map.of())) {
      shard.writer().nextRow();
      shard.writer().put(0, (long) number);
      shard.writer().put(1, "train");
      shard.writer().putLabel(2, 0);
      shard.writer().put(3, new float[dimension], 0);
      return shard.finish();
    }
  }
}
