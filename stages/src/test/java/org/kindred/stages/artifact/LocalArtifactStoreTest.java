package org.kindred.stages.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.kindred.stages.artifact.SampleArtifact.PRODUCER;
import static org.kindred.stages.artifact.SampleArtifact.SMALL;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.kindred.proto.artifact.v1.Producer;

class LocalArtifactStoreTest extends ArtifactStoreContract {
  LocalArtifactStoreTest() {
    super(new LocalFiles());
  }

  @Test
  void opensARelativePathAsAnAbsoluteOne() {
    assertThat(ArtifactStore.open("some/store").root())
        .isEqualTo(Path.of("some/store").toAbsolutePath().toString());
  }

  /** Somebody else's damaged files come back as fast as they are deleted. */
  @Test
  void aDamagedArtifactThatCannotBeReplacedIsAnError() throws IOException {
    StoredArtifact artifact = SMALL.publish(store);
    Files.writeString(artifact.local(artifact.content().getFiles(0)), "damage");
    StoreFiles local = new LocalFiles();
    StoreFiles stubborn =
        (StoreFiles)
            Proxy.newProxyInstance(
                StoreFiles.class.getClassLoader(),
                new Class<?>[] {StoreFiles.class},
                (proxy, method, arguments) -> {
                  boolean protectedFile =
                      method.getName().equals("delete")
                          && ((String) arguments[0]).startsWith(artifact.location());
                  return protectedFile ? null : method.invoke(local, arguments);
                });
    ArtifactStore disturbed = new ArtifactStore(store.root(), stubborn);
    assertThatExceptionOfType(ArtifactException.class)
        .isThrownBy(() -> SMALL.publish(disturbed))
        .withMessageContaining("cannot replace a damaged artifact")
        .withMessageContaining(artifact.location());
  }

  @Test
  void writersThatRacePublishOneArtifact() throws Exception {
    int writers = 4;
    ExecutorService executor = Executors.newFixedThreadPool(writers);
    try {
      for (int round = 1; round <= 5; round++) {
        SampleArtifact sample = new SampleArtifact(round);
        List<Callable<StoredArtifact>> races = new ArrayList<>();
        for (int writer = 0; writer < writers; writer++) {
          Staging staging = store.newStaging(SampleArtifact.TYPE);
          List<StagedFile> staged = sample.stage(staging);
          Producer producer = PRODUCER.toBuilder().setReuseKey("key-" + writer % 2).build();
          races.add(() -> store.publish(staging, staged, sample.payload(), producer));
        }
        List<String> digests = new ArrayList<>();
        for (Future<StoredArtifact> race : executor.invokeAll(races)) {
          digests.add(race.get().digest());
        }
        assertThat(digests).containsOnly(digests.get(0));
        assertThat(store.verify(store.resolve(digests.get(0)))).isEmpty();
        assertThat(store.list()).hasSize(round);
        for (String key : List.of("key-0", "key-1")) {
          assertThat(store.lookup(key).orElseThrow().getArtifact()).isEqualTo(digests.get(0));
        }
      }
      assertThat(filesBelow(root.resolve("staging"))).isEmpty();
    } finally {
      executor.shutdownNow();
    }
  }

  @Test
  void aStoreAndAnArtifactTravelToWorkers() throws IOException, ClassNotFoundException {
    StoredArtifact artifact = SMALL.publish(store);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(store);
      out.writeObject(artifact);
      out.writeObject(store.newStaging(SampleArtifact.TYPE));
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      ArtifactStore there = (ArtifactStore) in.readObject();
      StoredArtifact artifactThere = (StoredArtifact) in.readObject();
      assertThat(artifactThere).isEqualTo(artifact);
      assertThat(there.verify(artifactThere)).isEmpty();
      assertThat(SMALL.stage((Staging) in.readObject())).hasSize(3);
    }
  }
}
