package org.kindred.stages.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.kindred.stages.artifact.SampleArtifact.SMALL;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class LocalArtifactStoreTest extends ArtifactStoreContract {
  LocalArtifactStoreTest() {
    super(new LocalFiles());
  }

  @Test
  void opensARelativePathAsAnAbsoluteOne() {
    assertThat(ArtifactStore.open("some/store").root())
        .isEqualTo(Path.of("some/store").toAbsolutePath().toString());
  }

  /** Somebody else's damaged files come back as fast as they are withdrawn. */
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
                      method.getName().equals("withdraw")
                          && arguments[0].equals(artifact.location());
                  return protectedFile ? null : method.invoke(local, arguments);
                });
    ArtifactStore disturbed = new ArtifactStore(store.root(), stubborn);
    assertThatExceptionOfType(ArtifactException.class)
        .isThrownBy(() -> SMALL.publish(disturbed))
        .withMessageContaining("cannot replace a damaged artifact")
        .withMessageContaining(artifact.location());
  }

  @Test
  @Override
  void writersThatRacePublishOneArtifact() throws Exception {
    super.writersThatRacePublishOneArtifact();
  }

  @Test
  void nothingIsMadeBeforeItIsNeeded() throws IOException {
    assertThat(store.list()).isEmpty();
    assertThat(Path.of(root)).doesNotExist();
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
