package org.kindred.stages.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.kindred.stages.artifact.SampleArtifact.PRODUCER;
import static org.kindred.stages.artifact.SampleArtifact.REUSE_KEY;
import static org.kindred.stages.artifact.SampleArtifact.SMALL;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.models.training.DirectoryLock;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.Evaluation;
import org.kindred.proto.artifact.v1.MetricValue;
import org.kindred.proto.artifact.v1.Producer;
import org.kindred.stages.arrow.MappedTable;

/** What a store does on every implementation of {@link StoreFiles}. */
abstract class ArtifactStoreContract {
  private static final String OTHER_DIGEST = "0123456789abcdef".repeat(4);

  @TempDir Path directory;
  final StoreFiles files;
  String root;
  ArtifactStore store;

  ArtifactStoreContract(StoreFiles files) {
    this.files = files;
  }

  @BeforeEach
  void openStore() {
    root = newRoot();
    store = new ArtifactStore(root, files);
  }

  /** Returns where a store can be made; by default a directory of this machine. */
  String newRoot() {
    return directory.resolve("store").toString();
  }

  /** Makes an empty directory, where there are directories. */
  void makeDirectory(String path) throws IOException {
    Files.createDirectories(Path.of(path));
  }

  List<String> filesBelow(String path) throws IOException {
    List<String> found = new ArrayList<>();
    for (String name : files.list(path)) {
      if (files.size(path + "/" + name) >= 0) {
        found.add(name);
      } else {
        filesBelow(path + "/" + name).forEach(below -> found.add(name + "/" + below));
      }
    }
    return found;
  }

  private void write(String path, String text) throws IOException {
    files.replace(path, text.getBytes(StandardCharsets.UTF_8));
  }

  private void copy(String from, String to) throws IOException {
    files.replace(to, ArtifactStore.readAll(files, from));
  }

  @Test
  void anEmptyStoreHoldsNothing() throws IOException {
    assertThat(store.list()).isEmpty();
    assertThat(store.get(OTHER_DIGEST)).isEmpty();
    assertThat(store.lookup(REUSE_KEY)).isEmpty();
    assertThat(files.list(root)).isEmpty();
  }

  @Test
  void publishesAWholeArtifact() throws IOException {
    StoredArtifact artifact = SMALL.publish(store);
    assertThat(artifact.location()).isEqualTo(root + "/artifacts/" + artifact.digest());
    assertThat(filesBelow(artifact.location()))
        .containsExactly(
            "artifact.json",
            "memory_bank-000000.arrow",
            "rejects-000000.arrow",
            "saved_model/variables/data");
    assertThat(filesBelow(root + "/staging")).isEmpty();
    assertThat(store.verify(artifact)).isEmpty();
    assertThat(artifact.type()).isEqualTo(ArtifactType.ARTIFACT_TYPE_DATASET);
    assertThat(artifact.rows("memory_bank")).isEqualTo(3);
    assertThat(artifact.rows("none")).isZero();
    assertThat(artifact.parts("saved_model")).isEmpty();
    assertThat(artifact.manifest().getProducer()).isEqualTo(PRODUCER);
    assertThat(artifact.local(artifact.content().getFiles(2))).hasContent("weights");
    assertThat(artifact.localDirectory("saved_model").resolve("variables/data"))
        .hasContent("weights");
    try (MappedTable table = MappedTable.open(artifact.localTable("memory_bank"))) {
      assertThat(table.rows()).isEqualTo(3);
    }
    assertThatExceptionOfType(ArtifactException.class)
        .isThrownBy(() -> artifact.localTable("none"))
        .withMessage("artifact %s (Dataset) has no table \"none\"", artifact.location());
  }

  @Test
  void findsWhatWasPublished() throws IOException {
    StoredArtifact artifact = SMALL.publish(store);
    ArtifactStore fresh = new ArtifactStore(root + "/", files);
    assertThat(fresh.root()).isEqualTo(root);
    assertThat(fresh.get(artifact.digest())).contains(artifact);
    assertThat(fresh.list()).containsExactly(artifact);
    assertThat(fresh.lookup(REUSE_KEY))
        .hasValueSatisfying(
            entry -> {
              assertThat(entry.getArtifact()).isEqualTo(artifact.digest());
              assertThat(entry.getProducer()).isEqualTo(PRODUCER);
              assertThat(entry.getCreated().getSeconds()).isPositive();
            });
    assertThat(fresh.lookup("none")).isEmpty();
    assertThat(fresh.get("../artifacts/" + artifact.digest())).isEmpty();
  }

