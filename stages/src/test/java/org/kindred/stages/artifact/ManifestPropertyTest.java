package org.kindred.stages.artifact;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.kindred.proto.artifact.v1.Artifact;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.DataFile;
import org.kindred.proto.artifact.v1.Evaluation;
import org.kindred.proto.artifact.v1.MetricValue;

class ManifestPropertyTest {

  @Property(tries = 200)
  void aManifestIsReadAsItWasWritten(@ForAll("contents") Content given) {
    Content content = Manifests.canonical(given);
    Artifact written =
        Artifact.newBuilder().setDigest(Digests.of(content)).setContent(content).build();
    byte[] json = Manifests.toJson(written);
    assertThat(Manifests.read(json, "here")).isEqualTo(written);
    assertThat(Manifests.toJson(Manifests.read(json, "here"))).isEqualTo(json);
  }

  @Property(tries = 200)
  void theDigestTellsContentsApart(
      @ForAll("contents") Content one, @ForAll("contents") Content other) {
    assertThat(Digests.of(one).equals(Digests.of(other))).isEqualTo(one.equals(other));
  }

  @Property(tries = 200)
  void theDigestDependsOnEveryFieldOfAFile(
      @ForAll("contents") Content content, @ForAll @IntRange(max = 4) int field) {
    Assume.that(content.getFilesCount() > 0);
    DataFile.Builder file = content.getFiles(0).toBuilder();
    Content before = content.toBuilder().clearFiles().addFiles(file).build();
    switch (field) {
      case 0 -> file.setPath(file.getPath() + "x");
      case 1 -> file.setTable(file.getTable() + "x");
      case 2 -> file.setBytes(file.getBytes() + 1);
      case 3 -> file.setRows(file.getRows() + 1);
      default -> file.setSha256(file.getSha256() + "0");
    }
    Content after = before.toBuilder().setFiles(0, file).build();
    assertThat(Digests.of(after)).isNotEqualTo(Digests.of(before));
  }

  @Provide
  Arbitrary<Content> contents() {
    return Combinators.combine(files(), metrics().list().ofMaxSize(4))
        .as(
            (files, metrics) ->
                Content.newBuilder()
                    .setSchemaVersion(Manifests.SCHEMA_VERSION)
                    .addAllFiles(files)
                    .setEvaluation(Evaluation.newBuilder().addAllMetrics(metrics))
                    .build());
  }

  private static Arbitrary<List<DataFile>> files() {
    Arbitrary<String> paths =
        Arbitraries.strings().withCharRange('a', 'z').ofMinLength(1).ofMaxLength(9);
    return paths
        .set()
        .ofMaxSize(5)
        .flatMap(
            names ->
                Combinators.combine(
                        Arbitraries.longs(),
                        Arbitraries.longs(),
                        Arbitraries.bytes().array(byte[].class))
                    .as(
                        (bytes, rows, data) ->
                            names.stream()
                                .sorted()
                                .map(
                                    name ->
                                        DataFile.newBuilder()
                                            .setPath(name)
                                            .setBytes(bytes)
                                            .setRows(rows)
                                            .setSha256(Digests.of(data))
                                            .build())
                                .toList()));
  }

  /** Any text, and any number: NaN, infinities and negative zero too. */
  private static Arbitrary<MetricValue> metrics() {
    Arbitrary<String> texts =
        Arbitraries.strings().withCharRange('\0', '\ud7ff').withChars('"', '\\', '\u2028');
    Arbitrary<Double> numbers =
        Arbitraries.longs()
            .map(Double::longBitsToDouble)
            .map(number -> number.isNaN() ? Double.NaN : number)
            .edgeCases(
                edges ->
                    edges.add(
                        0.0,
                        -0.0,
                        Double.NaN,
                        Double.POSITIVE_INFINITY,
                        Double.NEGATIVE_INFINITY,
                        Double.MIN_VALUE));
    return Combinators.combine(texts, numbers)
        .as((text, number) -> MetricValue.newBuilder().setName(text).setValue(number).build());
  }
}
