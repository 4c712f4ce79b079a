package org.kindred.stages.artifact;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** On Beam's own file system for local paths. */
class BeamFilesTest extends StoreFilesContract {
  BeamFilesTest() {
    super(new BeamFiles());
  }

  @Test
  void urisAreAbsolute() {
    assertThat(files.absolute("gs://bucket/store/")).isEqualTo("gs://bucket/store");
    assertThat(files.absolute("hdfs:///store")).isEqualTo("hdfs:///store");
  }

  @Test
  void aPublishCompletesWhatAnotherLeftHalfDone() throws IOException {
    List<String> names = List.of("a", "b", "manifest");
    for (String name : names) {
      write("staging/" + name, "whole " + name);
    }
    write("artifacts/x/a", "wh");
    assertThat(files.publish(root + "/staging", root + "/artifacts/x", names)).isTrue();
    for (String name : names) {
      assertThat(read("artifacts/x/" + name)).isEqualTo("whole " + name);
    }
  }

  @Test
  void aLocalCopyIsMadeOnce() throws IOException {
    String path = write("a", "x");
    assertThat(files.local(path)).isEqualTo(files.local(path)).hasContent("x");
  }
}