  @Test
  void listsArtifactsInOrderOfDigest() throws IOException {
    List<String> digests = new ArrayList<>();
    for (int rows = 1; rows <= 4; rows++) {
      digests.add(new SampleArtifact(rows).publish(store).digest());
    }
    Collections.sort(digests);
    assertThat(store.list()).extracting(StoredArtifact::digest).isEqualTo(digests);
  }

  @Test
  void theDigestIsOfTheContentAlone() throws IOException {
    String digest = SMALL.publish(store).digest();
    Producer other = Producer.newBuilder().setStage("other").setReuseKey("b7".repeat(32)).build();
    StoredArtifact again = SMALL.publish(store, other);
    assertThat(again.digest()).isEqualTo(digest);
    assertThat(again.manifest().getProducer()).as("the first one's").isEqualTo(PRODUCER);
    assertThat(store.lookup("b7".repeat(32)).orElseThrow().getArtifact()).isEqualTo(digest);
    assertThat(store.list()).hasSize(1);
    ArtifactStore elsewhere = new ArtifactStore(root + "-elsewhere", files);
    assertThat(SMALL.publish(elsewhere, other).digest()).isEqualTo(digest);
    assertThat(new SampleArtifact(4).publish(store).digest()).isNotEqualTo(digest);
  }

  @Test
  void everyByteOfEveryFileEntersTheDigest() throws IOException {
    byte[] bytes = "some weights".getBytes(StandardCharsets.UTF_8);
    List<String> digests = new ArrayList<>();
    for (int i = 0; i <= bytes.length; i++) {
      byte[] changed = bytes.clone();
      if (i < bytes.length) {
        changed[i] ^= 1;
      }
      Staging staging = store.newStaging(SampleArtifact.TYPE);
      Path file = Files.write(directory.resolve("weights"), changed);
      List<StagedFile> staged = staging.add(file, "weights");
      digests.add(store.publish(staging, staged, SMALL.payload(), PRODUCER).digest());
    }
    assertThat(digests).doesNotHaveDuplicates();
    assertThat(store.list()).hasSize(digests.size());
  }

  /** For file systems on which single steps are atomic. A reader meanwhile sees all or nothing. */
  void writersThatRacePublishOneArtifact() throws Exception {
    int writers = 4;
    for (int round = 1; round <= 3; round++) {
      SampleArtifact sample = new SampleArtifact(round);
      List<Staging> stagings = new ArrayList<>();
      List<List<StagedFile>> staged = new ArrayList<>();
      for (int writer = 0; writer < writers; writer++) {
        stagings.add(store.newStaging(SampleArtifact.TYPE));
        staged.add(sample.stage(stagings.get(writer)));
      }
      List<String> before = files.list(root + "/artifacts");
      AtomicInteger busy = new AtomicInteger(writers);
      List<String> digests =
          Race.of(
              writers + 1,
              racer -> {
                if (racer == writers) {
                  return watch(busy, before);
                }
                Producer producer = PRODUCER.toBuilder().setReuseKey("key-" + racer % 2).build();
                try {
                  return store
                      .publish(stagings.get(racer), staged.get(racer), sample.payload(), producer)
                      .digest();
                } finally {
                  busy.decrementAndGet();
                }
              });
      assertThat(digests).containsOnly(digests.get(0));
      assertThat(store.list()).hasSize(round);
      for (String key : List.of("key-0", "key-1")) {
        assertThat(store.lookup(key).orElseThrow().getArtifact()).isEqualTo(digests.get(0));
      }
    }
    assertThat(filesBelow(root + "/staging")).isEmpty();
  }

  /** Verifies what is there until nobody publishes any more; returns the new one's digest. */
  private String watch(AtomicInteger busy, List<String> before) throws IOException {
    String found = "none";
    for (boolean last = false; !last; ) {
      last = busy.get() == 0;
      for (String digest : files.list(root + "/artifacts")) {
        Optional<StoredArtifact> artifact = store.get(digest);
        if (artifact.isPresent() && !before.contains(digest)) {
          assertThat(store.verify(artifact.get())).isEmpty();
          found = digest;
        }
      }
    }
    return found;
  }

  @Test
  void resolvesDigestsPrefixesAndPaths() throws IOException {
    StoredArtifact artifact = SMALL.publish(store);
    String digest = artifact.digest();
    assertThat(store.resolve(digest)).isEqualTo(artifact);
    assertThat(store.resolve(digest.substring(0, 4))).isEqualTo(artifact);
    assertThat(store.resolve(digest.substring(0, 63))).isEqualTo(artifact);
    ArtifactStore other = new ArtifactStore(root + "-other", files);
    for (String path : List.of(artifact.location(), artifact.location() + "/")) {
      assertThat(other.resolve(path).manifest()).isEqualTo(artifact.manifest());
      assertThat(other.resolve(path).location()).isEqualTo(artifact.location());
    }
  }

