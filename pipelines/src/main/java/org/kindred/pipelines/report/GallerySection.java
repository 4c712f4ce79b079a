package org.kindred.pipelines.report;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.kindred.pipelines.report.RunArtifacts.Step;
import org.kindred.pipelines.report.Tile.Verdict;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Evaluation;
import org.kindred.proto.artifact.v1.FeatureTable;
import org.kindred.stages.arrow.MappedTable;
import org.kindred.stages.arrow.Tables;

/**
 * Queries and their nearest neighbours.
 *
 * @param step id of the step that searched
 * @param features whose features were compared
 * @param querySplit split of the queries
 * @param baseSplit split that was searched
 * @param queries the queries
 * @param note how many of how many queries these are
 */
record GallerySection(
    String step,
    String features,
    String querySplit,
    String baseSplit,
    List<Query> queries,
    String note)
    implements Section {
  private static final int QUERIES = 12;
  private static final int NEIGHBORS = 10;

  /**
   * One query.
   *
   * @param tile the query itself; right or wrong is the predicted class
   * @param neighbors its nearest neighbours, nearest first
   */
  record Query(Tile tile, List<Tile> neighbors) {}

  @Override
  public String anchor() {
    return "neighbours-" + step;
  }

  @Override
  public String heading() {
    return "Nearest neighbours";
  }

  static List<GallerySection> of(RunArtifacts artifacts) throws IOException {
    List<GallerySection> sections = new ArrayList<>();
    for (Step step : artifacts.ofType(ArtifactType.ARTIFACT_TYPE_EVALUATION)) {
      if (step.artifact().rows(Tables.GALLERY) > 0) {
        sections.add(of(artifacts, step));
      }
    }
    return sections;
  }

  private static String features(Evaluation evaluation) {
    FeatureTable table = evaluation.getGalleryFeatures();
    return "%s features, layer %s"
        .formatted(MetricTable.columnName(table.getSource()), table.getLayer());
  }

  private static GallerySection of(RunArtifacts artifacts, Step step) throws IOException {
    Evaluation evaluation = step.artifact().content().getEvaluation();
    List<Query> queries = new ArrayList<>();
    try (MappedTable table = MappedTable.open(step.artifact().localTable(Tables.GALLERY));
        Pictures pictures =
            Pictures.open(artifacts.nearest(step, ArtifactType.ARTIFACT_TYPE_DATASET))) {
      long[] ids = table.longs("id");
      int[] labels = table.ints("label");
      int[] predicted = table.ints("predicted");
      for (int row : Evenly.spaced(ids.length, QUERIES)) {
        String guess = "kNN: " + pictures.className(predicted[row]);
        Verdict verdict = Verdict.of(predicted[row], labels[row]);
        queries.add(
            new Query(
                pictures.tile(ids[row], labels[row], verdict, guess),
                neighbors(table, row, labels[row], pictures)));
      }
      return new GallerySection(
          step.id(),
          features(evaluation),
          evaluation.getQuerySplit(),
          evaluation.getBaseSplit(),
          queries,
          "%d of %d queries".formatted(queries.size(), ids.length));
    }
  }

  private static List<Tile> neighbors(MappedTable table, int row, int label, Pictures pictures)
      throws IOException {
    long[] ids = table.longList("neighbors", row);
    int[] labels = table.intList("neighbor_labels", row);
    float[] similarities = table.floatList("similarities", row);
    List<Tile> tiles = new ArrayList<>();
    for (int n = 0; n < Math.min(ids.length, NEIGHBORS); n++) {
      tiles.add(
          pictures.tile(
              ids[n],
              labels[n],
              Verdict.of(labels[n], label),
              Formats.similarity(similarities[n])));
    }
    return tiles;
  }
}
