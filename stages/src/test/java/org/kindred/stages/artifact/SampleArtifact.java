package org.kindred.stages.artifact;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.Dataset;
import org.kindred.proto.artifact.v1.Producer;
import org.kindred.stages.arrow.SampleTable;
import org.kindred.stages.arrow.Tables;

/**
 * A small artifact: two tables and a file in nested directories.
 *
 * @param rows rows of each table, which tell one such artifact from another
 */
record SampleArtifact(int rows) {
  static final SampleArtifact SMALL = new SampleArtifact(3);
  static final ArtifactType TYPE = ArtifactType.ARTIFACT_TYPE_DATASET;
  static final String REUSE_KEY = "5a".repeat(32);
  static final Producer PRODUCER =
      Producer.newBuilder().setStage("sample").setReuseKey(REUSE_KEY).setSeed(1).build();

  private static final SampleTable BANK = new SampleTable("memory_bank", Tables.vectors(2));
  private static final SampleTable REJECTS = new SampleTable("rejects", Tables.rejects());

  Content payload() {
    return Content.newBuilder().setDataset(Dataset.newBuilder().setExamples(rows)).build();
  }

  List<StagedFile> stage(Staging staging) throws IOException {
    List<StagedFile> staged = new ArrayList<>();
    staged.add(shard(staging, BANK, 0));
    staged.add(shard(staging, REJECTS, 0));
    staged.addAll(stageModel(staging));
    return staged;
  }

  /** Stages one part of the memory bank. */
  StagedFile stageBank(Staging staging, int number) throws IOException {
    return shard(staging, BANK, number);
  }

  /** Starts to stage the memory bank. */
  Staging.Shard startBank(Staging staging) throws IOException {
    Staging.Shard shard = staging.newShard(BANK.name(), 0, BANK.columns(), Map.of());
    BANK.putRows(shard.writer(), 0, rows);
    return shard;
  }

  private StagedFile shard(Staging staging, SampleTable table, int number) throws IOException {
    try (Staging.Shard shard =
        staging.newShard(table.name(), number, table.columns(), Map.of("metric", "cosine"))) {
      table.putRows(shard.writer(), (long) number * rows, rows);
      return shard.finish();
    }
  }

  private static List<StagedFile> stageModel(Staging staging) throws IOException {
    Path model = Files.createTempDirectory("model");
    Path variables = Files.createDirectory(model.resolve("variables"));
    Path data = Files.writeString(variables.resolve("data"), "weights");
    try {
      return staging.add(model, "saved_model");
    } finally {
      for (Path path : List.of(data, variables, model)) {
        Files.delete(path);
      }
    }
  }

  StoredArtifact publish(ArtifactStore store) throws IOException {
    return publish(store, PRODUCER);
  }

  StoredArtifact publish(ArtifactStore store, Producer producer) throws IOException {
    Staging staging = store.newStaging(TYPE);
    return store.publish(staging, stage(staging), payload(), producer);
  }
}
