package org.kindred.stages.artifact;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.kindred.stages.artifact.SampleArtifact.PRODUCER;
import static org.kindred.stages.artifact.SampleArtifact.SMALL;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.arrow.vector.types.pojo.Field;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Clustering;
import org.kindred.proto.artifact.v1.ClusteringResult;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.DataFile;
import org.kindred.proto.artifact.v1.Dataset;
import org.kindred.proto.artifact.v1.EmbeddingSet;
import org.kindred.proto.artifact.v1.Evaluation;
import org.kindred.proto.artifact.v1.FeatureTable;
import org.kindred.proto.artifact.v1.Layer;
import org.kindred.proto.artifact.v1.Model;
import org.kindred.proto.artifact.v1.NeighborGraph;
import org.kindred.proto.artifact.v1.ViewSet;
import org.kindred.stages.arrow.Tables;

class VerificationTest {
  @TempDir Path root;
  private ArtifactStore store;
  private StoredArtifact artifact;
  private Path manifest;

  @BeforeEach
  void publish() throws IOException {
    store = ArtifactStore.open(root.toString());
    artifact = SMALL.publish(store);
    manifest = Path.of(artifact.location(), StoredArtifact.MANIFEST);
  }

  private List<Path> dataFiles() throws IOException {
    List<Path> paths = new ArrayList<>();
    for (DataFile file : artifact.content().getFilesList()) {
      paths.add(artifact.local(file));
    }
    return paths;
  }

  @Test
  void findsMissingFiles() throws IOException {
    for (Path path : dataFiles()) {
      byte[] bytes = Files.readAllBytes(path);
      Files.delete(path);
      assertThat(store.verify(artifact)).containsExactly("missing: " + path);
      Files.write(path, bytes);
    }
    Files.delete(manifest);
    assertThat(store.verify(artifact)).containsExactly("missing: " + manifest);
  }

  @Test
  void findsFilesOfAnotherSize() throws IOException {
    for (Path path : dataFiles()) {
      byte[] bytes = Files.readAllBytes(path);
      for (int length : new int[] {0, bytes.length - 1, bytes.length + 1}) {
        Files.write(path, Arrays.copyOf(bytes, length));
        assertThat(store.verify(artifact))
            .containsExactly(
                "damaged: %s has %d bytes, the manifest says %d"
                    .formatted(path, length, bytes.length));
      }
      Files.write(path, bytes);
    }
  }

  @Test
  void findsAFlippedByteAnywhere() throws IOException {
    for (Path path : dataFiles()) {
      byte[] bytes = Files.readAllBytes(path);
      int step = Math.max(1, bytes.length / 50);
      for (int position = 0; position < bytes.length; position += step) {
        byte[] flipped = bytes.clone();
        flipped[position] ^= 0x10;
        Files.write(path, flipped);
        assertThat(store.verify(artifact))
            .as("byte %d", position)
            .singleElement()
            .asString()
            .startsWith("damaged: " + path + " has SHA-256 ");
      }
      Files.write(path, bytes);
    }
    assertThat(store.verify(artifact)).isEmpty();
  }

  @Test
  void findsEveryProblemInOrder() throws IOException {
    List<Path> paths = dataFiles();
    Files.writeString(paths.get(0), "x");
    Files.delete(paths.get(2));
    assertThat(store.verify(artifact))
        .hasSize(2)
        .satisfiesExactly(
            first -> assertThat(first).contains(paths.get(0).toString()),
            second -> assertThat(second).contains(paths.get(2).toString()));
  }

  /** Whatever is changed of what the digest covers, and the digest itself. */
  @Test
  void findsAnEditedManifest() throws IOException {
    String text = Files.readString(manifest);
    Map<String, String> edits = new TreeMap<>();
    edits.put("\"examples\": \"3\"", "\"examples\": \"4\"");
    edits.put("\"rows\": \"3\"", "\"rows\": \"5\"");
    edits.put("\"table\": \"rejects\"", "\"table\": \"views\"");
    edits.put("saved_model/variables", "saved_model/constants");
    edits.put("\"sha256\": \"", "\"sha256\": \"0");
    edits.put(artifact.digest(), "0".repeat(64));
    edits.forEach(
        (from, to) -> {
          assertThat(text).contains(from);
          assertRefused(text.replace(from, to), "was changed after it was written");
        });
    assertRefused(text.replace("\"schema_version\": 1", "\"schema_version\": 2"), "version 2");
  }

