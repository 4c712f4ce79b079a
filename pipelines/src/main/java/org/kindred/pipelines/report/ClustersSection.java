package org.kindred.pipelines.report;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.kindred.pipelines.report.RunArtifacts.Step;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.ClusteringResult;
import org.kindred.proto.artifact.v1.FeatureSource;
import org.kindred.stages.arrow.MappedTable;
import org.kindred.stages.artifact.StoredArtifact;

/**
 * Clusters of the learned features against classes.
 *
 * @param step id of the step that clustered
 * @param layer layer of the features
 * @param summary counts in one line
 * @param classes headings of the columns
 * @param clusters the rows: clusters of the same main class stand together
 * @param note what the table leaves out, empty when nothing
 */
record ClustersSection(
    String step,
    String layer,
    String summary,
    List<String> classes,
    List<Cluster> clusters,
    String note)
    implements Section {
  private static final int CLUSTERS = 50;

  /**
   * One cluster.
   *
   * @param number its index
   * @param size its rows
   * @param purity share of its main class among its labelled rows
   * @param cells its rows by class
   */
  record Cluster(int number, String size, String purity, List<Cell> cells) {}

  /**
   * Rows of one cluster with one class.
   *
   * @param count how many, empty for none
   * @param share of the cluster's rows, 0 to 1
   */
  record Cell(String count, String share) {}

  @Override
  public String anchor() {
    return "clusters-" + step + "-" + layer;
  }

  @Override
  public String heading() {
    return "Clusters and classes";
  }

  static List<ClustersSection> of(RunArtifacts artifacts) throws IOException {
    List<ClustersSection> sections = new ArrayList<>();
    for (Step step : artifacts.ofType(ArtifactType.ARTIFACT_TYPE_CLUSTERING)) {
      for (ClusteringResult result : step.artifact().content().getClustering().getResultsList()) {
        if (result.getFeatures().getSource() == FeatureSource.FEATURE_SOURCE_LEARNED
            && result.getRows() > 0) {
          sections.add(of(artifacts, step, result));
        }
      }
    }
    return sections;
  }

  private static ClustersSection of(RunArtifacts artifacts, Step step, ClusteringResult result)
      throws IOException {
    int[] labels;
    int[] assigned;
    try (MappedTable table =
        MappedTable.open(step.artifact().localTable(result.getAssignmentsTable()))) {
      labels = table.ints("label");
      assigned = table.ints("cluster");
    }
    Contingency contingency = new Contingency(labels, assigned, result.getClusters());
    List<String> names = classNames(artifacts, step);
    List<Integer> shown = contingency.clusters(CLUSTERS);
    return new ClustersSection(
        step.id(),
        result.getFeatures().getLayer(),
        "%s rows of split %s in %s clusters; %s (%s)%s"
            .formatted(
                Formats.count(result.getRows()),
                step.artifact().content().getClustering().getSplit(),
                Formats.count(result.getClusters()),
                result.getMethod().isEmpty() ? "k-means" : result.getMethod(),
                result.getMetric().name().substring("METRIC_".length()).toLowerCase(Locale.ROOT),
                convergence(result)),
        contingency.labels().stream().map(label -> Pictures.className(names, label)).toList(),
        shown.stream().map(number -> cluster(contingency, number)).toList(),
        shown.size() == result.getClusters()
            ? ""
            : "the %d largest of %s clusters"
                .formatted(shown.size(), Formats.count(result.getClusters())));
  }

  /** A graph's clusters are found at once. */
  private static String convergence(ClusteringResult result) {
    if (!result.getGraph().isEmpty()) {
      return "";
    }
    return result.getConverged() ? " converged" : " stopped before it converged";
  }

  private static List<String> classNames(RunArtifacts artifacts, Step step) throws IOException {
    Optional<StoredArtifact> embeddings =
        artifacts.nearest(step, ArtifactType.ARTIFACT_TYPE_EMBEDDING_SET);
    return embeddings
        .map(set -> set.content().getEmbeddingSet().getClassNamesList().stream().toList())
        .orElse(List.of());
  }

  private static Cluster cluster(Contingency contingency, int cluster) {
    int size = contingency.size(cluster);
    return new Cluster(
        cluster,
        Formats.count(size),
        Formats.percent(contingency.largestCount(cluster), contingency.labelled(cluster)),
        contingency.labels().stream()
            .map(label -> contingency.count(cluster, label))
            .map(count -> cell(count, size))
            .toList());
  }

  private static Cell cell(int count, int size) {
    return new Cell(
        count == 0 ? "" : Formats.count(count),
        String.format(Locale.ROOT, "%.2f", size == 0 ? 0 : (double) count / size));
  }
}
