package org.kindred.stages.artifact;

/** On Beam's own file system for local paths. */
class BeamArtifactStoreTest extends ArtifactStoreContract {
  BeamArtifactStoreTest() {
    super(new BeamFiles());
  }
}
