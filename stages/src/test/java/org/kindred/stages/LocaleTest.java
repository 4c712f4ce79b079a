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
import org.kindred.proto.artifact.v1.DataFile;
import org.kindred.proto.pipeline.v1.ClusterConfig;
import org.kindred.proto.pipeline.v1.EvaluateConfig;
import org.kindred.proto.pipeline.v1.IngestConfig;
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
  private static final Locale THAI_DIGITS = Locale.forLanguageTag("th-TH-u-nu-thai");

  private final Locale before = Locale.getDefault();

  @TempDir Path directory;

  @AfterEach
  void restore() {
    Locale.setDefault(before);
  }

  /** Makes artifacts whose contents hold numbers as text. */
  private List<StoredArtifact> run(Locale locale) throws IOException {
    Locale.setDefault(locale);
    StageRunner runner = StageRunner.in(directory.resolve(locale.toLanguageTag()));
    IngestConfig ingest =
        ImageTrees.config(directory.resolve("source"))
            .setMaxRejectShare(0.99)
            .setMaxSide(70)
            .build();
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
        runner.run(new IngestStage(), ingest),
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
    List<StoredArtifact> artifacts = run(THAI_DIGITS);
    assertThat("%d".formatted(1)).as("digits of this language").isNotEqualTo("1");
    assertThat(new IngestStage().sourceFingerprint(ImageTrees.config(source).build()))
        .isEqualTo(fingerprint);
    for (int i = 0; i < expected.size(); i++) {
      assertThat(artifacts.get(i).content()).isEqualTo(expected.get(i).content());
      assertThat(artifacts.get(i).content().getFilesList())
          .extracting(DataFile::getPath)
          .allMatch(path -> path.matches("[\\x20-\\x7e]+"));
    }
    assertThat(expected.get(0).content().getDataset().getRejected()).isPositive();
  }
}
