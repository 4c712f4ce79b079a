package org.kindred.pipelines.plan;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Properties;
import java.util.SortedMap;
import java.util.TreeMap;
import org.kindred.pipelines.experiment.CanonicalJson;
import org.kindred.proto.artifact.v1.InputRef;
import org.kindred.proto.artifact.v1.Platform;
import org.kindred.proto.artifact.v1.Producer;
import org.kindred.stages.artifact.Digests;
import org.kindred.stages.artifact.StoredArtifact;

/** Who makes an artifact, and the key under which it is found again. */
public final class Producers {
  private static final String VERSIONS = "/org/kindred/pipelines/versions.properties";
  private static final SortedMap<String, String> LIBRARIES = libraries();

  private Producers() {}

  /**
   * Returns the version of Kindred; behind a plus sign the revision of its source, where the
   * launcher found one.
   */
  public static String kindredVersion() {
    String revision = System.getProperty("kindred.revision", "");
    return LIBRARIES.get("kindred") + (revision.isEmpty() ? "" : "+" + revision);
  }

  /** Returns this machine and runtime. */
  public static Platform platform(String runner) {
    return Platform.newBuilder()
        .setOperatingSystem(System.getProperty("os.name") + " " + System.getProperty("os.version"))
        .setArchitecture(System.getProperty("os.arch"))
        .setJava(System.getProperty("java.runtime.version"))
        .setProcessors(Runtime.getRuntime().availableProcessors())
        .setRunner(runner)
        .build();
  }

  /** Describes the making of a step's artifact from these inputs, reuse key included. */
  static Producer of(
      BoundStep step,
      long seed,
      String fingerprint,
      Map<String, StoredArtifact> inputs,
      String runner) {
    Producer.Builder producer =
        Producer.newBuilder()
            .setStage(step.stage().name())
            .setImplementationVersion(step.stage().version())
            .setConfig(CanonicalJson.toStruct(step.config()))
            .setSeed(step.stage().usesSeed() ? seed : 0)
            .setSourceFingerprint(fingerprint)
            .setKindredVersion(kindredVersion())
            .putAllLibraries(LIBRARIES)
            .setPlatform(platform(runner));
    new TreeMap<>(inputs)
        .forEach(
            (name, artifact) ->
                producer.addInputs(
                    InputRef.newBuilder()
                        .setName(name)
                        .setType(artifact.type())
                        .setDigest(artifact.digest())));
    String config = CanonicalJson.of(ReuseKeyFields.of(step.config()));
    return producer.setReuseKey(reuseKey(producer, config)).build();
  }

  private static String reuseKey(Producer.Builder producer, String config) {
    StringBuilder text = new StringBuilder();
    text.append("stage ").append(producer.getStage()).append('\n');
    text.append("version ").append(producer.getImplementationVersion()).append('\n');
    text.append("config ").append(config).append('\n');
    text.append("seed ").append(producer.getSeed()).append('\n');
    text.append("source ").append(producer.getSourceFingerprint()).append('\n');
    for (InputRef input : producer.getInputsList()) {
      text.append("input ")
          .append(input.getName())
          .append(' ')
          .append(input.getDigest())
          .append('\n');
    }
    return Digests.of(text.toString().getBytes(StandardCharsets.UTF_8));
  }

  private static SortedMap<String, String> libraries() {
    Properties properties = new Properties();
    try (InputStream in = Producers.class.getResourceAsStream(VERSIONS)) {
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    SortedMap<String, String> libraries = new TreeMap<>();
    properties
        .stringPropertyNames()
        .forEach(name -> libraries.put(name, properties.getProperty(name)));
    return libraries;
  }
}
