package org.kindred.pipelines.report;

import java.util.List;
import java.util.Locale;
import org.kindred.pipelines.report.RunArtifacts.Step;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.GraphApproximation;
import org.kindred.proto.artifact.v1.NeighborGraph;

/**
 * How the run's neighbour graphs were searched.
 *
 * @param lines one for each
 */
record GraphsSection(List<Line> lines) implements Section {

  /**
   * A graph.
   *
   * @param step id of the step that made it
   * @param search how neighbours were found
   * @param nodes its nodes
   * @param base where the neighbours come from
   * @param k neighbours of a node
   * @param metric what ranked them
   * @param recall share of the exact neighbours that were found
   */
  record Line(
      String step,
      String search,
      String nodes,
      String base,
      String k,
      String metric,
      String recall) {}

  @Override
  public String anchor() {
    return "graphs";
  }

  @Override
  public String heading() {
    return "Neighbour graphs";
  }

  static List<GraphsSection> of(RunArtifacts artifacts) {
    List<Line> lines =
        artifacts.ofType(ArtifactType.ARTIFACT_TYPE_NEIGHBOR_GRAPH).stream()
            .map(GraphsSection::line)
            .toList();
    return lines.isEmpty() ? List.of() : List.of(new GraphsSection(lines));
  }

  private static Line line(Step step) {
    NeighborGraph graph = step.artifact().content().getNeighborGraph();
    GraphApproximation approximation = graph.getApproximation();
    boolean approximate = graph.hasApproximation();
    return new Line(
        step.id(),
        approximate
            ? "approximate: %s of %s clusters"
                .formatted(
                    Formats.count(approximation.getProbes()),
                    Formats.count(approximation.getClusters()))
            : "exact",
        "%s, %s".formatted(Formats.count(graph.getNodes()), graph.getSplit()),
        graph.hasBase()
            ? "%s, %s"
                .formatted(Formats.count(graph.getBase().getRows()), graph.getBase().getSplit())
            : "the other nodes",
        Formats.count(graph.getK()),
        graph.getMetric().name().substring("METRIC_".length()).toLowerCase(Locale.ROOT),
        approximate ? recall(approximation) : "1");
  }

  private static String recall(GraphApproximation approximation) {
    return String.format(
        Locale.ROOT,
        "%.4f (%.4f to %.4f, %s nodes)",
        approximation.getRecall(),
        approximation.getRecallLower(),
        approximation.getRecallUpper(),
        Formats.count(approximation.getSampledNodes()));
  }
}