  @Test
  void whatDoesNotResolveIsExplained() throws IOException {
    String digest = SMALL.publish(store).digest();
    List<String> missing =
        List.of(
            digest.substring(0, 3),
            OTHER_DIGEST,
            OTHER_DIGEST.substring(0, 8),
            digest + "0",
            "",
            "name",
            root,
            root + "/none",
            "../" + digest);
    for (String reference : missing) {
      assertThatExceptionOfType(ArtifactException.class)
          .isThrownBy(() -> store.resolve(reference))
          .withMessageStartingWith("no artifact \"%s\" in store %s; valid are", reference, root);
    }
  }

  @Test
  void anAmbiguousPrefixNamesWhatItCouldBe() throws IOException {
    StoredArtifact artifact = SMALL.publish(store);
    String digest = artifact.digest();
    String twin = twinOf(artifact);
    assertThatExceptionOfType(ArtifactException.class)
        .isThrownBy(() -> store.resolve(digest.substring(0, 4)))
        .withMessageContaining("is ambiguous in store " + root)
        .withMessageContaining(digest)
        .withMessageContaining(twin);
    assertThat(store.resolve(digest).digest()).isEqualTo(digest);
    assertThat(store.resolve(twin).digest()).isEqualTo(twin);
  }

  /** Makes another artifact whose digest begins with the same four digits. */
  private String twinOf(StoredArtifact artifact) throws IOException {
    String prefix = artifact.digest().substring(0, 4);
    for (long seed = 1; ; seed++) {
      var content = artifact.content().toBuilder();
      content.getDatasetBuilder().setRejected(seed);
      String digest = Digests.of(content.build());
      if (digest.startsWith(prefix)) {
        var manifest = artifact.manifest().toBuilder().setDigest(digest).setContent(content);
        files.replace(
            root + "/artifacts/" + digest + "/artifact.json", Manifests.toJson(manifest.build()));
        return digest;
      }
    }
  }

  @Test
  void foreignAndHalfWrittenDirectoriesAreNobodysArtifacts() throws IOException {
    StoredArtifact artifact = SMALL.publish(store);
    String prefix = artifact.digest().substring(0, 4);
    String artifacts = root + "/artifacts/";
    write(artifacts + ".DS_Store", "x");
    write(artifacts + OTHER_DIGEST, "a file");
    makeDirectory(artifacts + "lost+found/artifact.json");
    makeDirectory(artifacts + prefix + "1".repeat(60));
    write(artifacts + prefix + "2".repeat(60) + "/examples-000000.arrow", "ARROW1");
    String cut = artifacts + prefix + "3".repeat(60);
    write(cut + "/artifact.json", "{\"digest\": \"");
    String moved = artifacts + prefix + "4".repeat(60);
    copy(artifact.location() + "/artifact.json", moved + "/artifact.json");
    makeDirectory(artifacts + prefix + "5".repeat(60) + "/artifact.json");

    assertThat(store.list()).containsExactly(artifact);
    assertThat(store.resolve(prefix)).isEqualTo(artifact);
    for (String nothing : List.of("1", "2", "5")) {
      assertThat(store.get(prefix + nothing.repeat(60))).isEmpty();
    }
    assertThat(store.get(OTHER_DIGEST)).isEmpty();
    assertThatExceptionOfType(ArtifactException.class)
        .isThrownBy(() -> store.resolve(prefix + "3".repeat(60)))
        .withMessageContaining(cut + "/artifact.json is not a valid");
    assertThatExceptionOfType(ArtifactException.class)
        .isThrownBy(() -> store.resolve(prefix + "4".repeat(60)))
        .withMessage("%s holds artifact %s", moved, artifact.digest());
  }

  @Test
  void aReuseKeyThatIsNotReadableIsWrittenAnew() throws IOException {
    StoredArtifact artifact = SMALL.publish(store);
    String key = root + "/keys/" + REUSE_KEY + ".json";
    for (String damaged : List.of("", "{", "{\"artifact\": {}}", "{\"unknown\": \"x\"}")) {
      write(key, damaged);
      assertThat(store.lookup(REUSE_KEY)).isEmpty();
    }
    SMALL.publish(store);
    assertThat(store.lookup(REUSE_KEY).orElseThrow().getArtifact()).isEqualTo(artifact.digest());
  }

