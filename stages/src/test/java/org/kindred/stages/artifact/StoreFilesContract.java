package org.kindred.stages.artifact;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every implementation of {@link StoreFiles} does. */
abstract class StoreFilesContract {
  @TempDir Path directory;
  final StoreFiles files;
  String root;

  StoreFilesContract(StoreFiles files) {
    this.files = files;
  }

  @BeforeEach
  void root() {
    root = newRoot();
  }

  /** Returns where a store can be made; by default a directory of this machine. */
  String newRoot() {
    return directory.resolve("store").toString();
  }

  String write(String name, String text) throws IOException {
    try (OutputStream out = files.create(root + "/" + name)) {
      out.write(text.getBytes(UTF_8));
    }
    return root + "/" + name;
  }

  String read(String name) throws IOException {
    try (InputStream in = files.open(root + "/" + name)) {
      return new String(in.readAllBytes(), UTF_8);
    }
  }

  @Test
  void readsWhatWasWritten() throws IOException {
    String path = write("a/b/c.txt", "hello");
    assertThat(read("a/b/c.txt")).isEqualTo("hello");
    assertThat(files.size(path)).isEqualTo(5);
    assertThat(files.local(path)).hasContent("hello");
    String empty = write("a/empty", "");
    assertThat(files.size(empty)).isZero();
    assertThat(files.local(empty)).isEmptyFile();
  }

  @Test
  void createsAFileOnce() throws IOException {
    write("a", "first");
    assertThatExceptionOfType(FileAlreadyExistsException.class)
        .isThrownBy(() -> write("a", "second"))
        .withMessageContaining(root + "/a");
    assertThat(read("a")).isEqualTo("first");
  }

  @Test
  void whatIsNoFileIsNotThere() throws IOException {
    write("a/b", "x");
    for (String name : List.of("c", "a", "a/c", "a/b/c", "none/c")) {
      String path = root + "/" + name;
      assertThat(files.size(path)).as(name).isEqualTo(-1);
      assertThatExceptionOfType(NoSuchFileException.class)
          .as(name)
          .isThrownBy(() -> files.local(path))
          .withMessage(path);
      assertThatExceptionOfType(NoSuchFileException.class)
          .as(name)
          .isThrownBy(() -> files.open(path).close())
          .withMessage(path);
    }
  }

  @Test
  void listsEntriesInOrder() throws IOException {
    assertThat(files.list(root)).isEmpty();
    write("b", "x");
    write("c/d/e", "x");
    write("a", "x");
    write("c.x", "x");
    write("c/f", "x");
    assertThat(files.list(root)).containsExactly("a", "b", "c", "c.x");
    assertThat(files.list(root + "/c")).containsExactly("d", "f");
    assertThat(files.list(root + "/a")).isEmpty();
    assertThat(files.list(root + "/a/b")).isEmpty();
  }

  @Test
  void renamesOnceHoweverOftenItIsAsked() throws IOException {
    String from = write("attempt/a", "x");
    String to = root + "/ready/deep/a";
    files.rename(from, to);
    files.rename(from, to);
    assertThat(read("ready/deep/a")).isEqualTo("x");
    assertThat(files.size(from)).isEqualTo(-1);
    files.rename(write("attempt/b", "y"), to);
    assertThat(read("ready/deep/a")).isEqualTo("y");
    assertThatIOException().isThrownBy(() -> files.rename(root + "/none", root + "/nothing"));
  }

  @Test
  void replacesAFile() throws IOException {
    files.replace(root + "/keys/k", "first, which is longer".getBytes(UTF_8));
    files.replace(root + "/keys/k", "second".getBytes(UTF_8));
    assertThat(read("keys/k")).isEqualTo("second");
    assertThat(files.list(root + "/keys")).containsExactly("k");
  }

  @Test
  void publishesOnce() throws IOException {
    List<String> names = List.of("a", "deep/er/b", "manifest");
    for (String staged : List.of("staging/1", "staging/2")) {
      for (String name : names) {
        write(staged + "/" + name, staged + name);
      }
    }
    assertThat(files.publish(root + "/staging/1", root + "/artifacts/x", names)).isTrue();
    assertThat(files.publish(root + "/staging/2", root + "/artifacts/x", names)).isFalse();
    for (String name : names) {
      assertThat(read("artifacts/x/" + name)).isEqualTo("staging/1" + name);
    }
    assertThat(files.list(root + "/artifacts/x")).containsExactly("a", "deep", "manifest");
    files.delete(root + "/artifacts/x");
    assertThat(files.publish(root + "/staging/2", root + "/artifacts/x", names)).isTrue();
    assertThat(read("artifacts/x/deep/er/b")).isEqualTo("staging/2deep/er/b");
  }

  @Test
  void publishesFilesOfTheManifestAlone() throws IOException {
    write("staging/manifest", "x");
    assertThat(files.publish(root + "/staging", root + "/artifacts/x", List.of("manifest")))
        .isTrue();
    assertThat(files.list(root + "/artifacts/x")).containsExactly("manifest");
  }

