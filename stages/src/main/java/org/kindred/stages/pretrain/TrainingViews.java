package org.kindred.stages.pretrain;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.kindred.models.training.BatchSource;
import org.kindred.proto.artifact.v1.ViewRecipe;
import org.kindred.proto.artifact.v1.ViewSet;
import org.kindred.proto.pipeline.v1.PretrainConfig;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.arrow.MappedTable;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.dataset.DatasetReader;
import org.kindred.stages.image.ViewMaker;

/**
 * The views that training looks at: read from a ViewSet as far as it reaches, made on the spot
 * beyond it.
 */
final class TrainingViews implements BatchSource, AutoCloseable {
  private static final String IMAGE = "image";

  private final DatasetReader dataset;
  private final long seed;
  private final Optional<MappedTable> stored;
  private final ViewSet extent;
  private final ThreadLocal<Worker> workers;

  /** What a thread needs of its own to make views. */
  @SuppressWarnings("ArrayRecordComponent") // scratch memory, never compared as a value
  private record Worker(ViewMaker maker, byte[] view) {}

  TrainingViews(StageContext<PretrainConfig> context, DatasetReader dataset) throws IOException {
    this.dataset = dataset;
    this.seed = context.seed();
    ViewRecipe recipe = PretrainStage.viewRecipe(context.config());
    dataset.checkSizes(new ViewMaker(recipe));
    Optional<StoredArtifact> views = context.optionalInput(PretrainStage.VIEWS);
    this.stored =
        views.isPresent()
            ? Optional.of(MappedTable.open(views.get().localTable(Tables.VIEWS)))
            : Optional.empty();
    this.extent =
        views.map(artifact -> artifact.content().getViewSet()).orElse(ViewSet.getDefaultInstance());
    stored.ifPresent(table -> checkExamples(context.step(), table));
    this.workers =
        ThreadLocal.withInitial(
            () -> {
              ViewMaker maker = new ViewMaker(recipe);
              return new Worker(maker, new byte[maker.bytesPerView()]);
            });
  }

  /** Views are looked up by position, so they must be of these examples in this order. */
  private void checkExamples(String step, MappedTable table) {
    long expected = (long) extent.getEpochs() * dataset.size() * extent.getViews();
    boolean same = table.rows() == expected;
    for (int example = 0; same && example < dataset.size(); example++) {
      same = table.longValue("id", (long) example * extent.getViews()) == dataset.id(example);
    }
    if (!same) {
      table.close();
      throw new StageException(
          "input views of step %s was not made of split %s of its input dataset"
              .formatted(step, extent.getSplit()));
    }
  }

  @Override
  public void fill(int epoch, int[] rows, int view, ByteBuffer target) {
    Worker worker = workers.get();
    for (int row : rows) {
      if (epoch < extent.getEpochs() && view < extent.getViews()) {
        long at = ((long) epoch * dataset.size() + row) * extent.getViews() + view;
        stored.get().copyBytes(IMAGE, at, worker.view, 0, worker.view.length);
      } else {
        worker.maker.make(dataset.image(row), seed, epoch, dataset.id(row), view, worker.view, 0);
      }
      target.put(worker.view);
    }
  }

  @Override
  public void close() {
    stored.ifPresent(MappedTable::close);
  }
}
