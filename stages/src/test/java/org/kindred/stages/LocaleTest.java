package org.kindred.stages;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.pipeline.v1.ClusterConfig;
import org.kindred.proto.pipeline.v1.EvaluateConfig;
import org.kindred.proto.pipeline.v1.KnnProtocol;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.cluster.ClusterStage;
import org.kindred.stages.evaluate.EvaluateStage;
import org.kindred.stages.ingest.IngestStage;
import org.kindred.stages.testing.EmbeddingSets;
import org.kindred.stages.testing.EmbeddingSets.Row;
import org.kindred.stages.testing.ImageTrees;
import org.kindred.stages.testing.StageRunner;

/** What is stored does not depend on the language of the machine, not even on its digits. */
class LocaleTest {
  /** TensorFlow names operations with the default language's digits and fails with these. */
  private static final Locale THAI_DIGITS = Locale.forLanguageTag("th-TH-u-nu-thai");

  private final Locale before = Locale.getDefault();

  @TempDir Path directory;

  @AfterEach
  void restore() {
    Locale.setDefault(before);
  }

  private StageRunner start(Locale locale) throws IOException {
    Locale.setDefault(locale);
    return StageRunner.in(directory.resolve(locale.toLanguageTag()));
  }

  private StoredArtifact ingest(StageRunner runner) throws IOException {
    return runner.run(
        new IngestStage(),
        ImageTrees.config(directory.resolve("source"))
            .setMaxRejectShare(0.99)
            .setMaxSide(70)
            .build());
  }

  /** Makes artifacts whose contents hold numbers as text. */
  private List<StoredArtifact> run(Locale locale) throws IOException {
    StageRunner runner = start(locale);
    List<Row> rows = new ArrayList<>(EmbeddingSets.clustered("train", 0, 12, 2));
    rows.addAll(EmbeddingSets.clustered("test", 100, 12, 2));
    StoredArtifact embeddings = EmbeddingSets.publish(runner.store(), List.of("a", "b"), rows);
    StoredArtifact clustering =
        runner.run(
            new ClusterStage(),
            ClusterConfig.getDefaultInstance(),
            Map.of("embeddings", embeddings));
    EvaluateConfig evaluate =
        EvaluateConfig.newBuilder()
            .setKnn(KnnProtocol.newBuilder().setK(10))
            .setGalleryQueries(2)
            .build();
    return List.of(
        ingest(runner),
        embeddings,
        clustering,
        runner.run(
            new EvaluateStage(),
            evaluate,
            Map.of("embeddings", embeddings, "clustering", clustering)));
  }

  @Test
  void theSameBytesInEveryLanguage() throws IOException {
    Path source = ImageTrees.unpack(directory.resolve("source"), 4, List.of("hat", "shoes"));
    Files.writeString(source.resolve("train/hat/noise.png"), "this is text");
    String fingerprint = new IngestStage().sourceFingerprint(ImageTrees.config(source).build());
    List<StoredArtifact> expected = run(Locale.ROOT);
    assertThat(expected.get(0).content().getDataset().getRejected()).isPositive();

    List<StoredArtifact> artifacts = run(Locale.GERMANY);
    assertThat("%.1f".formatted(0.5)).as("numbers of this language").isEqualTo("0,5");
    for (int i = 0; i < expected.size(); i++) {
      assertThat(artifacts.get(i).content()).isEqualTo(expected.get(i).content());
    }

    Content dataset = ingest(start(THAI_DIGITS)).content();
    assertThat("%d".formatted(1)).as("digits of this language").isNotEqualTo("1");
    assertThat(dataset).isEqualTo(expected.get(0).content());
    assertThat(new IngestStage().sourceFingerprint(ImageTrees.config(source).build()))
        .isEqualTo(fingerprint);
  }
}
