package org.kindred.stages.ingest;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.beam.sdk.metrics.Counter;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.Dataset;
import org.kindred.proto.artifact.v1.ImageEncoding;
import org.kindred.proto.pipeline.v1.IngestConfig;
import org.kindred.stages.Part;
import org.kindred.stages.Rejects;
import org.kindred.stages.SplitCounts;
import org.kindred.stages.StageContext;
import org.kindred.stages.StepFn;
import org.kindred.stages.arrow.TableWriter;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.StagedFile;
import org.kindred.stages.artifact.Staging.Shard;
import org.kindred.stages.image.ImageDecoder;
import org.kindred.stages.image.ImageRejectedException;
import org.kindred.stages.image.RgbImage;
import org.kindred.stages.metrics.StageMetrics;

/** Reads shards of a source, decodes their images, and writes tables of examples and of rejects. */
final class ReadExamples extends PTransform<PCollection<SourceShard>, PCollection<Part>> {
  private static final long serialVersionUID = 1L;

  private final StageContext<IngestConfig> context;
  private final List<String> classNames;

  ReadExamples(StageContext<IngestConfig> context, List<String> classNames) {
    this.context = context;
    this.classNames = List.copyOf(classNames);
  }

  @Override
  public PCollection<Part> expand(PCollection<SourceShard> shards) {
    return shards.apply("Decode And Write", ParDo.of(new ReadFn(context, classNames)));
  }

  static final class ReadFn extends StepFn<SourceShard, Part> {
    private static final long serialVersionUID = 1L;

    private final StageContext<IngestConfig> context;
    private final List<String> classNames;
    private final Counter examples = StageMetrics.counter("examples");
    private final Counter rejects = StageMetrics.counter("rejects");

    ReadFn(StageContext<IngestConfig> context, List<String> classNames) {
      this.context = context;
      this.classNames = classNames;
    }

    @ProcessElement
    public void process(@Element SourceShard shard, OutputReceiver<Part> output)
        throws IOException {
      ShardTables tables = new ShardTables(context, shard.number());
      try (tables) {
        shard.read(tables);
        output.output(tables.finish(classNames));
      }
      examples.inc(tables.accepted);
      rejects.inc(tables.rejected);
    }
  }

  /** The two tables of one shard. The table of rejects exists only when something was refused. */
  private static final class ShardTables implements SourceShard.Sink, AutoCloseable {
    private final StageContext<IngestConfig> context;
    private final int number;
    private final ImageDecoder decoder;
    private final Shard examples;
    private final SplitCounts splits = new SplitCounts();
    private final List<String> firstRejects = new ArrayList<>();
    private Shard rejects;
    private long accepted;
    private long rejected;

    ShardTables(StageContext<IngestConfig> context, int number) throws IOException {
      IngestConfig config = context.config();
      this.context = context;
      this.number = number;
      this.decoder = new ImageDecoder(config.getMaxSide(), config.getMaxPixels());
      Map<String, String> metadata = Map.of("encoding", config.getEncoding().name());
      this.examples =
          context.staging().newShard(Tables.EXAMPLES, number, Tables.examples(), metadata);
    }

    @Override
    public void file(SourceShard.Origin origin, byte[] bytes) throws IOException {
      RgbImage image;
      try {
        image = decoder.decode(bytes);
      } catch (ImageRejectedException e) {
        reject(origin, e.getMessage());
        return;
      }
      boolean keepFile = context.config().getEncoding() == ImageEncoding.IMAGE_ENCODING_FILE;
      accept(origin, image.width(), image.height(), keepFile ? bytes : image.pixels());
    }

    @Override
    public void raw(SourceShard.Origin origin, int width, int height, byte[] rgb)
        throws IOException {
      accept(origin, width, height, rgb);
    }

    private void accept(SourceShard.Origin origin, int width, int height, byte[] image)
        throws IOException {
      TableWriter row = examples.writer();
      row.nextRow();
      row.put(0, origin.id());
      row.put(1, origin.split());
      row.putLabel(2, origin.label());
      row.put(3, height);
      row.put(4, width);
      row.put(5, origin.source());
      row.put(6, image, 0, image.length);
      splits.add(origin.split(), origin.label());
      accepted++;
    }

    @Override
    public void reject(SourceShard.Origin origin, String reason) throws IOException {
      if (rejects == null) {
        rejects = context.staging().newShard(Tables.REJECTS, number, Tables.rejects(), Map.of());
      }
      TableWriter row = rejects.writer();
      row.nextRow();
      row.put(0, origin.id());
      row.put(1, origin.source());
      row.put(2, reason);
      rejected++;
      if (firstRejects.size() < Rejects.SAMPLE) {
        firstRejects.add(origin.source() + ": " + reason);
      }
    }

    Part finish(List<String> classNames) throws IOException {
      List<StagedFile> files = new ArrayList<>();
      files.add(examples.finish());
      if (rejects != null) {
        files.add(rejects.finish());
      }
      Dataset.Builder dataset =
          Dataset.newBuilder()
              .setExamples(accepted)
              .setRejected(rejected)
              .setEncoding(context.config().getEncoding())
              .addAllSplits(splits.toList())
              .addAllClassNames(classNames);
      return new Part(
          files, Content.newBuilder().setDataset(dataset).build(), firstRejects, Map.of(), "");
    }

    @Override
    public void close() throws IOException {
      examples.close();
      if (rejects != null) {
        rejects.close();
      }
    }
  }
}
