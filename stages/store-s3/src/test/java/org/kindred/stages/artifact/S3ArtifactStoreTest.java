package org.kindred.stages.artifact;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/** On the S3 server that {@link S3FilesTest} tells of. */
@EnabledIfEnvironmentVariable(named = "KINDRED_TEST_S3", matches = "s3://.+")
class S3ArtifactStoreTest extends ArtifactStoreContract {
  S3ArtifactStoreTest() {
    super(StoreFiles.of("s3://"));
  }

  @BeforeAll
  static void findFileSystems() {
    S3FilesTest.findFileSystems();
  }

  @Override
  String newRoot() {
    return S3FilesTest.newDirectory() + "/store";
  }

  /** There are no directories. */
  @Override
  void makeDirectory(String path) {}

  @Test
  @Override
  void writersThatRacePublishOneArtifact() throws Exception {
    super.writersThatRacePublishOneArtifact();
  }

  /** An object is no obstacle: keys are not directories. */
  @Override
  void aStoreInAFilesPlaceIsAClearError() {}
}
