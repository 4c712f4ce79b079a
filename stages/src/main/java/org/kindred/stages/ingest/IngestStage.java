package org.kindred.stages.ingest;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.beam.sdk.values.PBegin;
import org.apache.beam.sdk.values.PCollection;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.Dataset;
import org.kindred.proto.artifact.v1.ImageEncoding;
import org.kindred.proto.pipeline.v1.IngestConfig;
import org.kindred.proto.pipeline.v1.SourceFormat;
import org.kindred.stages.Estimate;
import org.kindred.stages.Estimate.Work;
import org.kindred.stages.Part;
import org.kindred.stages.Rejects;
import org.kindred.stages.SourceSize;
import org.kindred.stages.SplitCounts;
import org.kindred.stages.Stage;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.StageInput;
import org.kindred.stages.WorkItems;
import org.kindred.stages.arrow.TableSize;
import org.kindred.stages.arrow.Tables;

/** Images from outside -> Dataset. */
public final class IngestStage implements Stage<IngestConfig> {

  /** Bytes of pixels that are decoded of JPEG files and written. */
  private static final double DECODED_PER_CORE_SECOND = 3e7;

  /** Bytes of pixels that are written as they are. */
  private static final double COPIED_PER_CORE_SECOND = 1.5e8;

  /** Length of a split's name, about. */
  private static final double TEXT_BYTES = 5;

  /** Length of an image's name, about. */
  private static final double SOURCE_BYTES = 24;

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
  public Optional<Estimate> estimate(StageContext<IngestConfig> context) throws IOException {
    return Optional.of(estimate(context, Outline.of(context.config())));
  }

  @Override
  public Optional<Estimate> estimate(StageContext<IngestConfig> context, SourceSize source) {
    return Optional.of(estimate(context, Outline.of(context.config(), source)));
  }

  private Estimate estimate(StageContext<IngestConfig> context, Outline outline) {
    IngestConfig config = context.config();
    TableSize examples =
        TableSize.of(
            Tables.EXAMPLES,
            Tables.examples(),
            outline.examples(),
            (outline.examples() + outline.shards() - 1) / outline.shards(),
            Map.of("split", TEXT_BYTES, "source", SOURCE_BYTES, "image", outline.imageBytes()));
    Dataset dataset =
        Dataset.newBuilder()
            .setExamples(outline.examples())
            .addAllSplits(outline.splits())
            .addAllClassNames(outline.classNames())
            .setEncoding(config.getEncoding())
            .build();
    Part all = Part.of(List.of(), Content.newBuilder().setDataset(dataset).build());
    boolean tree = config.getFormat() == SourceFormat.SOURCE_FORMAT_IMAGE_TREE;
    double raw =
        config.getEncoding() == ImageEncoding.IMAGE_ENCODING_FILE
            ? outline.imageBytes() * ImageTree.TYPICAL_RAW_BYTES / ImageTree.TYPICAL_FILE_BYTES
            : outline.imageBytes();
    Estimate.Builder estimate =
        Estimate.of((double) outline.examples())
            .table(examples)
            .workItems(outline.shards(), outline.first(), 1)
            .holds(2 * examples.batchBytes() + 2 * raw);
    return estimate.by(
        describe(context, List.of(all)),
        new Work(
            outline.examples() * raw,
            "bytes of pixels",
            tree ? DECODED_PER_CORE_SECOND : COPIED_PER_CORE_SECOND));
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