  @Test
  void publishingOverADamagedArtifactRepairsIt() throws IOException {
    StoredArtifact artifact = SMALL.publish(store);
    for (String name : filesBelow(artifact.location())) {
      String path = artifact.location() + "/" + name;
      files.delete(path);
      assertThat(SMALL.publish(store).digest()).isEqualTo(artifact.digest());
      assertThat(store.verify(artifact)).as(name).isEmpty();
      write(path, "damage");
      assertThat(SMALL.publish(store).digest()).isEqualTo(artifact.digest());
      assertThat(store.verify(artifact)).as(name).isEmpty();
    }
    StoredArtifact other = new SampleArtifact(4).publish(store);
    copy(other.location() + "/artifact.json", artifact.location() + "/artifact.json");
    assertThat(SMALL.publish(store).digest()).isEqualTo(artifact.digest());
    assertThat(store.verify(artifact)).isEmpty();
    assertThat(store.list()).hasSize(2);
  }

  @Test
  void anAbandonedAttemptLeavesNothingInTheArtifact() throws IOException {
    Staging staging = store.newStaging(SampleArtifact.TYPE);
    List<StagedFile> staged = new ArrayList<>(SMALL.stage(staging));
    StagedFile abandoned = new SampleArtifact(9).stageBank(staging, 0);
    StagedFile twin = SMALL.stageBank(staging, 0);
    assertThat(abandoned.file().getPath()).isEqualTo(staged.get(0).file().getPath());
    assertThat(abandoned.stagedPath()).isNotEqualTo(staged.get(0).stagedPath());
    assertThat(twin.file()).isEqualTo(staged.get(0).file());
    StoredArtifact artifact = store.publish(staging, staged, SMALL.payload(), PRODUCER);
    assertThat(artifact.rows("memory_bank")).isEqualTo(3);
    assertThat(filesBelow(artifact.location())).hasSize(1 + staged.size());
    assertThat(store.verify(artifact)).isEmpty();
    assertThat(filesBelow(root + "/staging")).isEmpty();
  }

  @Test
  void anAttemptThatEndsAfterThePublishDoesNoHarm() throws IOException {
    Staging staging = store.newStaging(SampleArtifact.TYPE);
    List<StagedFile> staged = SMALL.stage(staging);
    try (Staging.Shard late = SMALL.startBank(staging)) {
      StoredArtifact artifact = store.publish(staging, staged, SMALL.payload(), PRODUCER);
      late.finish();
      new SampleArtifact(9).stageBank(staging, 0);
      assertThat(filesBelow(artifact.location())).hasSize(1 + staged.size());
      assertThat(store.verify(artifact)).isEmpty();
      assertThat(store.list()).containsExactly(artifact);
    }
  }

  @Test
  void tablesTellWhatTheyWereMadeFor() throws IOException {
    StoredArtifact artifact = SMALL.publish(store);
    try (MappedTable table = MappedTable.open(artifact.localTable("rejects"))) {
      assertThat(table.metadata())
          .containsEntry("kindred.artifact_type", "Dataset")
          .containsEntry("kindred.schema_version", "1")
          .containsEntry("kindred.table", "rejects")
          .containsEntry("metric", "cosine");
    }
  }

  @Test
  void aPublishEndsTheNeedForCheckpoints() throws IOException {
    Path checkpoints = files.localDirectory(store.checkpoints(REUSE_KEY));
    Files.writeString(checkpoints.resolve("epoch-1"), "weights");
    Path others = files.localDirectory(store.checkpoints("b7".repeat(32)));
    SMALL.publish(store);
    assertThat(checkpoints).doesNotExist();
    assertThat(others).exists();
    files.deleteLocalDirectory(store.checkpoints("b7".repeat(32)));
  }

  @Test
  void checkpointsThatAnotherTrainsOnStay() throws IOException {
    Path checkpoints = files.localDirectory(store.checkpoints(REUSE_KEY));
    DirectoryLock other = DirectoryLock.tryAcquire(checkpoints).orElseThrow();
    try (other) {
      SMALL.publish(store);
      assertThat(checkpoints).exists();
    }
    SMALL.publish(store);
    assertThat(checkpoints).doesNotExist();
  }

  @Test
  void deletesWhatKilledRunsLeft() throws IOException {
    SMALL.stage(store.newStaging(SampleArtifact.TYPE));
    store.deleteAbandonedStaging();
    assertThat(store.files().list(root + "/staging")).as("in use, perhaps").hasSize(1);
    store.deleteStagingBefore(Instant.now().plusSeconds(3600));
    assertThat(store.files().list(root + "/staging")).isEmpty();
  }

