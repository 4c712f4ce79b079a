package org.kindred.stages.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.kindred.stages.artifact.SampleArtifact.PRODUCER;
import static org.kindred.stages.artifact.SampleArtifact.SMALL;

import java.io.IOException;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.Test;
import org.kindred.store.hdfs.Hdfs;

class HdfsArtifactStoreTest extends ArtifactStoreContract {
  HdfsArtifactStoreTest() {
    super(StoreFiles.of("hdfs://localhost/"));
  }

  @Override
  String newRoot() {
    return Hdfs.newDirectory() + "/store";
  }

  @Override
  void makeDirectory(String path) throws IOException {
    assertThat(Hdfs.client().mkdirs(new Path(path))).isTrue();
  }

  @Test
  @Override
  void writersThatRacePublishOneArtifact() throws Exception {
    super.writersThatRacePublishOneArtifact();
  }

  /** The attempt can't end: its file is gone, and HDFS does not make it again. */
  @Test
  @Override
  void anAttemptThatEndsAfterThePublishDoesNoHarm() throws IOException {
    Staging staging = store.newStaging(SampleArtifact.TYPE);
    List<StagedFile> staged = SMALL.stage(staging);
    Staging.Shard late = SMALL.startBank(staging);
    StoredArtifact artifact = store.publish(staging, staged, SMALL.payload(), PRODUCER);
    assertThatIOException().isThrownBy(late::finish);
    assertThat(filesBelow(artifact.location())).hasSize(1 + staged.size());
    assertThat(store.verify(artifact)).isEmpty();
    assertThat(filesBelow(root + "/staging")).isEmpty();
  }
}
