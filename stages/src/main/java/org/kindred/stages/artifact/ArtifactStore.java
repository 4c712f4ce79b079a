package org.kindred.stages.artifact;

import static java.util.stream.Collectors.joining;

import com.google.protobuf.Timestamp;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.kindred.proto.artifact.v1.Artifact;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.DataFile;
import org.kindred.proto.artifact.v1.Producer;
import org.kindred.proto.pipeline.v1.ReuseEntry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where artifacts live.
 *
 * <p>Publishing: a stage's workers write data files below {@link #newStaging}; {@link #publish}
 * names them, writes the manifest beside them, and makes the directory {@code artifacts/DIGEST} in
 * one step, as {@link StoreFiles#publish} says; then the reuse key is written. A writer that dies
 * before that step leaves a staging directory that nobody reads; one that dies between the step and
 * the key leaves a whole artifact, which the next run finds by its digest when it has made the same
 * bytes.
 */
public final class ArtifactStore implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final Logger LOG = LoggerFactory.getLogger(ArtifactStore.class);

  /** Longer than any stage takes from one data file to the next. */
  private static final Duration ABANDONED = Duration.ofDays(7);

  private final String root;
  private final StoreFiles files;

  ArtifactStore(String root, StoreFiles files) {
    this.root = files.absolute(root);
    this.files = files;
  }

  /**
   * Opens the store at a local path or at a URI that Beam's file systems open. Nothing is created
   * yet.
   */
  public static ArtifactStore open(String root) {
    return new ArtifactStore(root, StoreFiles.of(root));
  }

  /** Returns the absolute path or URI of the store. */
  public String root() {
    return root;
  }

  /** Returns the operations that the store is built of. */
  public StoreFiles files() {
    return files;
  }

  /**
   * Returns a directory for the data files of one stage in progress; no other stage in progress has
   * it.
   *
   * @param type type of the artifact that the stage makes
   */
  public Staging newStaging(ArtifactType type) {
    return new Staging(files, stagingPath() + "/" + UUID.randomUUID(), type);
  }

  /**
   * Deletes the staging directories that killed runs left behind: those in which nothing has
   * changed for a week. What can't be deleted stays, with a warning.
   */
  public void deleteAbandonedStaging() {
    deleteStagingBefore(Instant.now().minus(ABANDONED));
  }

  void deleteStagingBefore(Instant limit) {
    try {
      for (String name : files.list(stagingPath())) {
        String path = stagingPath() + "/" + name;
        long changed = files.lastModified(path);
        if (changed > 0 && changed < limit.toEpochMilli()) {
          LOG.info("deleting {}, which a killed run left behind", path);
          discard(path);
        }
      }
    } catch (IOException e) {
      LOG.warn("cannot look for what killed runs left in {}: {}", stagingPath(), e.toString());
    }
  }

  private String stagingPath() {
    return root + "/staging";
  }

  /**
   * Returns the path where training under a reuse key keeps its checkpoints until its artifact is
   * published.
   */
  public String checkpoints(String reuseKey) {
    return root + "/checkpoints/" + reuseKey;
  }

  /**
   * Publishes an artifact. Doing it again with the same arguments, after a failure anywhere, ends
   * in the same artifact. When it is done, the checkpoints under the producer's reuse key are
   * deleted, because nothing reads them any more, unless another process is training on them.
   *
   * @param staging where the files are
   * @param staged the files, one for each path
   * @param payload content with its payload set; schema version and file table are filled in here
   * @param producer who made it, its reuse key set
   * @throws ArtifactException if there is no payload, two files have the same path, or a path leads
   *     out of the artifact
   */
  public StoredArtifact publish(
      Staging staging, List<StagedFile> staged, Content payload, Producer producer)
      throws IOException {
    if (producer.getReuseKey().isEmpty()) {
      throw new IllegalArgumentException(
          "stage \"%s\" publishes without a reuse key".formatted(producer.getStage()));
    }
    List<DataFile> table =
        staged.stream()
            .map(StagedFile::file)
            .sorted(Comparator.comparing(DataFile::getPath))
            .toList();
    Content content =
        Manifests.canonical(
            payload.toBuilder()
                .setSchemaVersion(Manifests.SCHEMA_VERSION)
                .clearFiles()
                .addAllFiles(table)
                .build());
    Manifests.check(content, "what stage \"%s\" made".formatted(producer.getStage()));
    String digest = Digests.of(content);
    if (!isWhole(digest)) {
      publish(staging, staged, artifact(digest, content, producer));
    }
    StoredArtifact artifact = read(artifactPath(digest), digest);
    remember(digest, producer);
    discard(staging.path());
    discardCheckpoints(producer.getReuseKey());
    return artifact;
  }

  private boolean isWhole(String digest) {
    return Verification.problems(files, artifactPath(digest), digest).isEmpty();
  }

  private static Artifact artifact(String digest, Content content, Producer producer) {
    return Artifact.newBuilder()
        .setDigest(digest)
        .setContent(content)
        .setProducer(producer)
        .setCreated(now())
        .build();
  }

  /**
   * Gathers the files in a directory of their own, which leaves out what abandoned attempts at them
   * have written or still write, and publishes it.
   */
  private void publish(Staging staging, List<StagedFile> staged, Artifact artifact)
      throws IOException {
    String ready = staging.path() + "/" + artifact.getDigest();
    List<String> names = new ArrayList<>();
    for (StagedFile file : staged) {
      files.rename(staging.path() + "/" + file.stagedPath(), ready + "/" + file.file().getPath());
      names.add(file.file().getPath());
    }
    String manifest = ready + "/" + StoredArtifact.MANIFEST;
    files.delete(manifest);
    try (OutputStream out = files.create(manifest)) {
      out.write(Manifests.toJson(artifact));
    }
    names.add(StoredArtifact.MANIFEST);
    String target = artifactPath(artifact.getDigest());
    if (!files.publish(ready, target, names)) {
      publishOverDamage(staging, target, names, artifact.getDigest());
    }
  }

  /** Another writer was first, or what was there has been damaged since. */
  private void publishOverDamage(Staging staging, String target, List<String> names, String digest)
      throws IOException {
    List<String> damage = Verification.problems(files, target, digest);
    if (!damage.isEmpty()) {
      LOG.warn("replacing a damaged artifact: {}", damage.get(0));
      files.withdraw(target, StoredArtifact.MANIFEST, staging.path() + "/" + UUID.randomUUID());
      if (!files.publish(staging.path() + "/" + digest, target, names)) {
        damage = Verification.problems(files, target, digest);
        if (!damage.isEmpty()) {
          throw new ArtifactException(
              "cannot replace a damaged artifact, somebody else writes to it: " + damage.get(0));
        }
      }
    }
  }

  /** Nobody reads what is left in a staging directory, so it need not fail who is done with it. */
  private void discard(String staging) {
    try {
      files.delete(staging);
    } catch (IOException e) {
      LOG.warn("cannot delete {}: {}", staging, e.toString());
    }
  }

  private void discardCheckpoints(String reuseKey) {
    try {
      files.deleteLocalDirectory(checkpoints(reuseKey));
    } catch (IOException e) {
      LOG.warn("cannot delete {}: {}", checkpoints(reuseKey), e.toString());
    }
  }

  private void remember(String digest, Producer producer) throws IOException {
    ReuseEntry entry =
        ReuseEntry.newBuilder().setArtifact(digest).setProducer(producer).setCreated(now()).build();
    files.replace(keyPath(producer.getReuseKey()), Manifests.toJson(entry));
  }

  /**
   * Returns what is stored under a reuse key. An entry that is not readable counts as none: the
   * stage that is then run again writes it anew.
   */
  public Optional<ReuseEntry> lookup(String reuseKey) throws IOException {
    String path = keyPath(reuseKey);
    if (files.size(path) < 0) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          Manifests.fromJson(readAll(files, path), ReuseEntry.newBuilder(), path).build());
    } catch (ArtifactException e) {
      LOG.warn("ignoring a reuse key: {}", e.getMessage());
      return Optional.empty();
    }
  }

  /**
   * Returns the artifact with a whole digest, if its manifest is there.
   *
   * @throws ArtifactException if the manifest is not valid, or is another artifact's
   */
  public Optional<StoredArtifact> get(String digest) throws IOException {
    String location = artifactPath(digest);
    return Manifests.isDigest(digest) && files.size(location + "/" + StoredArtifact.MANIFEST) >= 0
        ? Optional.of(read(location, digest))
        : Optional.empty();
  }

  /**
   * Returns every artifact of the store, in order of digest. What else lies in its directory is
   * passed over, with a warning where it should be an artifact.
   */
  public List<StoredArtifact> list() throws IOException {
    return readable("");
  }

  private List<StoredArtifact> readable(String prefix) throws IOException {
    List<StoredArtifact> artifacts = new ArrayList<>();
    for (String name : files.list(root + "/artifacts")) {
      try {
        if (name.startsWith(prefix)) {
          get(name).ifPresent(artifacts::add);
        }
      } catch (ArtifactException | IOException e) {
        LOG.warn("passing over an artifact: {}", e.getMessage());
      }
    }
    return artifacts;
  }

  /**
   * Finds an artifact by a digest, a unique prefix of one, or the path of its directory, which may
   * lie outside this store. Only artifacts whose manifests are readable make a prefix ambiguous.
   *
   * @throws UnknownArtifactException if there is none or more than one
   * @throws ArtifactException if its manifest is not valid
   */
  public StoredArtifact resolve(String reference) throws IOException {
    Optional<StoredArtifact> named = get(reference);
    if (named.isPresent()) {
      return named.get();
    }
    if (reference.matches("[0-9a-f]{4,64}")) {
      List<StoredArtifact> matches = readable(reference);
      if (matches.size() > 1) {
        throw new UnknownArtifactException(
            "\"%s\" is ambiguous in store %s: %s"
                .formatted(
                    reference,
                    root,
                    matches.stream().map(StoredArtifact::digest).collect(joining(", "))));
      }
      if (matches.size() == 1) {
        return matches.get(0);
      }
    }
    if (reference.contains("/")) {
      StoreFiles outside = StoreFiles.of(reference);
      String location = outside.absolute(reference);
      if (outside.size(location + "/" + StoredArtifact.MANIFEST) >= 0) {
        return read(outside, location);
      }
    }
    throw new UnknownArtifactException(
        ("no artifact \"%s\" in store %s; valid are a digest, a unique prefix of one of at least 4"
                + " digits, and the path of a directory with %s")
            .formatted(reference, root, StoredArtifact.MANIFEST));
  }

  /**
   * Returns what is wrong with an artifact, one line each; nothing when it is whole. Reads every
   * byte.
   */
  public List<String> verify(StoredArtifact artifact) {
    return Verification.problems(artifact.files(), artifact.location(), artifact.digest());
  }

  private StoredArtifact read(String location, String digest) throws IOException {
    StoredArtifact artifact = read(files, location);
    if (!artifact.digest().equals(digest)) {
      throw new ArtifactException("%s holds artifact %s".formatted(location, artifact.digest()));
    }
    return artifact;
  }

  private static StoredArtifact read(StoreFiles files, String location) throws IOException {
    String path = location + "/" + StoredArtifact.MANIFEST;
    return new StoredArtifact(files, location, Manifests.read(readAll(files, path), path));
  }

  static byte[] readAll(StoreFiles files, String path) throws IOException {
    try (InputStream in = files.open(path)) {
      return in.readAllBytes();
    } catch (NoSuchFileException e) {
      throw new ArtifactException("missing: " + path, e);
    }
  }

  private String artifactPath(String digest) {
    return root + "/artifacts/" + digest;
  }

  private String keyPath(String reuseKey) {
    return root + "/keys/" + reuseKey + ".json";
  }

  private static Timestamp now() {
    Instant now = Instant.now();
    return Timestamp.newBuilder().setSeconds(now.getEpochSecond()).setNanos(now.getNano()).build();
  }
}
