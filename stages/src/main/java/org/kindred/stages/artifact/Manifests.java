package org.kindred.stages.artifact;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.kindred.proto.artifact.v1.Artifact;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.DataFile;

/** Manifests as protobuf JSON, and what makes one valid. */
public final class Manifests {

  /**
   * Version of {@code kindred.artifact.v1.Content} that this code writes, and the newest that it
   * reads.
   */
  public static final int SCHEMA_VERSION = 1;

  private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");
  private static final JsonFormat.Printer PRINTER =
      JsonFormat.printer().preservingProtoFieldNames().sortingMapKeys();

  private Manifests() {}

  /**
   * Returns a message as JSON with the names of its .proto file, map keys sorted, and a line feed
   * at the end.
   */
  public static byte[] toJson(Message message) {
    try {
      return (PRINTER.print(message) + "\n").getBytes(StandardCharsets.UTF_8);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException("not printable as JSON: " + message.getClass(), e);
    }
  }

  /**
   * Reads a message from JSON, strictly: an unknown field is an error.
   *
   * @param where names the file in errors
   * @throws ArtifactException if the JSON is not such a message
   */
  public static <B extends Message.Builder> B fromJson(byte[] json, B builder, String where) {
    parse(JsonFormat.parser(), json, builder, where);
    return builder;
  }

  private static void parse(
      JsonFormat.Parser parser, byte[] json, Message.Builder builder, String where) {
    try {
      parser.merge(new String(json, StandardCharsets.UTF_8), builder);
    } catch (InvalidProtocolBufferException e) {
      throw new ArtifactException(
          "%s is not a valid %s: %s"
              .formatted(where, builder.getDescriptorForType().getFullName(), e.getMessage()),
          e);
    }
  }

  /**
   * Returns a content as readers of its manifest will see it. Where JSON can't keep what the wire
   * format can, such as the sign of a zero, their digest would not be the writer's.
   */
  static Content canonical(Content content) {
    return fromJson(toJson(content), Content.newBuilder(), "content").build();
  }

  /**
   * Reads and checks an artifact's manifest.
   *
   * @throws ArtifactException if it is not valid, was changed after it was written, or has a newer
   *     schema
   */
  static Artifact read(byte[] json, String where) {
    // First, because a newer schema may have fields that are not known here.
    checkVersion(json, where);
    Artifact artifact = fromJson(json, Artifact.newBuilder(), where).build();
    Content content = artifact.getContent();
    String digest = Digests.of(content);
    if (!digest.equals(artifact.getDigest())) {
      throw new ArtifactException(
          "%s was changed after it was written: it says digest %s, its content has %s"
              .formatted(where, artifact.getDigest(), digest));
    }
    check(content, where);
    return artifact;
  }

  private static void checkVersion(byte[] json, String where) {
    Artifact.Builder known = Artifact.newBuilder();
    parse(JsonFormat.parser().ignoringUnknownFields(), json, known, where);
    int version = known.getContent().getSchemaVersion();
    if (version < 1 || version > SCHEMA_VERSION) {
      throw new ArtifactException(
          "%s has schema version %d, this Kindred reads 1 to %d"
              .formatted(where, version, SCHEMA_VERSION));
    }
  }

  /**
   * Checks a content, before it is written and after it was read.
   *
   * @throws ArtifactException if it has no payload, a path leads out of the artifact or is there
   *     twice, or a digest is none
   */
  static void check(Content content, String where) {
    if (content.getPayloadCase() == Content.PayloadCase.PAYLOAD_NOT_SET) {
      throw new ArtifactException(where + " has no payload");
    }
    String previous = "";
    for (DataFile file : content.getFilesList()) {
      checkPath(file.getPath(), where);
      if (!isDigest(file.getSha256())) {
        throw new ArtifactException(
            "%s gives \"%s\" as SHA-256 of %s, valid are 64 hexadecimal digits"
                .formatted(where, file.getSha256(), file.getPath()));
      }
      if (file.getPath().compareTo(previous) <= 0) {
        throw new ArtifactException(
            "%s lists \"%s\" after \"%s\", valid are paths in order, each of them once"
                .formatted(where, file.getPath(), previous));
      }
      previous = file.getPath();
    }
  }

  static void checkPath(String path, String where) {
    List<String> names = List.of(path.split("/", -1));
    if (names.contains("")
        || names.contains(".")
        || names.contains("..")
        || names.get(0).equals(StoredArtifact.MANIFEST)) {
      throw new ArtifactException(
          "%s lists \"%s\", valid are paths inside the artifact's directory"
              .formatted(where, path));
    }
  }

  static boolean isDigest(String text) {
    return DIGEST.matcher(text).matches();
  }

  /** Returns the type that a content's payload stands for. */
  public static ArtifactType type(Content content) {
    return switch (content.getPayloadCase()) {
      case DATASET -> ArtifactType.ARTIFACT_TYPE_DATASET;
      case VIEW_SET -> ArtifactType.ARTIFACT_TYPE_VIEW_SET;
      case MODEL -> ArtifactType.ARTIFACT_TYPE_MODEL;
      case EMBEDDING_SET -> ArtifactType.ARTIFACT_TYPE_EMBEDDING_SET;
      case NEIGHBOR_GRAPH -> ArtifactType.ARTIFACT_TYPE_NEIGHBOR_GRAPH;
      case POSITIVE_SET -> ArtifactType.ARTIFACT_TYPE_POSITIVE_SET;
      case CLUSTERING -> ArtifactType.ARTIFACT_TYPE_CLUSTERING;
      case EVALUATION -> ArtifactType.ARTIFACT_TYPE_EVALUATION;
      case PAYLOAD_NOT_SET -> ArtifactType.ARTIFACT_TYPE_UNSPECIFIED;
    };
  }

  /** Returns a type's name in the field's terms, such as {@code EmbeddingSet}. */
  public static String typeName(ArtifactType type) {
    StringBuilder name = new StringBuilder();
    for (String word : type.name().substring("ARTIFACT_TYPE_".length()).split("_", -1)) {
      name.append(word.charAt(0)).append(word.substring(1).toLowerCase(Locale.ROOT));
    }
    return name.toString();
  }
}