  /** For file systems on which the name is there when {@code create} or {@code close} returns. */
  void ofWritersThatRaceOneCreates() throws Exception {
    for (int round = 0; round < 3; round++) {
      String path = root + "/claims/" + round;
      assertThat(
              Race.of(
                  4,
                  writer -> {
                    try (OutputStream out = files.create(path)) {
                      out.write(("writer " + writer).getBytes(UTF_8));
                      return false;
                    } catch (FileAlreadyExistsException e) {
                      return true;
                    }
                  }))
          .containsOnlyOnce(false);
      assertThat(read("claims/" + round)).startsWith("writer ");
    }
  }

  /** For file systems with a conditional last step. */
  void ofWritersThatRaceOnePublishes() throws Exception {
    List<String> names = List.of("a", "deep/b", "manifest");
    for (int round = 0; round < 3; round++) {
      String staging = root + "/staging/" + round + "-";
      String target = root + "/artifacts/" + round;
      for (int writer = 0; writer < 4; writer++) {
        write("staging/" + round + "-" + writer + "/a", "same");
        write("staging/" + round + "-" + writer + "/deep/b", "bytes");
        write("staging/" + round + "-" + writer + "/manifest", "by " + writer);
      }
      List<Boolean> won = Race.of(4, writer -> files.publish(staging + writer, target, names));
      assertThat(won).containsOnlyOnce(true);
      assertThat(read("artifacts/" + round + "/manifest")).isEqualTo("by " + won.indexOf(true));
      assertThat(read("artifacts/" + round + "/a")).isEqualTo("same");
      assertThat(read("artifacts/" + round + "/deep/b")).isEqualTo("bytes");
      assertThat(files.list(target)).containsExactly("a", "deep", "manifest");
    }
  }

  @Test
  void whatIsWithdrawnMakesRoom() throws IOException {
    List<String> names = List.of("a", "manifest");
    for (String name : names) {
      write("artifacts/x/" + name, "damaged");
      write("staging/1/" + name, "whole");
    }
    files.withdraw(root + "/artifacts/x", "manifest", root + "/staging/aside");
    assertThat(files.size(root + "/artifacts/x/manifest")).isEqualTo(-1);
    files.withdraw(root + "/artifacts/x", "manifest", root + "/staging/again");
    assertThat(files.publish(root + "/staging/1", root + "/artifacts/x", names)).isTrue();
    assertThat(read("artifacts/x/a")).isEqualTo("whole");
    assertThat(read("artifacts/x/manifest")).isEqualTo("whole");
  }

  @Test
  void deletesWhatIsBelow() throws IOException {
    write("a/b/c/d", "x");
    write("a/b/e", "x");
    write("a.txt", "x");
    write("ab/c", "x");
    files.delete(root + "/a");
    files.delete(root + "/a");
    files.delete(root + "/none");
    assertThat(files.list(root)).contains("a.txt", "ab").doesNotContain("a/b");
    assertThat(files.list(root + "/a")).isEmpty();
    assertThat(files.size(root + "/a/b/e")).isEqualTo(-1);
    files.delete(root + "/a.txt");
    assertThat(files.size(root + "/a.txt")).isEqualTo(-1);
    assertThat(read("ab/c")).isEqualTo("x");
  }

  @Test
  void tellsTheNewestChange() throws IOException {
    long before = System.currentTimeMillis() - 10_000;
    write("a/b/old", "x");
    String file = write("a/file", "x");
    assertThat(files.lastModified(file)).isBetween(before, before + 600_000);
    assertThat(files.lastModified(root + "/a")).isGreaterThanOrEqualTo(files.lastModified(file));
    assertThat(files.lastModified(root + "/none")).isZero();
  }

  @Test
  void stateOfThisMachineIsFoundAgainUntilItIsDeleted() throws IOException {
    String path = root + "/checkpoints/key";
    Path state = Files.writeString(files.localDirectory(path).resolve("epoch-1"), "weights");
    assertThat(files.localDirectory(path).resolve("epoch-1"))
        .isEqualTo(state)
        .hasContent("weights");
    files.deleteLocalDirectory(path);
    files.deleteLocalDirectory(path);
    assertThat(state.getParent()).doesNotExist();
  }

  @Test
  void aLocalCopyIsOfTheFileAsItIs() throws IOException {
    String path = write("a", "damaged");
    assertThat(files.local(path)).hasContent("damaged");
    files.delete(path);
    write("a", "repaired");
    assertThat(files.local(path)).hasContent("repaired");
  }

  @Test
  void aStoreInAFilesPlaceIsAClearError() throws IOException {
    try (OutputStream out = files.create(root)) {
      out.write("not a directory".getBytes(UTF_8));
    }
    assertThat(files.list(root + "/artifacts")).isEmpty();
    assertThat(files.size(root + "/artifacts/x")).isEqualTo(-1);
    assertThatIOException()
        .isThrownBy(() -> write("staging/a", "x"))
        .withMessageContaining(root)
        .withMessageContaining("director");
    assertThatIOException()
        .isThrownBy(() -> files.replace(root + "/keys/k", new byte[0]))
        .withMessageContaining(root)
        .withMessageContaining("director");
  }
}
