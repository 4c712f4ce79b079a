package org.kindred.pipelines.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.Dataset;
import org.kindred.proto.pipeline.v1.IngestConfig;
import org.kindred.stages.Part;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageInput;

/** Writes the number that a file holds; the file's time of change is its fingerprint. */
public final class SourceTestStage extends NumbersStage<IngestConfig> {

  @Override
  public String name() {
    return "test-source";
  }

  @Override
  public IngestConfig defaultConfig() {
    return IngestConfig.getDefaultInstance();
  }

  @Override
  public List<StageInput> inputs() {
    return List.of();
  }

  @Override
  public ArtifactType output() {
    return ArtifactType.ARTIFACT_TYPE_DATASET;
  }

  @Override
  public boolean usesSeed() {
    return false;
  }

  @Override
  public String sourceFingerprint(IngestConfig config) throws IOException {
    return Files.getLastModifiedTime(Path.of(config.getSource())).toString();
  }

  @Override
  float value(StageContext<IngestConfig> context) throws IOException {
    return Float.parseFloat(Files.readString(Path.of(context.config().getSource())).strip());
  }

  @Override
  public Content describe(StageContext<IngestConfig> context, List<Part> parts) {
    return Content.newBuilder().setDataset(Dataset.newBuilder().setExamples(parts.size())).build();
  }
}
