package org.kindred.stages.extract;

import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.beam.sdk.metrics.Counter;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;
import org.kindred.models.inference.Encoder;
import org.kindred.models.tensorflow.Device;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.artifact.v1.EmbeddingSet;
import org.kindred.proto.artifact.v1.FeatureSource;
import org.kindred.proto.artifact.v1.FeatureTable;
import org.kindred.proto.artifact.v1.Model;
import org.kindred.proto.artifact.v1.Normalize;
import org.kindred.proto.pipeline.v1.ExtractConfig;
import org.kindred.stages.Part;
import org.kindred.stages.Rejects;
import org.kindred.stages.SplitCounts;
import org.kindred.stages.StageContext;
import org.kindred.stages.StepFn;
import org.kindred.stages.arrow.TableWriter;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.StagedFile;
import org.kindred.stages.artifact.Staging.Shard;
import org.kindred.stages.dataset.DatasetReader;
import org.kindred.stages.image.ViewMaker;
import org.kindred.stages.metrics.StageMetrics;

/** Puts runs of images through the network and writes a table of each kind of feature. */
final class ExtractFeatures
    extends PTransform<PCollection<ExtractFeatures.Item>, PCollection<Part>> {
  private static final long serialVersionUID = 1L;

  private final StageContext<ExtractConfig> context;

  ExtractFeatures(StageContext<ExtractConfig> context) {
    this.context = context;
  }

  /**
   * A run of examples.
   *
   * @param shard number of the data files
   * @param first position of the first example in the Dataset
   * @param count examples
   */
  record Item(int shard, int first, int count) implements Serializable {}

  @Override
  public PCollection<Part> expand(PCollection<Item> items) {
    return items.apply("Embed And Write", ParDo.of(new EmbedFn(context)));
  }

  static final class EmbedFn extends StepFn<Item, Part> {
    private static final long serialVersionUID = 1L;

    private final StageContext<ExtractConfig> context;
    private final Counter images = StageMetrics.counter("images");
    private transient DatasetReader dataset;
    private transient ViewMaker maker;
    private transient Map<FeatureSource, Encoder> encoders;
    private transient PixelFeatures pixels;

    EmbedFn(StageContext<ExtractConfig> context) {
      this.context = context;
    }

    @Setup
    public void setUp() throws IOException {
      Model model = context.input(ExtractStage.MODEL).content().getModel();
      Normalize normalize = model.getEvaluationRecipe().getNormalize();
      dataset = DatasetReader.open(context.input(ExtractStage.DATASET), Optional.empty());
      maker = new ViewMaker(model.getEvaluationRecipe());
      dataset.checkSizes(maker);
      pixels = new PixelFeatures(normalize);
      encoders = new LinkedHashMap<>();
      Path savedModel = context.input(ExtractStage.MODEL).localDirectory(model.getSavedModel());
      encoders.put(FeatureSource.FEATURE_SOURCE_LEARNED, Encoder.open(savedModel));
      if (context.config().getBaselines()) {
        encoders.put(
            FeatureSource.FEATURE_SOURCE_UNTRAINED,
            Encoder.untrained(model.getNetwork(), normalize, model.getSeed(), maker.size()));
      }
    }

    @Teardown
    public void tearDown() {
      if (dataset != null) {
        dataset.close();
      }
      if (encoders != null) {
        encoders.values().forEach(Encoder::close);
      }
    }

    @ProcessElement
    public void process(@Element Item item, OutputReceiver<Part> output) throws IOException {
      try (ShardTables tables = new ShardTables(context, item.shard())) {
        int batch = context.config().getBatchSize();
        ByteBuffer buffer =
            ByteBuffer.allocateDirect(Math.multiplyExact(batch, maker.bytesPerView()));
        byte[] view = new byte[maker.bytesPerView()];
        int last = item.first() + item.count();
        // The last bits of a feature may depend on its batch's size and its place there: batches
        // start at multiples of their size, wherever the shard does.
        for (int first = item.first() - item.first() % batch; first < last; first += batch) {
          int count = Math.min(batch, dataset.size() - first);
          buffer.clear();
          for (int i = first; i < first + count; i++) {
            maker.make(dataset.image(i), 0, 0, dataset.id(i), 0, view, 0);
            buffer.put(view);
          }
          Map<FeatureSource, Map<String, float[]>> features = features(buffer.flip(), count);
          for (int i = Math.max(first, item.first()); i < Math.min(first + count, last); i++) {
            tables.write(dataset, i, features, i - first);
          }
        }
        images.inc(item.count());
        output.output(tables.finish());
      }
    }

    /** Returns the features of a batch by source and layer, each {@code [count, dimension]}. */
    private Map<FeatureSource, Map<String, float[]>> features(ByteBuffer batch, int count) {
      Map<FeatureSource, Map<String, float[]>> features = new LinkedHashMap<>();
      List<String> layers = ExtractStage.layers(context);
      encoders.forEach(
          (source, encoder) -> features.put(source, encoder.embed(batch, count, layers)));
      if (context.config().getBaselines()) {
        features.put(FeatureSource.FEATURE_SOURCE_PIXELS, pixels.of(batch));
      }
      return features;
    }
  }

  /** The tables of one shard. */
  private static final class ShardTables implements AutoCloseable {
    private final StageContext<ExtractConfig> context;
    private final int number;
    private final Map<FeatureTable, Shard> shards = new LinkedHashMap<>();
    private final SplitCounts splits = new SplitCounts();
    private final List<String> firstRejects = new ArrayList<>();
    private Shard rejects;
    private long accepted;
    private long rejected;

    ShardTables(StageContext<ExtractConfig> context, int number) throws IOException {
      this.context = context;
      this.number = number;
      try {
        for (FeatureTable table : ExtractStage.tables(context)) {
          shards.put(table, open(table));
        }
      } catch (IOException | RuntimeException e) {
        try {
          close();
        } catch (IOException | RuntimeException another) {
          e.addSuppressed(another);
        }
        throw e;
      }
    }

    private Shard open(FeatureTable table) throws IOException {
      Map<String, String> metadata =
          Map.of("layer", table.getLayer(), "normalized", "" + table.getNormalized());
      return context
          .staging()
          .newShard(table.getTable(), number, Tables.embeddings(table.getDimension()), metadata);
    }

    /** Writes an example's features: row {@code at} of each array. */
    void write(
        DatasetReader dataset,
        int example,
        Map<FeatureSource, Map<String, float[]>> features,
        int at)
        throws IOException {
      String damage = damage(features, at);
      if (damage != null) {
        reject(dataset.id(example), damage);
        return;
      }
      for (Map.Entry<FeatureTable, Shard> shard : shards.entrySet()) {
        FeatureTable table = shard.getKey();
        float[] rows = features.get(table.getSource()).get(table.getLayer());
        TableWriter row = shard.getValue().writer();
        row.nextRow();
        row.put(0, dataset.id(example));
        row.put(1, dataset.split(example));
        row.putLabel(2, dataset.label(example));
        row.put(3, rows, at * table.getDimension());
      }
      splits.add(dataset.split(example), dataset.label(example));
      accepted++;
    }

    private String damage(Map<FeatureSource, Map<String, float[]>> features, int row) {
      for (FeatureTable table : shards.keySet()) {
        float[] rows = features.get(table.getSource()).get(table.getLayer());
        int dimension = table.getDimension();
        for (int d = row * dimension; d < (row + 1) * dimension; d++) {
          if (!Float.isFinite(rows[d])) {
            int at = d - row * dimension;
            return table.getTable() + "[" + at + "] is " + rows[d] + ", valid is a finite number";
          }
        }
      }
      return null;
    }

    private void reject(long id, String reason) throws IOException {
      if (rejects == null) {
        rejects = context.staging().newShard(Tables.REJECTS, number, Tables.rejects(), Map.of());
      }
      TableWriter row = rejects.writer();
      row.nextRow();
      row.put(0, id);
      row.put(1, "example " + id);
      row.put(2, reason);
      rejected++;
      if (firstRejects.size() < Rejects.SAMPLE) {
        firstRejects.add("example " + id + ": " + reason);
      }
    }

    Part finish() throws IOException {
      List<StagedFile> files = new ArrayList<>();
      for (Shard shard : shards.values()) {
        files.add(shard.finish());
      }
      if (rejects != null) {
        files.add(rejects.finish());
      }
      EmbeddingSet set =
          EmbeddingSet.newBuilder()
              .setExamples(accepted)
              .setRejected(rejected)
              .addAllSplits(splits.toList())
              .build();
      return new Part(
          files,
          Content.newBuilder().setEmbeddingSet(set).build(),
          firstRejects,
          Map.of(),
          Device.name());
    }

    @Override
    public void close() throws IOException {
      for (Shard shard : shards.values()) {
        shard.close();
      }
      if (rejects != null) {
        rejects.close();
      }
    }
  }
}
