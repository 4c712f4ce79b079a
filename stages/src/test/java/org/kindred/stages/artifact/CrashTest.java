package org.kindred.stages.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kindred.stages.artifact.SampleArtifact.PRODUCER;
import static org.kindred.stages.artifact.SampleArtifact.REUSE_KEY;
import static org.kindred.stages.artifact.SampleArtifact.SMALL;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Whatever operation fails, and whenever the process dies, the store holds whole artifacts only.
 */
class CrashTest {
  private static final String STAGING = "/staging/healthy";

  @TempDir Path directory;
  private Path published;
  private Path staged;
  private String digest;
  private List<StagedFile> stagedFiles;

  /** What is the same for every operation is made once and copied. */
  @BeforeEach
  void prepare() throws IOException {
    published = directory.resolve("published");
    digest = SMALL.publish(healthy(published)).digest();
    staged = directory.resolve("staged");
    stagedFiles = SMALL.stage(new Staging(new LocalFiles(), staged + STAGING, SampleArtifact.TYPE));
  }

  private static ArtifactStore healthy(Path root) {
    return new ArtifactStore(root.toString(), new LocalFiles());
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> tree = Files.walk(from)) {
      for (Path source : tree.toList()) {
        Path target = to.resolve(from.relativize(source).toString());
        Files.createDirectories(target.getParent());
        if (!Files.isDirectory(target)) {
          Files.copy(source, target);
        }
      }
    }
  }

  /** A publish, or part of one. */
  private interface Publish {
    void run(ArtifactStore store) throws IOException;
  }

  /** What must hold after a publish was disturbed. */
  private interface Check {
    void run(ArtifactStore store) throws IOException;
  }

  private void publishStaged(ArtifactStore store) throws IOException {
    Staging staging = new Staging(store.files(), store.root() + STAGING, SampleArtifact.TYPE);
    store.publish(staging, stagedFiles, SMALL.payload(), PRODUCER);
  }

  /**
   * Disturbs every operation of a publish in turn, each time in a copy of {@code before}; checks
   * what is left, and does the publish again undisturbed.
   */
  private void disturb(FaultyFiles.Fault fault, Path before, Publish publish, Check check)
      throws IOException {
    boolean struck = true;
    for (int faultAt = 1; struck; faultAt++) {
      Path root = directory.resolve(fault + "-" + faultAt);
      copy(before, root);
      copy(staged, root);
      FaultyFiles faulty = new FaultyFiles(new LocalFiles(), fault, faultAt);
      Throwable thrown = run(publish, faulty, root);
      struck = faulty.struck();
      try {
        assertThat(struck || thrown == null).isTrue();
        check.run(healthy(root));
        publishStaged(healthy(root));
        assertHoldsSample(healthy(root));
        assertThat(healthy(root).lookup(REUSE_KEY).orElseThrow().getArtifact()).isEqualTo(digest);
      } catch (AssertionError | RuntimeException | IOException e) {
        throw new AssertionError("%s at %d: %s".formatted(fault, faultAt, thrown), e);
      }
      faulty.bury();
      new LocalFiles().delete(root.toString());
    }
  }

  private static Throwable run(Publish publish, FaultyFiles faulty, Path root) {
    try {
      publish.run(new ArtifactStore(root.toString(), faulty));
      return null;
    } catch (FaultyFiles.Killed e) {
      return e;
    } catch (IOException | ArtifactException e) {
      assertThat(faulty.openStreams()).isZero();
      assertThat(e.getMessage()).contains(root.toString()).doesNotContain("\n");
      return e;
    }
  }

  private void assertHoldsSample(ArtifactStore store) throws IOException {
    assertThat(store.list()).singleElement().matches(listed -> listed.digest().equals(digest));
    StoredArtifact artifact = store.resolve(digest);
    assertThat(store.verify(artifact)).isEmpty();
    assertThat(store.get(digest)).contains(artifact);
    try (Stream<Path> tree = Files.walk(Path.of(artifact.location()))) {
      assertThat(tree.filter(Files::isRegularFile)).hasSize(1 + stagedFiles.size());
    }
  }

  private void assertHoldsSampleOrNothing(ArtifactStore store) throws IOException {
    if (store.list().isEmpty()) {
      assertThat(store.get(digest)).isEmpty();
      assertThat(store.lookup(REUSE_KEY)).isEmpty();
    } else {
      assertHoldsSample(store);
    }
  }

  @ParameterizedTest
  @EnumSource
  void checkpointsAreThereUntilThePublishIs(FaultyFiles.Fault fault) throws IOException {
    Path training = directory.resolve("training");
    String checkpoint = "/checkpoints/" + REUSE_KEY + "/step-000000001.safetensors";
    Files.createDirectories(Path.of(training + checkpoint).getParent());
    Files.writeString(Path.of(training + checkpoint), "weights");
    disturb(
        fault,
        training,
        this::publishStaged,
        store -> {
          if (store.lookup(REUSE_KEY).isEmpty()) {
            assertThat(Path.of(store.root() + checkpoint)).hasContent("weights");
          }
        });
  }

  @ParameterizedTest
  @EnumSource
  void aPublishIsWholeOrNothing(FaultyFiles.Fault fault) throws IOException {
    Path empty = Files.createDirectory(directory.resolve("empty"));
    disturb(fault, empty, SMALL::publish, this::assertHoldsSampleOrNothing);
  }

  @ParameterizedTest
  @EnumSource
  void whatIsThereStaysWhole(FaultyFiles.Fault fault) throws IOException {
    disturb(fault, published, this::publishStaged, this::assertHoldsSample);
  }

  @ParameterizedTest
  @EnumSource
  void aDamagedArtifactIsRepaired(FaultyFiles.Fault fault) throws IOException {
    StoredArtifact artifact = healthy(published).resolve(digest);
    Files.writeString(artifact.local(artifact.content().getFiles(1)), "damage");
    disturb(
        fault,
        published,
        this::publishStaged,
        store ->
            assertThat(store.list())
                .hasSizeLessThanOrEqualTo(1)
                .allSatisfy(
                    listed -> assertThat(store.verify(listed)).hasSizeLessThanOrEqualTo(1)));
  }

  /** What a store without atomic publishing may be left with. */
  @ParameterizedTest
  @EnumSource
  void aHalfPublishedArtifactIsCompleted(FaultyFiles.Fault fault) throws IOException {
    StoredArtifact artifact = healthy(published).resolve(digest);
    Files.delete(Path.of(artifact.location(), StoredArtifact.MANIFEST));
    Files.delete(artifact.local(artifact.content().getFiles(2)));
    Files.delete(published.resolve("keys/" + REUSE_KEY + ".json"));
    disturb(fault, published, this::publishStaged, this::assertHoldsSampleOrNothing);
  }
}
