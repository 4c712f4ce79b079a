package org.kindred.pipelines.report;

import com.google.protobuf.TextFormat;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.kindred.pipelines.report.RunArtifacts.Step;
import org.kindred.pipelines.report.Tile.Verdict;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.ViewSet;
import org.kindred.stages.arrow.MappedTable;
import org.kindred.stages.arrow.Tables;

/**
 * Augmented views of some examples.
 *
 * @param step id of the step that made them
 * @param summary counts in one line
 * @param operations what was done to the images, in order
 * @param examples the examples
 * @param note how many of how many examples these are
 */
record ViewsSection(
    String step, String summary, List<String> operations, List<Example> examples, String note)
    implements Section {
  private static final int EXAMPLES = 5;
  private static final int VIEWS = 8;
  private static final TextFormat.Printer ONE_LINE = TextFormat.printer().emittingSingleLine(true);

  /**
   * One example.
   *
   * @param original the image itself
   * @param views its views, epoch by epoch
   */
  record Example(Tile original, List<Tile> views) {}

  @Override
  public String anchor() {
    return "views-" + step;
  }

  @Override
  public String heading() {
    return "Augmented views";
  }

  static List<ViewsSection> of(RunArtifacts artifacts) throws IOException {
    List<ViewsSection> sections = new ArrayList<>();
    for (Step step : artifacts.ofType(ArtifactType.ARTIFACT_TYPE_VIEW_SET)) {
      if (step.artifact().rows(Tables.VIEWS) > 0) {
        sections.add(of(artifacts, step));
      }
    }
    return sections;
  }

  private static ViewsSection of(RunArtifacts artifacts, Step step) throws IOException {
    ViewSet set = step.artifact().content().getViewSet();
    List<Example> examples = new ArrayList<>();
    try (MappedTable table = MappedTable.open(step.artifact().localTable(Tables.VIEWS));
        Pictures pictures =
            Pictures.open(artifacts.nearest(step, ArtifactType.ARTIFACT_TYPE_DATASET))) {
      long[] ids = table.longs("id");
      int[] labels = table.ints("label");
      int count = ids.length / (set.getEpochs() * set.getViews());
      for (int example : Evenly.spaced(count, EXAMPLES)) {
        int first = example * set.getViews();
        Tile original = pictures.tile(ids[first], labels[first], Verdict.NONE, "original");
        examples.add(new Example(original, views(table, set, ids[first], first)));
      }
      return new ViewsSection(
          step.id(),
          "%s views: %s examples of split %s, views of an example in an epoch: %d, epochs: %d"
              .formatted(
                  Formats.count(set.getRows()),
                  Formats.count(count),
                  set.getSplit(),
                  set.getViews(),
                  set.getEpochs()),
          set.getRecipe().getOperationsList().stream().map(ONE_LINE::printToString).toList(),
          examples,
          "%d of %s examples".formatted(examples.size(), Formats.count(count)));
    }
  }

  /**
   * Reads one example's views.
   *
   * @param first row of its first view in epoch 0
   */
  private static List<Tile> views(MappedTable table, ViewSet set, long id, int first)
      throws IOException {
    int height = side(table, "height");
    int width = side(table, "width");
    long perEpoch = table.rows() / set.getEpochs();
    List<Tile> views = new ArrayList<>();
    for (int epoch = 0; epoch < set.getEpochs(); epoch++) {
      for (int view = 0; view < set.getViews() && views.size() < VIEWS; view++) {
        byte[] pixels = table.bytes("image", epoch * perEpoch + first + view);
        views.add(
            new Tile(
                Thumbnail.dataUri(width, height, pixels),
                "example %d, view %d of epoch %d".formatted(id, view, epoch),
                Verdict.NONE,
                "view " + view,
                "epoch " + epoch));
      }
    }
    return views;
  }

  private static int side(MappedTable table, String key) throws IOException {
    String value = table.metadata().get(key);
    try {
      return Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw new IOException(
          "table %s has %s \"%s\" in its metadata, valid is a number of pixels"
              .formatted(Tables.VIEWS, key, value),
          e);
    }
  }
}
