package org.kindred.pipelines.report;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.kindred.proto.artifact.v1.FeatureSource;

/**
 * The table of metrics.
 *
 * @param columns headings of the numbers
 * @param lines the lines
 */
record MetricsSection(List<String> columns, List<Line> lines) implements Section {

  /**
   * One line.
   *
   * @param name the metric
   * @param step id of the step that measured it, empty when there is only one
   * @param layer layer of the features
   * @param protocol how it was measured
   * @param cells the numbers
   */
  record Line(String name, String step, String layer, String protocol, List<Cell> cells) {}

  /**
   * One number.
   *
   * @param column heading of its column
   * @param text the number
   * @param best whether it is the best of its line
   * @param percent length of its bar, empty for no bar
   */
  record Cell(String column, String text, boolean best, String percent) {}

  @Override
  public String anchor() {
    return "metrics";
  }

  @Override
  public String heading() {
    return "What the features are worth";
  }

  static List<MetricsSection> of(MetricTable table) {
    if (table.lines().isEmpty()) {
      return List.of();
    }
    return List.of(
        new MetricsSection(
            MetricTable.COLUMNS.stream().map(MetricTable::columnName).toList(),
            table.lines().stream().map(line -> line(line, table.hasManySteps())).toList()));
  }

  private static Line line(MetricTable.Line line, boolean nameStep) {
    Set<FeatureSource> best = line.best();
    boolean shares = line.values().values().stream().allMatch(value -> value >= 0 && value <= 1);
    return new Line(
        line.name(),
        nameStep ? line.step() : "",
        line.layer(),
        line.protocol(),
        MetricTable.COLUMNS.stream()
            .map(
                column ->
                    new Cell(
                        MetricTable.columnName(column),
                        line.text(column),
                        best.contains(column),
                        shares ? percent(line.values(), column) : ""))
            .toList());
  }

  private static String percent(Map<FeatureSource, Double> values, FeatureSource column) {
    return values.containsKey(column)
        ? String.format(Locale.ROOT, "%.1f", 100 * values.get(column))
        : "";
  }
}
