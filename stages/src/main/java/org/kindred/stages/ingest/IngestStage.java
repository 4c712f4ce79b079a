package org.kindred.stages.ingest;

import java.io.IOException;
import java.util.List;
import org.apache.beam.sdk.values.PBegin;
import org.apache.beam.sdk.values.PCollection;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.Dataset;
import org.kindred.proto.artifact.v1.ImageEncoding;
import org.kindred.proto.pipeline.v1.IngestConfig;
import org.kindred.proto.pipeline.v1.SourceFormat;
import org.kindred.stages.Part;
import org.kindred.stages.Rejects;
import org.kindred.stages.SplitCounts;
import org.kindred.stages.Stage;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.StageInput;
import org.kindred.stages.WorkItems;

/** Images from outside -> Dataset. */
public final class IngestStage implements Stage<IngestConfig> {

  @Override
  public String name() {
    return "ingest";
  }

  @Override
  public String description() {
    return "reads images from a folder, a zip file or CIFAR-10's binary files";
  }

  @Override
  public int version() {
    return 3;
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
  public void checkConfig(IngestConfig config) {
    boolean file = config.getEncoding() == ImageEncoding.IMAGE_ENCODING_FILE;
    if (file && config.getFormat() != SourceFormat.SOURCE_FORMAT_IMAGE_TREE) {
      throw new StageException(
          "ingest.encoding is file, valid with format cifar10_binary is raw_rgb: its records are no files");
    }
  }

  @Override
  public String sourceFingerprint(IngestConfig config) throws IOException {
    return Source.list(config).fingerprint();
  }

  @Override
  public PCollection<Part> expand(PBegin begin, StageContext<IngestConfig> context)
      throws IOException {
    Source source = Source.list(context.config());
    return begin
        .apply("List Shards", WorkItems.of(SourceShard.class, source.shards()))
        .apply("Read Examples", new ReadExamples(context, source.classNames()));
  }

  @Override
  public Content describe(StageContext<IngestConfig> context, List<Part> parts) {
    Dataset.Builder merged = Dataset.newBuilder();
    SplitCounts splits = new SplitCounts();
    for (Part part : parts) {
      Dataset dataset = part.content().getDataset();
      merged
          .setExamples(merged.getExamples() + dataset.getExamples())
          .setRejected(merged.getRejected() + dataset.getRejected())
          .setEncoding(dataset.getEncoding())
          .clearClassNames()
          .addAllClassNames(dataset.getClassNamesList());
      splits.addAll(dataset.getSplitsList());
    }
    long total = merged.getExamples() + merged.getRejected();
    Rejects.check(
        context.step(), merged.getRejected(), total, context.config().getMaxRejectShare(), parts);
    return Content.newBuilder().setDataset(merged.addAllSplits(splits.toList())).build();
  }
}
