package org.kindred.stages.augment;

import java.io.IOException;
import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.beam.sdk.metrics.Counter;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;
import org.kindred.proto.artifact.v1.Content;
import org.kindred.proto.pipeline.v1.AugmentConfig;
import org.kindred.stages.ConfiguredRecipe;
import org.kindred.stages.Part;
import org.kindred.stages.StageContext;
import org.kindred.stages.StepFn;
import org.kindred.stages.arrow.TableWriter;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.Staging.Shard;
import org.kindred.stages.dataset.DatasetReader;
import org.kindred.stages.image.RgbImage;
import org.kindred.stages.image.ViewMaker;
import org.kindred.stages.metrics.StageMetrics;

/** Makes the views of runs of examples and writes a table of each run. */
final class MakeViews extends PTransform<PCollection<MakeViews.Item>, PCollection<Part>> {
  private static final long serialVersionUID = 1L;

  private final StageContext<AugmentConfig> context;

  MakeViews(StageContext<AugmentConfig> context) {
    this.context = context;
  }

  /**
   * A run of examples in one epoch.
   *
   * @param shard number of the data file
   * @param epoch epoch, from 0
   * @param first position of the first example in the split
   * @param count examples
   */
  record Item(int shard, int epoch, int first, int count) implements Serializable {}

  @Override
  public PCollection<Part> expand(PCollection<Item> items) {
    return items.apply("Augment And Write", ParDo.of(new AugmentFn(context)));
  }

  static final class AugmentFn extends StepFn<Item, Part> {
    private static final long serialVersionUID = 1L;

    private final StageContext<AugmentConfig> context;
    private final Counter made = StageMetrics.counter("views");
    private transient DatasetReader dataset;
    private transient ViewMaker maker;

    AugmentFn(StageContext<AugmentConfig> context) {
      this.context = context;
    }

    @Setup
    public void setUp() throws IOException {
      AugmentConfig config = context.config();
      dataset =
          DatasetReader.open(context.input(AugmentStage.DATASET), Optional.of(config.getSplit()));
      maker = new ViewMaker(ConfiguredRecipe.resolve(config.getViews(), "augment.views"));
      dataset.checkSizes(maker);
    }

    @Teardown
    public void tearDown() {
      if (dataset != null) {
        dataset.close();
      }
    }

    @ProcessElement
    public void process(@Element Item item, OutputReceiver<Part> output) throws IOException {
      int views = context.config().getViewsPerExample();
      Map<String, String> metadata =
          Map.of(
              "height", "" + maker.size(), "width", "" + maker.size(), "layout", "RGB, row by row");
      try (Shard shard =
          context.staging().newShard(Tables.VIEWS, item.shard(), Tables.views(), metadata)) {
        byte[] view = new byte[maker.bytesPerView()];
        for (int example = item.first(); example < item.first() + item.count(); example++) {
          RgbImage image = dataset.image(example);
          for (int v = 0; v < views; v++) {
            maker.make(image, context.seed(), item.epoch(), dataset.id(example), v, view, 0);
            write(shard.writer(), item.epoch(), example, v, view);
          }
        }
        output.output(Part.of(List.of(shard.finish()), Content.getDefaultInstance()));
      }
      made.inc((long) item.count() * views);
    }

    private void write(TableWriter row, int epoch, int example, int number, byte[] view)
        throws IOException {
      row.nextRow();
      row.put(0, dataset.id(example));
      row.put(1, epoch);
      row.put(2, number);
      row.putLabel(3, dataset.label(example));
      row.put(4, view, 0, view.length);
    }
  }
}
