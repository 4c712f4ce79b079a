package org.kindred.stages.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class LocalFilesTest extends StoreFilesContract {
  LocalFilesTest() {
    super(new LocalFiles());
  }

  @Test
  @Override
  void ofWritersThatRaceOneCreates() throws Exception {
    super.ofWritersThatRaceOneCreates();
  }

  @Test
  @Override
  void ofWritersThatRaceOnePublishes() throws Exception {
    super.ofWritersThatRaceOnePublishes();
  }

  @Test
  void pathsAreMadeAbsolute() {
    String here = Path.of("").toAbsolutePath().toString();
    assertThat(files.absolute("some/store/")).isEqualTo(here + "/some/store");
    assertThat(files.absolute("./a/../b")).isEqualTo(here + "/b");
    assertThat(files.absolute("/a/b/")).isEqualTo("/a/b");
    assertThat(files.absolute("file:///a/b")).isEqualTo("/a/b");
    assertThat(files.absolute("file:/a/b")).isEqualTo("/a/b");
    assertThat(files.absolute("/")).isEqualTo("/");
  }

  @Test
  void theSchemeChoosesTheImplementation() {
    assertThat(List.of("store", "/a/store", "file:///a", "a:b/c"))
        .allSatisfy(root -> assertThat(StoreFiles.of(root)).isInstanceOf(LocalFiles.class));
    assertThat(List.of("gs://bucket/a", "hdfs:///a", "s3a://bucket"))
        .allSatisfy(root -> assertThat(StoreFiles.of(root)).isInstanceOf(BeamFiles.class));
  }

  @Test
  void deletesLinksButNotWhatTheyLeadTo() throws IOException {
    Path outside = Files.createDirectory(directory.resolve("outside"));
    Path kept = Files.writeString(outside.resolve("kept"), "x");
    write("a/b", "x");
    Files.createSymbolicLink(Path.of(root, "a/link"), outside);
    files.delete(root + "/a");
    assertThat(Path.of(root, "a")).doesNotExist();
    assertThat(kept).exists();
  }

  @Test
  void aPublishTakesThePlaceOfAnEmptyDirectory() throws IOException {
    write("staging/manifest", "x");
    Files.createDirectories(Path.of(root, "artifacts/x"));
    assertThat(files.publish(root + "/staging", root + "/artifacts/x", List.of("manifest")))
        .isTrue();
    assertThat(read("artifacts/x/manifest")).isEqualTo("x");
  }

  @Test
  void aPublishOverAFileIsRefused() throws IOException {
    write("staging/manifest", "x");
    write("artifacts/x", "somebody's");
    assertThat(files.publish(root + "/staging", root + "/artifacts/x", List.of("manifest")))
        .isFalse();
    assertThat(read("staging/manifest")).isEqualTo("x");
  }

  @Test
  void aMissingStagingDirectoryIsAnError() {
    assertThatIOException()
        .isThrownBy(() -> files.publish(root + "/none", root + "/artifacts/x", List.of("manifest")))
        .withMessageContaining(root + "/none");
  }

  @Test
  void anErrorNamesTheFileInTheWay() throws IOException {
    write("a", "x");
    assertThatIOException()
        .isThrownBy(() -> write("a/b/c", "x"))
        .withMessage("cannot create directory %s/a/b: %s/a is a file, not a directory", root, root);
  }

  /** The kernel's full device. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void aFullDiskIsNamed() throws IOException {
    Path full = Path.of("/dev/full");
    try (OutputStream out =
        new LocalFiles.SyncedOutput(full, FileChannel.open(full, StandardOpenOption.WRITE))) {
      assertThatIOException()
          .isThrownBy(() -> out.write(1))
          .withMessage("cannot write /dev/full: No space left on device");
    } catch (IOException e) {
      assertThat(e).as("a device that can't be synced").hasMessageStartingWith("cannot write");
    }
  }

  @Test
  void aStreamMayBeClosedTwice() throws IOException {
    OutputStream out = files.create(root + "/a");
    out.write(7);
    out.close();
    out.close();
    assertThat(files.size(root + "/a")).isEqualTo(1);
  }
}