  @Test
  void theTableOfFilesIsInOrderHoweverTheyAreGiven() throws IOException {
    Staging staging = store.newStaging(SampleArtifact.TYPE);
    List<StagedFile> staged = new ArrayList<>();
    for (int number : new int[] {2, 0, 10, 1}) {
      staged.add(SMALL.stageBank(staging, number));
    }
    StoredArtifact artifact = store.publish(staging, staged, SMALL.payload(), PRODUCER);
    assertThat(artifact.rows("memory_bank")).isEqualTo(12);
    assertThat(artifact.parts("memory_bank"))
        .extracting(file -> file.getPath().substring(12, 18))
        .containsExactly("000000", "000001", "000002", "000010");
  }

  /** Protobuf's JSON drops a lone negative zero, its wire format does not. */
  @Test
  void aNegativeZeroIsReadable() throws IOException {
    Evaluation evaluation =
        Evaluation.newBuilder().addMetrics(MetricValue.newBuilder().setValue(-0.0)).build();
    Content payload = Content.newBuilder().setEvaluation(evaluation).build();
    StoredArtifact artifact =
        store.publish(store.newStaging(SampleArtifact.TYPE), List.of(), payload, PRODUCER);
    assertThat(store.list()).containsExactly(artifact);
    assertThat(store.verify(artifact)).isEmpty();
  }

  @Test
  void twoFilesOfOnePathAreRefused() throws IOException {
    Staging staging = store.newStaging(SampleArtifact.TYPE);
    List<StagedFile> staged =
        List.of(SMALL.stageBank(staging, 0), new SampleArtifact(4).stageBank(staging, 0));
    assertThatExceptionOfType(ArtifactException.class)
        .isThrownBy(() -> store.publish(staging, staged, SMALL.payload(), PRODUCER))
        .withMessageStartingWith("what stage \"sample\" made lists \"memory_bank-000000.arrow\"");
    assertThat(store.list()).isEmpty();
  }

  @Test
  void aPathOutOfTheArtifactIsRefused() throws IOException {
    Staging staging = store.newStaging(SampleArtifact.TYPE);
    Path file = Files.writeString(directory.resolve("x"), "x");
    StagedFile honest = staging.add(file, "a").get(0);
    for (String path : List.of("a/../../b", "../b", "/b", "./a", "artifact.json", "a//b")) {
      assertThatExceptionOfType(ArtifactException.class)
          .isThrownBy(() -> staging.add(file, path))
          .withMessage(
              "a stage lists \"%s\", valid are paths inside the artifact's directory", path);
      StagedFile lying =
          new StagedFile(honest.stagedPath(), honest.file().toBuilder().setPath(path).build());
      assertThatExceptionOfType(ArtifactException.class)
          .isThrownBy(() -> store.publish(staging, List.of(lying), SMALL.payload(), PRODUCER))
          .withMessageStartingWith("what stage \"sample\" made lists \"%s\", valid are", path);
    }
    assertThat(store.list()).isEmpty();
  }

  @Test
  void anArtifactMustHaveAPayload() throws IOException {
    Content none = Content.getDefaultInstance();
    assertThatExceptionOfType(ArtifactException.class)
        .isThrownBy(
            () -> store.publish(store.newStaging(SampleArtifact.TYPE), List.of(), none, PRODUCER))
        .withMessage("what stage \"sample\" made has no payload");
    assertThat(files.list(root)).isEmpty();
  }

  @Test
  void aStageMustHaveAReuseKey() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SMALL.publish(store, PRODUCER.toBuilder().clearReuseKey().build()))
        .withMessage("stage \"sample\" publishes without a reuse key");
  }

  @Test
  void aShardsNumberIsChecked() {
    Staging staging = store.newStaging(SampleArtifact.TYPE);
    for (int number : new int[] {-1, 1_000_000}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> SMALL.stageBank(staging, number))
          .withMessage("shard of table memory_bank is %d, valid is 0 to 999999", number);
    }
  }

  @Test
  void aStoreInAFilesPlaceIsAClearError() throws IOException {
    write(root, "not a store");
    assertThat(store.list()).isEmpty();
    assertThat(store.lookup(REUSE_KEY)).isEmpty();
    assertThatExceptionOfType(ArtifactException.class).isThrownBy(() -> store.resolve("abcd"));
    assertThatIOException()
        .isThrownBy(() -> SMALL.publish(store))
        .withMessageContaining(root)
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
  }
}
