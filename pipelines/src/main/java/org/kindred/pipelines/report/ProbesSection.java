package org.kindred.pipelines.report;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.kindred.pipelines.report.RunArtifacts.Step;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Evaluation;
import org.kindred.proto.artifact.v1.FeatureTable;
import org.kindred.proto.artifact.v1.LinearProbeFit;

/**
 * How the linear probes of a step were fitted.
 *
 * @param step id of the step that fitted them
 * @param baseSplit split that they were fitted to
 * @param querySplit split that they then classified
 * @param probes one for each kind of feature
 */
record ProbesSection(String step, String baseSplit, String querySplit, List<Probe> probes)
    implements Section {
  private static final String QUERY_ACCURACY = "linear_probe_top1";

  /**
   * One probe.
   *
   * @param features whose features
   * @param layer their layer
   * @param examples examples that it was fitted to
   * @param firstLoss mean loss of the first epoch
   * @param lastLoss mean loss of the last epoch
   * @param baseAccuracy accuracy on the examples that it was fitted to
   * @param queryAccuracy accuracy on the queries
   */
  record Probe(
      String features,
      String layer,
      String examples,
      String firstLoss,
      String lastLoss,
      String baseAccuracy,
      String queryAccuracy) {}

  @Override
  public String anchor() {
    return "probes-" + step;
  }

  @Override
  public String heading() {
    return "Linear probes";
  }

  static List<ProbesSection> of(RunArtifacts artifacts) throws IOException {
    List<ProbesSection> sections = new ArrayList<>();
    for (Step step : artifacts.ofType(ArtifactType.ARTIFACT_TYPE_EVALUATION)) {
      Evaluation evaluation = step.artifact().content().getEvaluation();
      if (evaluation.getLinearProbesCount() > 0) {
        sections.add(
            new ProbesSection(
                step.id(),
                evaluation.getBaseSplit(),
                evaluation.getQuerySplit(),
                evaluation.getLinearProbesList().stream()
                    .map(fit -> probe(evaluation, fit))
                    .toList()));
      }
    }
    return sections;
  }

  private static Probe probe(Evaluation evaluation, LinearProbeFit fit) {
    FeatureTable features = fit.getFeatures();
    return new Probe(
        MetricTable.columnName(features.getSource()),
        features.getLayer(),
        Formats.count(fit.getExamples()),
        Formats.number(fit.getLoss(0)),
        Formats.number(fit.getLoss(fit.getLossCount() - 1)),
        Formats.number(fit.getBaseTop1()),
        queryAccuracy(evaluation, features));
  }

  private static String queryAccuracy(Evaluation evaluation, FeatureTable features) {
    return evaluation.getMetricsList().stream()
        .filter(metric -> metric.getName().equals(QUERY_ACCURACY))
        .filter(metric -> metric.getFeatures() == features.getSource())
        .filter(metric -> metric.getLayer().equals(features.getLayer()))
        .map(metric -> Formats.number(metric.getValue()))
        .findFirst()
        .orElse("-");
  }
}
