package org.kindred.stages.artifact;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.kindred.stages.artifact.SampleArtifact.REUSE_KEY;
import static org.kindred.stages.artifact.SampleArtifact.SMALL;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.NoSuchFileException;
import java.util.List;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.kindred.stages.arrow.MappedTable;

/** A store at a URI, on a file system that has no directories and no host in the URI. */
class BeamUriTest {

  @BeforeAll
  static void findFileSystems() {
    FileSystems.setDefaultPipelineOptions(PipelineOptionsFactory.create());
  }

  private static void write(StoreFiles files, String path, String text) throws IOException {
    try (OutputStream out = files.create(path)) {
      out.write(text.getBytes(UTF_8));
    }
  }

  @Test
  void listsAndDeletes() throws IOException {
    StoreFiles files = StoreFiles.of("mem:///files");
    for (String name : List.of("a", "b/c", "b/d/e", "bc")) {
      write(files, "mem:///files/" + name, name);
    }
    assertThat(files.list("mem:///files")).containsExactly("a", "b", "bc");
    assertThat(files.list("mem:///files/b")).containsExactly("c", "d");
    assertThat(files.size("mem:///files/b/d/e")).isEqualTo(5);
    assertThat(files.size("mem:///files/b")).isEqualTo(-1);
    assertThat(files.local("mem:///files/b/c")).hasContent("b/c");
    assertThat(files.lastModified("mem:///files")).as("not told").isZero();
    files.delete("mem:///files/b");
    files.delete("mem:///files/b");
    assertThat(files.list("mem:///files")).containsExactly("a", "bc");
    files.delete("mem:///files/a");
    assertThat(files.list("mem:///files")).containsExactly("bc");
    assertThatExceptionOfType(NoSuchFileException.class)
        .isThrownBy(() -> files.open("mem:///files/a").close());
  }

  @Test
  void publishesFindsVerifiesAndRepairs() throws IOException {
    ArtifactStore store = ArtifactStore.open("mem:///some/store/");
    assertThat(store.list()).isEmpty();
    StoredArtifact artifact = SMALL.publish(store);
    assertThat(artifact.location()).isEqualTo("mem:///some/store/artifacts/" + artifact.digest());
    assertThat(store.list()).containsExactly(artifact);
    assertThat(store.resolve(artifact.digest().substring(0, 6))).isEqualTo(artifact);
    assertThat(store.resolve(artifact.location())).isEqualTo(artifact);
    assertThat(store.lookup(REUSE_KEY).orElseThrow().getArtifact()).isEqualTo(artifact.digest());
    assertThat(store.verify(artifact)).isEmpty();
    assertThat(store.files().list("mem:///some/store/staging")).isEmpty();
    try (MappedTable table = MappedTable.open(artifact.localTable("memory_bank"))) {
      assertThat(table.rows()).isEqualTo(3);
    }
    String weights = artifact.location() + "/saved_model/variables/data";
    store.files().delete(weights);
    assertThat(store.verify(artifact)).containsExactly("missing: " + weights);
    SMALL.publish(store);
    assertThat(store.verify(artifact)).isEmpty();
    store.files().delete(artifact.location());
    assertThat(store.list()).isEmpty();
    assertThat(store.files().list("mem:///some/store")).containsExactly("keys");
  }
}
