package org.kindred.stages.artifact;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.kindred.proto.artifact.v1.Artifact;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.DataFile;
import org.kindred.proto.artifact.v1.Producer;

/**
 * An artifact at a place: its manifest, and where its files are.
 *
 * @param files the operations that read it
 * @param location its directory
 * @param manifest what `artifact.json` there says
 */
public record StoredArtifact(StoreFiles files, String location, Artifact manifest)
    implements Serializable {

  /** Name of the manifest in an artifact's directory. */
  public static final String MANIFEST = "artifact.json";

  /**
   * Returns an artifact of which there is but the manifest: what estimates are made of.
   *
   * @param name stands for its digest and location
   */
  public static StoredArtifact planned(String name, Content content, Producer producer) {
    return new StoredArtifact(
        StoreFiles.of(""),
        name,
        Artifact.newBuilder().setDigest(name).setContent(content).setProducer(producer).build());
  }

  /** Returns the artifact's digest. */
  public String digest() {
    return manifest.getDigest();
  }

  /** Returns what the digest covers. */
  public Content content() {
    return manifest.getContent();
  }

  /** Returns the kind of artifact that this is. */
  public ArtifactType type() {
    return Manifests.type(manifest.getContent());
  }

  /** Returns the parts of a table in order; none if the artifact has no such table. */
  public List<DataFile> parts(String table) {
    return manifest.getContent().getFilesList().stream()
        .filter(file -> file.getTable().equals(table))
        .toList();
  }

  /** Returns the rows of a table. */
  public long rows(String table) {
    return parts(table).stream().mapToLong(DataFile::getRows).sum();
  }

  /**
   * Returns the parts of a table as local files, in order.
   *
   * @throws ArtifactException if the artifact has no such table
   */
  public List<Path> localTable(String table) throws IOException {
    List<Path> paths = new ArrayList<>();
    for (DataFile part : parts(table)) {
      paths.add(local(part));
    }
    if (paths.isEmpty()) {
      throw new ArtifactException(
          "artifact %s (%s) has no table \"%s\""
              .formatted(location, Manifests.typeName(type()), table));
    }
    return paths;
  }

  /**
   * Returns a directory of the artifact, such as a SavedModel's, as a local one: itself, or a copy
   * that lives until this process ends.
   *
   * @param directory path relative to the artifact
   */
  public Path localDirectory(String directory) throws IOException {
    Path root = null;
    for (DataFile file : manifest.getContent().getFilesList()) {
      if (file.getPath().startsWith(directory + "/")) {
        Path local = local(file);
        int depth = file.getPath().substring(directory.length() + 1).split("/", -1).length;
        for (int i = 0; i < depth; i++) {
          local = local.getParent();
        }
        root = local;
      }
    }
    if (root == null) {
      throw new ArtifactException(
          "artifact %s has no directory \"%s\"".formatted(location, directory));
    }
    return root;
  }

  /** Returns one of the artifact's files as a local one. */
  public Path local(DataFile file) throws IOException {
    return files.local(location + "/" + file.getPath());
  }
}