  @Test
  void theProducerMayBeEdited() throws IOException {
    Files.writeString(
        manifest, Files.readString(manifest).replace("\"sample\"", "\"another stage\""));
    assertThat(store.verify(artifact)).isEmpty();
    assertThat(store.resolve(artifact.digest()).manifest().getProducer().getStage())
        .isEqualTo("another stage");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "[]",
        "{}",
        "7",
        "\"text\"",
        "{",
        "garbage",
        "{\"digest\": 1, \"digest\": 2}",
        "{\"content\": {\"schemaVersion\": \"x\"}}"
      })
  void refusesWhatIsNoManifest(String text) {
    assertRefused(text, manifest.toString());
  }

  @Test
  void refusesDeeplyNestedJson() {
    assertRefused("[".repeat(100_000), "is not a valid");
    assertRefused("{\"producer\":{\"config\":{\"a\":" + "[".repeat(100_000), "is not a valid");
  }

  @Test
  void refusesAnUnknownField() throws IOException {
    String text = Files.readString(manifest);
    assertRefused(
        text.replace("\"digest\":", "\"checksum\": \"\", \"digest\":"),
        "is not a valid kindred.artifact.v1.Artifact");
    assertRefused(
        text.replace("\"rows\":", "\"lines\": 1, \"rows\":"),
        "is not a valid kindred.artifact.v1.Artifact");
  }

  private void assertRefused(String text, String message) {
    try {
      Files.writeString(manifest, text, UTF_8);
      assertThat(store.list()).isEmpty();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    assertThat(store.verify(artifact))
        .singleElement()
        .asString()
        .startsWith(manifest.toString())
        .contains(message);
    assertThatExceptionOfType(ArtifactException.class)
        .isThrownBy(() -> store.get(artifact.digest()))
        .withMessageContaining(message);
  }

  /** Puts a manifest with a digest that is right into a place of its own. */
  private String place(Content content) throws IOException {
    String digest = Digests.of(content);
    Path location = Files.createDirectories(root.resolve("artifacts").resolve(digest));
    Files.write(
        location.resolve(StoredArtifact.MANIFEST),
        Manifests.toJson(
            artifact.manifest().toBuilder().setDigest(digest).setContent(content).build()));
    return digest;
  }

  private void assertRefused(Content content, String message) throws IOException {
    String digest = place(content);
    assertThatExceptionOfType(ArtifactException.class)
        .isThrownBy(() -> store.get(digest))
        .withMessageContaining(digest)
        .withMessageContaining(message);
  }

  @Test
  void refusesANewerOrNoSchema() throws IOException {
    Content.Builder content = artifact.content().toBuilder();
    assertRefused(
        content.setSchemaVersion(2).build(), "has schema version 2, this Kindred reads 1 to 1");
    assertRefused(
        content.setSchemaVersion(0).build(), "has schema version 0, this Kindred reads 1 to 1");
    assertRefused(artifact.content().toBuilder().clearPayload().build(), "has no payload");
  }

  @Test
  void saysThatASchemaIsNewerThoughItHasFieldsThatAreNotKnown() throws IOException {
    Path manifest = Path.of(artifact.location(), StoredArtifact.MANIFEST);
    String newer =
        Files.readString(manifest)
            .replaceFirst("\"schema_version\": 1,", "\"schema_version\": 2, \"colour\": 7,");
    assertThat(newer).contains("colour");
    Files.writeString(manifest, newer);
    assertThatExceptionOfType(ArtifactException.class)
        .isThrownBy(() -> store.get(artifact.digest()))
        .withMessageContaining("has schema version 2, this Kindred reads 1 to 1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/etc/passwd",
        "..",
        "../x",
        "a/../../x",
        "a/..",
        "./x",
        "a//b",
        "a/",
        "artifact.json",
        "artifact.json/x"
      })
  void refusesAPathOutOfTheArtifact(String path) throws IOException {
    Content.Builder content = artifact.content().toBuilder();
    content.getFilesBuilder(0).setPath(path);
    assertRefused(content.build(), "lists \"" + path + "\", valid are paths inside");
  }

  @Test
  void refusesADigestThatIsNone() throws IOException {
    for (String digest : List.of("", "0", "A".repeat(64), "0".repeat(65))) {
      Content.Builder content = artifact.content().toBuilder();
      content.getFilesBuilder(0).setSha256(digest);
      assertRefused(content.build(), "gives \"" + digest + "\" as SHA-256");
    }
  }

  @Test
  void refusesAFileTableOutOfOrder() throws IOException {
    Content content = artifact.content();
    assertRefused(
        content.toBuilder().addFiles(content.getFiles(0)).build(), "valid are paths in order");
    assertRefused(content.toBuilder().addFiles(content.getFiles(2)).build(), "each of them once");
  }

  @Test
  void findsAWrongNumberOfRows() throws IOException {
    assertProblem(file -> file.setRows(4), "has 3 rows, the manifest says 4");
  }

  @Test
  void findsAnotherTable() throws IOException {
    assertProblem(
        file -> file.setTable("views"), "holds table \"memory_bank\", the manifest says \"views\"");
  }

  /** Publishes with a false entry of the file table. */
  private void assertProblem(java.util.function.UnaryOperator<DataFile.Builder> lie, String message)
      throws IOException {
    Staging staging = store.newStaging(SampleArtifact.TYPE);
    StagedFile honest = SMALL.stageBank(staging, 0);
    StagedFile lying =
        new StagedFile(honest.stagedPath(), lie.apply(honest.file().toBuilder()).build());
    StoredArtifact published = store.publish(staging, List.of(lying), SMALL.payload(), PRODUCER);
    assertThat(store.verify(published))
        .singleElement()
        .asString()
        .startsWith("damaged: ")
        .endsWith(message);
  }

  @Test
  void findsATableThatIsNone() throws IOException {
    Staging staging = store.newStaging(SampleArtifact.TYPE);
    Path text = Files.writeString(root.resolve("x"), "no table");
    StagedFile staged = staging.add(text, "x").get(0);
    StagedFile lying =
        new StagedFile(staged.stagedPath(), staged.file().toBuilder().setTable("views").build());
    StoredArtifact published = store.publish(staging, List.of(lying), SMALL.payload(), PRODUCER);
    assertThat(store.verify(published))
        .singleElement()
        .asString()
        .startsWith("unreadable: " + published.location() + "/x: ");
  }

  private String publishTable(String table, List<Field> columns, Content payload)
      throws IOException {
    Staging staging = store.newStaging(Manifests.type(payload));
    List<StagedFile> staged = new ArrayList<>();
    try (Staging.Shard shard = staging.newShard(table, 0, columns, Map.of())) {
      staged.add(shard.finish());
    }
    return store.publish(staging, staged, payload, PRODUCER).digest();
  }

  private void assertColumns(String table, List<Field> wrong, List<Field> right, Content payload)
      throws IOException {
    assertThat(store.verify(store.resolve(publishTable(table, right, payload)))).isEmpty();
    String digest = publishTable(table, wrong, payload);
    assertThat(store.verify(store.resolve(digest)))
        .singleElement()
        .asString()
        .startsWith("damaged: ")
        .endsWith(" has columns %s, by the manifest %s".formatted(wrong, right));
  }

  @Test
  void findsTablesOfOtherColumns() throws IOException {
    assertColumns(
        Tables.EXAMPLES,
        Tables.views(),
        Tables.examples(),
        Content.newBuilder().setDataset(Dataset.getDefaultInstance()).build());
    assertColumns(
        Tables.NEIGHBORS,
        Tables.neighbors(4),
        Tables.neighbors(5),
        Content.newBuilder().setNeighborGraph(NeighborGraph.newBuilder().setK(5)).build());
    assertColumns(
        "learned-pooled",
        Tables.embeddings(16),
        Tables.embeddings(32),
        Content.newBuilder()
            .setEmbeddingSet(
                EmbeddingSet.newBuilder()
                    .addFeatures(
                        FeatureTable.newBuilder().setTable("learned-pooled").setDimension(32)))
            .build());
    assertColumns(
        Tables.MEMORY_BANK,
        Tables.curve(),
        Tables.vectors(8),
        Content.newBuilder()
            .setModel(
                Model.newBuilder()
                    .addLayers(Layer.newBuilder().setName("embedding").setDimension(8)))
            .build());
    assertColumns(
        "centers",
        Tables.vectors(3),
        Tables.vectors(2),
        Content.newBuilder()
            .setClustering(
                Clustering.newBuilder()
                    .addResults(
                        ClusteringResult.newBuilder()
                            .setCentersTable("centers")
                            .setFeatures(FeatureTable.newBuilder().setDimension(2))))
            .build());
    assertColumns(
        Tables.GALLERY,
        Tables.neighbors(3),
        Tables.gallery(3),
        Content.newBuilder().setEvaluation(Evaluation.getDefaultInstance()).build());
  }

  /** A file of a table that was written for an artifact of another type. */
  @Test
  void findsTablesOfAnotherType() throws IOException {
    Content payload = Content.newBuilder().setViewSet(ViewSet.getDefaultInstance()).build();
    Staging staging = store.newStaging(ArtifactType.ARTIFACT_TYPE_DATASET);
    List<StagedFile> staged = new ArrayList<>();
    try (Staging.Shard shard = staging.newShard(Tables.VIEWS, 0, Tables.views(), Map.of())) {
      staged.add(shard.finish());
    }
    assertThat(store.verify(store.publish(staging, staged, payload, PRODUCER)))
        .singleElement()
        .asString()
        .endsWith("is of type Dataset, the manifest says ViewSet");
  }
}
