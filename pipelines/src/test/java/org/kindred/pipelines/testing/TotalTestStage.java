package org.kindred.pipelines.testing;

import java.io.IOException;
import java.util.List;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.NeighborGraph;
import org.kindred.proto.pipeline.v1.GraphConfig;
import org.kindred.stages.Part;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageInput;
import org.kindred.stages.arrow.MappedTable;

/** Subtracts {@code k} from an EmbeddingSet's numbers; a worker fails when that is negative. */
public final class TotalTestStage extends NumbersStage<GraphConfig> {

  @Override
  public String name() {
    return "test-total";
  }

  @Override
  public GraphConfig defaultConfig() {
    return GraphConfig.getDefaultInstance();
  }

  @Override
  public List<StageInput> inputs() {
    return List.of(StageInput.required("embeddings", ArtifactType.ARTIFACT_TYPE_EMBEDDING_SET));
  }

  @Override
  public ArtifactType output() {
    return ArtifactType.ARTIFACT_TYPE_NEIGHBOR_GRAPH;
  }

  @Override
  float value(StageContext<GraphConfig> context) throws IOException {
    try (MappedTable table = MappedTable.open(context.input("embeddings").localTable("numbers"))) {
      return table.floats("value")[0] - context.config().getK();
    }
  }

  @Override
  public Content describe(StageContext<GraphConfig> context, List<Part> parts) {
    return Content.newBuilder()
        .setNeighborGraph(NeighborGraph.newBuilder().setNodes(parts.size()))
        .build();
  }
}
