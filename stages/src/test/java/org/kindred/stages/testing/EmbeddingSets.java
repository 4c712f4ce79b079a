package org.kindred.stages.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.kindred.models.random.CounterRandom;
import org.kindred.models.random.CounterRandom.Domain;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.EmbeddingSet;
import org.kindred.proto.artifact.v1.FeatureSource;
import org.kindred.proto.artifact.v1.FeatureTable;
import org.kindred.proto.artifact.v1.Producer;
import org.kindred.stages.SplitCounts;
import org.kindred.stages.arrow.TableWriter;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.ArtifactStore;
import org.kindred.stages.artifact.Digests;
import org.kindred.stages.artifact.StagedFile;
import org.kindred.stages.artifact.Staging;
import org.kindred.stages.artifact.Staging.Shard;
import org.kindred.stages.artifact.StoredArtifact;

/**
 * EmbeddingSets of given vectors: the learned features of layer {@code embedding}. Beside them, as
 * pixels, is noise.
 */
public final class EmbeddingSets {
  private static final int NOISE_DIMENSION = 3;

  private EmbeddingSets() {}

  /**
   * One example.
   *
   * @param label index of the class, -1 for none
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared as a value
  public record Row(long id, String split, int label, float... vector) {}

  /** Publishes an EmbeddingSet of rows in order of id, each table in one file. */
  public static StoredArtifact publish(ArtifactStore store, List<String> classNames, List<Row> rows)
      throws IOException {
    return publish(store, classNames, rows, rows.size());
  }

  /** Publishes an EmbeddingSet of rows in order of id, each table in files of so many rows. */
  public static StoredArtifact publish(
      ArtifactStore store, List<String> classNames, List<Row> rows, int shardRows)
      throws IOException {
    int dimension = rows.get(0).vector().length;
    FeatureTable learned =
        table(FeatureSource.FEATURE_SOURCE_LEARNED, "embedding", "learned-embedding", dimension);
    FeatureTable noise =
        table(FeatureSource.FEATURE_SOURCE_PIXELS, "pixels", "pixels", NOISE_DIMENSION);
    Staging staging = store.newStaging(ArtifactType.ARTIFACT_TYPE_EMBEDDING_SET);
    List<StagedFile> files = new ArrayList<>();
    for (int first = 0; first < rows.size(); first += shardRows) {
      List<Row> some = rows.subList(first, Math.min(rows.size(), first + shardRows));
      files.add(write(staging, learned, first / shardRows, some));
      files.add(
          write(
              staging,
              noise,
              first / shardRows,
              some.stream()
                  .map(row -> new Row(row.id, row.split, row.label, noise(row.id)))
                  .toList()));
    }
    SplitCounts splits = new SplitCounts();
    rows.forEach(row -> splits.add(row.split, row.label));
    EmbeddingSet set =
        EmbeddingSet.newBuilder()
            .addFeatures(learned)
            .addFeatures(noise)
            .setExamples(rows.size())
            .addAllSplits(splits.toList())
            .addAllClassNames(classNames)
            .build();
    Producer producer =
        Producer.newBuilder()
            .setStage("extract")
            .setReuseKey(Digests.of(staging.path().getBytes(StandardCharsets.UTF_8)))
            .build();
    return store.publish(
        staging, files, Content.newBuilder().setEmbeddingSet(set).build(), producer);
  }

  private static FeatureTable table(
      FeatureSource source, String layer, String name, int dimension) {
    return FeatureTable.newBuilder()
        .setSource(source)
        .setLayer(layer)
        .setDimension(dimension)
        .setTable(name)
        .build();
  }

  private static StagedFile write(Staging staging, FeatureTable table, int number, List<Row> rows)
      throws IOException {
    int dimension = rows.get(0).vector.length;
    try (Shard shard =
        staging.newShard(table.getTable(), number, Tables.embeddings(dimension), Map.of())) {
      TableWriter out = shard.writer();
      for (Row row : rows) {
        out.nextRow();
        out.put(0, row.id);
        out.put(1, row.split);
        out.putLabel(2, row.label);
        out.put(3, row.vector, 0);
      }
      return shard.finish();
    }
  }

  private static float[] noise(long id) {
    CounterRandom random = new CounterRandom(Domain.VIEW, 99, 0, id, 0);
    float[] noise = new float[NOISE_DIMENSION];
    for (int d = 0; d < noise.length; d++) {
      noise[d] = (float) random.nextDouble() - 0.5f;
    }
    return noise;
  }

  /**
   * Returns vectors near the axes: example i lies near axis i modulo {@code classes}, its class.
   * Ids are {@code first}, {@code first} + 3, and so on.
   */
  public static List<Row> clustered(String split, long first, int count, int classes) {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      long id = first + 3L * i;
      CounterRandom random = new CounterRandom(Domain.VIEW, 5, 0, id, 0);
      float[] vector = new float[classes];
      for (int d = 0; d < classes; d++) {
        vector[d] = (float) (0.1 * random.nextDouble());
      }
      vector[i % classes] += 1;
      rows.add(new Row(id, split, i % classes, vector));
    }
    return rows;
  }
}
