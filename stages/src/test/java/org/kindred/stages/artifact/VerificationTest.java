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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.DataFile;

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
}
