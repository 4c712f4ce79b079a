package org.kindred.stages.artifact;

import com.google.protobuf.Timestamp;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.nio.file.NoSuchFileException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.kindred.proto.artifact.v1.Artifact;
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
 * one atomic step; then the reuse key is written. A writer that dies before that step leaves a
 * staging directory that nobody reads; one that dies between the step and the key leaves a whole
 * artifact, which the next run finds by its digest when it has made the same bytes.
 */
public final class ArtifactStore implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final Logger LOG = LoggerFactory.getLogger(ArtifactStore.class);

  private final String root;
  private final StoreFiles files;

  ArtifactStore(String root, StoreFiles files) {
    this.root =
        root.length() > 1 && root.endsWith("/") ? root.substring(0, root.length() - 1) : root;
    this.files = files;
  }

  /**
   * Opens the store at a local path or at a URI that Beam's file systems open. Nothing is created
   * yet.
   */
  public static ArtifactStore open(String root) {
    return new ArtifactStore(root, StoreFiles.of(root));
  }

  /** Returns the path or URI of the store. */
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
   */
  public Staging newStaging() {
    return new Staging(files, root + "/staging/" + UUID.randomUUID());
  }

  /** Returns the path where training under a reuse key keeps its checkpoints. */
  public String checkpoints(String reuseKey) {
    return root + "/checkpoints/" + reuseKey;
  }

  /**
   * Publishes an artifact. Doing it again with the same arguments, after a failure anywhere, ends
   * in the same artifact.
   *
   * @param staging where the files are
   * @param staged the files
   * @param payload content with its payload set; schema version and file table are filled in here
   * @param producer who made it, its reuse key set
   */
  public StoredArtifact publish(
      Staging staging, List<StagedFile> staged, Content payload, Producer producer)
      throws IOException {
    List<DataFile> table =
        staged.stream()
            .map(StagedFile::file)
            .sorted((a, b) -> a.getPath().compareTo(b.getPath()))
            .toList();
    Content content =
        payload.toBuilder()
            .setSchemaVersion(Manifests.SCHEMA_VERSION)
            .clearFiles()
            .addAllFiles(table)
            .build();
    String digest = Digests.of(content);
    String target = artifactPath(digest);
    if (!Verification.problems(files, target).isEmpty()) {
      stageManifest(staging.path(), staged, content, digest, producer);
      List<String> names = new ArrayList<>(table.stream().map(DataFile::getPath).toList());
      names.add(StoredArtifact.MANIFEST);
      if (!files.publish(staging.path(), target, names)) {
        publishOverDamage(staging.path(), target, names);
      }
    }
    StoredArtifact artifact = read(target);
    remember(digest, producer);
    files.delete(staging.path());
    return artifact;
  }

  /** Another writer was first, or what was there has been damaged since. */
  private void publishOverDamage(String staging, String target, List<String> names)
      throws IOException {
    List<String> damage = Verification.problems(files, target);
    if (!damage.isEmpty()) {
      LOG.warn("replacing a damaged artifact: {}", damage.get(0));
      files.delete(target);
      files.publish(staging, target, names);
    }
  }

  private void stageManifest(
      String staging, List<StagedFile> staged, Content content, String digest, Producer producer)
      throws IOException {
    Set<String> listed = new HashSet<>();
    for (StagedFile file : staged) {
      files.rename(staging + "/" + file.stagedPath(), staging + "/" + file.file().getPath());
      listed.add(file.file().getPath().split("/", 2)[0]);
    }
    for (String entry : files.list(staging)) {
      if (!listed.contains(entry)) {
        files.delete(staging + "/" + entry);
      }
    }
    Artifact manifest =
        Artifact.newBuilder()
            .setDigest(digest)
            .setContent(content)
            .setProducer(producer)
            .setCreated(now())
            .build();
    try (OutputStream out = files.create(staging + "/" + StoredArtifact.MANIFEST)) {
      out.write(Manifests.toJson(manifest));
    }
  }

  private void remember(String digest, Producer producer) throws IOException {
    ReuseEntry entry =
        ReuseEntry.newBuilder().setArtifact(digest).setProducer(producer).setCreated(now()).build();
    files.replace(keyPath(producer.getReuseKey()), Manifests.toJson(entry));
  }

  /** Returns what is stored under a reuse key. */
  public Optional<ReuseEntry> lookup(String reuseKey) throws IOException {
    String path = keyPath(reuseKey);
    if (files.size(path) < 0) {
      return Optional.empty();
    }
    return Optional.of(Manifests.fromJson(readAll(path), ReuseEntry.newBuilder(), path).build());
  }

  /** Returns the artifact with a whole digest, if its manifest is there. */
  public Optional<StoredArtifact> get(String digest) throws IOException {
    return files.size(artifactPath(digest) + "/" + StoredArtifact.MANIFEST) < 0
        ? Optional.empty()
        : Optional.of(read(artifactPath(digest)));
  }

  /** Returns every artifact of the store, in order of digest. */
  public List<StoredArtifact> list() throws IOException {
    List<StoredArtifact> artifacts = new ArrayList<>();
    for (String digest : files.list(root + "/artifacts")) {
      get(digest).ifPresent(artifacts::add);
    }
    return artifacts;
  }

  /**
   * Finds an artifact by a digest, a unique prefix of one, or the path of its directory, which may
   * lie outside this store.
   *
   * @throws ArtifactException if there is none or more than one
   */
  public StoredArtifact resolve(String reference) throws IOException {
    if (reference.matches("[0-9a-f]{4,64}")) {
      List<String> matches =
          files.list(root + "/artifacts").stream()
              .filter(name -> name.startsWith(reference))
              .toList();
      if (matches.size() > 1) {
        throw new ArtifactException(
            "\"%s\" is ambiguous in store %s: %s"
                .formatted(reference, root, String.join(", ", matches)));
      }
      if (matches.size() == 1) {
        return read(artifactPath(matches.get(0)));
      }
    }
    StoreFiles outside = StoreFiles.of(reference);
    if (reference.contains("/") && outside.size(reference + "/" + StoredArtifact.MANIFEST) >= 0) {
      return read(outside, reference);
    }
    throw new ArtifactException(
        "no artifact \"%s\" in store %s; a reference is a digest, a unique prefix of at least 4 digits, or the path of a"
                .formatted(reference, root)
            + " directory with "
            + StoredArtifact.MANIFEST);
  }

  /**
   * Returns what is wrong with an artifact, one line each; nothing when it is whole. Reads every
   * byte.
   */
  public List<String> verify(StoredArtifact artifact) throws IOException {
    return Verification.problems(artifact.files(), artifact.location());
  }

  private StoredArtifact read(String location) throws IOException {
    return read(files, location);
  }

  private static StoredArtifact read(StoreFiles files, String location) throws IOException {
    String path = location + "/" + StoredArtifact.MANIFEST;
    return new StoredArtifact(files, location, Manifests.read(readAll(files, path), path));
  }

  private byte[] readAll(String path) throws IOException {
    return readAll(files, path);
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
