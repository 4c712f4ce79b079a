package org.kindred.stages.pretrain;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.kindred.models.objective.Crop;
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
import org.kindred.stages.image.Recipes;
import org.kindred.stages.image.ViewMaker;

/**
 * The views that training looks at: read from a ViewSet as far as it reaches, made on the spot
 * beyond it.
 */
final class TrainingViews implements BatchSource, AutoCloseable {
  private static final String IMAGE = "image";

  private final DatasetReader dataset;
  private final long seed;
  private final List<Crop> crops;
  private final Optional<MappedTable> stored;
  private final ViewSet extent;
  private final ThreadLocal<Worker> workers;

  /** What a thread needs of its own to make views. */
  private static final class Worker {
    private final List<ViewMaker> makers;
    private final ViewMaker evaluation;

    Worker(List<ViewRecipe> views, ViewRecipe evaluation) {
      this.makers = views.stream().map(ViewMaker::new).toList();
      this.evaluation = new ViewMaker(evaluation);
    }
  }

  /**
   * Opens views.
   *
   * @param crops how each of an example's views differs from the recipe
   */
  TrainingViews(StageContext<PretrainConfig> context, DatasetReader dataset, List<Crop> crops)
      throws IOException {
    this.dataset = dataset;
    this.seed = context.seed();
    this.crops = crops;
    ViewRecipe recipe = PretrainStage.viewRecipe(context.config());
    List<ViewRecipe> views = crops.stream().map(crop -> Recipes.cropped(recipe, crop)).toList();
    views.forEach(view -> dataset.checkSizes(new ViewMaker(view)));
    Optional<StoredArtifact> artifact = context.optionalInput(PretrainStage.VIEWS);
    this.stored =
        artifact.isPresent()
            ? Optional.of(MappedTable.open(artifact.get().localTable(Tables.VIEWS)))
            : Optional.empty();
    this.extent =
        artifact.map(made -> made.content().getViewSet()).orElse(ViewSet.getDefaultInstance());
    stored.ifPresent(table -> checkExamples(context.step(), table));
    ViewRecipe evaluation = PretrainStage.evaluationRecipe(context.config());
    this.workers = ThreadLocal.withInitial(() -> new Worker(views, evaluation));
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
    fillOf(epoch, rows, rows, view, target);
  }

  @Override
  public void fillOf(int epoch, int[] rows, int[] images, int view, ByteBuffer target) {
    ViewMaker maker = workers.get().makers.get(view);
    byte[] made = new byte[maker.bytesPerView()];
    boolean isStored =
        epoch < extent.getEpochs()
            && view < extent.getViews()
            && crops.get(view).equals(Crop.OF_RECIPE);
    for (int i = 0; i < rows.length; i++) {
      if (isStored && images[i] == rows[i]) {
        long at = ((long) epoch * dataset.size() + rows[i]) * extent.getViews() + view;
        stored.get().copyBytes(IMAGE, at, made, 0, made.length);
      } else {
        maker.make(dataset.image(images[i]), seed, epoch, dataset.id(rows[i]), view, made, 0);
      }
      target.put(made);
    }
  }

  @Override
  public void fillEvaluation(int[] rows, ByteBuffer target) {
    int bytes = workers.get().evaluation.bytesPerView();
    IntStream.range(0, rows.length)
        .parallel()
        .forEach(
            i -> {
              byte[] made = new byte[bytes];
              // An evaluation recipe draws nothing, so any seed, epoch and view will do.
              workers
                  .get()
                  .evaluation
                  .make(dataset.image(rows[i]), 0, 0, dataset.id(rows[i]), 0, made, 0);
              target.slice(i * bytes, bytes).put(made);
            });
  }

  @Override
  public void close() {
    stored.ifPresent(MappedTable::close);
  }
}
