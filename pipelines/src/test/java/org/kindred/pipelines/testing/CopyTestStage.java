package org.kindred.pipelines.testing;

import java.io.IOException;
import java.util.List;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.EmbeddingSet;
import org.kindred.proto.pipeline.v1.ExtractConfig;
import org.kindred.stages.Part;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageInput;
import org.kindred.stages.arrow.MappedTable;

/** Adds {@code shard_rows} to a Dataset's numbers. */
public final class CopyTestStage extends NumbersStage<ExtractConfig> {

  @Override
  public String name() {
    return "test-copy";
  }

  @Override
  public ExtractConfig defaultConfig() {
    return ExtractConfig.getDefaultInstance();
  }

  @Override
  public List<StageInput> inputs() {
    return List.of(StageInput.required("dataset", ArtifactType.ARTIFACT_TYPE_DATASET));
  }

  @Override
  public ArtifactType output() {
    return ArtifactType.ARTIFACT_TYPE_EMBEDDING_SET;
  }

  @Override
  float value(StageContext<ExtractConfig> context) throws IOException {
    try (MappedTable table = MappedTable.open(context.input("dataset").localTable("numbers"))) {
      return table.floats("value")[0] + context.config().getShardRows();
    }
  }

  @Override
  public Content describe(StageContext<ExtractConfig> context, List<Part> parts) {
    return Content.newBuilder()
        .setEmbeddingSet(EmbeddingSet.newBuilder().setExamples(parts.size()))
        .build();
  }
}
