package org.kindred.stages.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.util.List;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.io.fs.EmptyMatchTreatment;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.Test;
import org.kindred.store.hdfs.Hdfs;

class HdfsFilesTest extends StoreFilesContract {
  HdfsFilesTest() {
    super(StoreFiles.of("hdfs://localhost/"));
  }

  @Override
  String newRoot() {
    return Hdfs.newDirectory() + "/store";
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
  void theModuleServesItsSchemeOnly() {
    assertThat(StoreFiles.of("hdfs:///a")).isNotInstanceOf(BeamFiles.class).isEqualTo(files);
    assertThat(StoreFiles.of("s3://bucket")).isExactlyInstanceOf(BeamFiles.class);
  }

  @Test
  void anEmptyDirectoryIsNoFile() throws IOException {
    Hdfs.client().mkdirs(new Path(root + "/empty/deep"));
    assertThat(files.size(root + "/empty")).isEqualTo(-1);
    assertThat(files.list(root)).containsExactly("empty");
    assertThat(files.lastModified(root + "/empty")).isPositive();
    files.delete(root + "/empty");
    assertThat(files.list(root)).isEmpty();
  }

  @Test
  void aPublishIsARenameAndLeavesNothingBehind() throws IOException {
    write("staging/1/a", "x");
    write("staging/1/manifest", "x");
    long fileId = id("staging/1/a");
    assertThat(files.publish(root + "/staging/1", root + "/artifacts/x", List.of("a", "manifest")))
        .isTrue();
    assertThat(id("artifacts/x/a")).isEqualTo(fileId);
    assertThat(files.list(root + "/staging")).isEmpty();
  }

  private long id(String name) throws IOException {
    String path = new Path(root + "/" + name).toUri().getPath();
    return Hdfs.client().getClient().getFileInfo(path).getFileId();
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
  void anErrorIsOneLineThatNamesTheUri() throws IOException {
    write("a", "x");
    assertThatIOException()
        .isThrownBy(() -> write("a/b/c", "x"))
        .withMessageStartingWith("cannot create %s/a/b/c: ", root)
        .withMessageContaining("not a directory")
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
  }

  /** Pipelines read from HDFS through Beam. */
  @Test
  void noConfigurationIsNeededWhereTheUriNamesTheNameNode() throws IOException {
    FileSystems.setDefaultPipelineOptions(PipelineOptionsFactory.create());
    String path = write("a", "hello");
    assertThat(read("a")).isEqualTo("hello");
    assertThat(FileSystems.match(path, EmptyMatchTreatment.DISALLOW).metadata())
        .singleElement()
        .satisfies(file -> assertThat(file.sizeBytes()).isEqualTo(5));
  }

  @Test
  void theConfigurationNamesTheNameNodeOtherwise() throws IOException {
    write("a", "hello");
    String path = "hdfs://" + new Path(root).toUri().getPath() + "/a";
    assertThat(files.size(path)).isEqualTo(5);
    assertThat(files.local(path)).hasContent("hello");
    assertThat(FileSystems.match(path, EmptyMatchTreatment.DISALLOW).metadata()).hasSize(1);
  }
}
