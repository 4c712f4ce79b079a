package org.kindred.pipelines.report;

import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.FeatureSource;
import org.kindred.proto.artifact.v1.MetricValue;
import org.kindred.proto.pipeline.v1.Run;
import org.kindred.proto.pipeline.v1.RunStep;
import org.kindred.stages.artifact.ArtifactStore;
import org.kindred.stages.artifact.StoredArtifact;

/**
 * The metrics of a run, learned features beside the baselines that were measured in the same way.
 *
 * <p>Numbers stand in one line only when step, metric and protocol are equal. A network's features,
 * trained or not, are also compared layer by layer; pixels have no layers, so their number stands
 * beside that of every layer.
 */
public final class MetricTable {
  /** The columns, in order. */
  static final List<FeatureSource> COLUMNS =
      List.of(
          FeatureSource.FEATURE_SOURCE_LEARNED,
          FeatureSource.FEATURE_SOURCE_UNTRAINED,
          FeatureSource.FEATURE_SOURCE_PIXELS);

  private static final int TEXT_WIDTH = 120;

  /**
   * Words of a metric's name that say that more is better. Of any other metric no best is named.
   */
  private static final Set<String> HIGHER_IS_BETTER =
      Set.of("acc", "accuracy", "ari", "auc", "map", "nmi", "precision", "purity", "recall", "top");

  /**
   * One number.
   *
   * @param step id of the step that measured it
   * @param name the metric, such as {@code knn_top1}
   * @param value the number; accuracies are shares from 0 to 1
   * @param features whose features: {@code learned}, {@code untrained} or {@code pixels}
   * @param layer layer of the features
   * @param protocol how it was measured
   */
  public record Row(
      String step, String name, double value, String features, String layer, String protocol) {}

  /** Numbers that may be compared: of one step, metric, layer and protocol. */
  record Line(
      String step, String name, String layer, String protocol, Map<FeatureSource, Double> values) {

    /** Returns a column's number as text, a dash when it was not measured. */
    String text(FeatureSource column) {
      return values.containsKey(column) ? Formats.number(values.get(column)) : "-";
    }

    /**
     * Returns whose number is best: nobody's when there is nothing to compare with, when it isn't
     * known which direction is better, or when all are alike at the precision shown.
     */
    Set<FeatureSource> best() {
      Optional<Double> highest =
          values.values().stream().filter(Double::isFinite).max(Double::compare);
      if (highest.isEmpty() || !higherIsBetter()) {
        return Set.of();
      }
      String shown = Formats.number(highest.get());
      Set<FeatureSource> best =
          values.keySet().stream()
              .filter(column -> text(column).equals(shown))
              .collect(Collectors.toSet());
      return best.size() == values.size() ? Set.of() : best;
    }

    private boolean higherIsBetter() {
      return Stream.of(name.toLowerCase(Locale.ROOT).split("[^a-z]+", -1))
          .anyMatch(HIGHER_IS_BETTER::contains);
    }
  }

  private record Key(String step, String name, String layer, String protocol) {}

  private final List<Row> rows;
  private final List<Line> lines;

  private MetricTable(List<Row> rows) {
    this.rows = List.copyOf(rows);
    this.lines = List.copyOf(lines(rows));
  }

  /**
   * Collects the metrics of a run from its Evaluation artifacts. Steps without an artifact, as in a
   * failed run, and artifacts that are gone from the store have none.
   *
   * @throws org.kindred.stages.artifact.ArtifactException if a manifest is not valid
   */
  public static MetricTable of(Run run, ArtifactStore store) throws IOException {
    List<Row> rows = new ArrayList<>();
    for (RunStep step : run.getStepsList()) {
      Optional<StoredArtifact> artifact =
          step.getArtifact().isEmpty() ? Optional.empty() : store.get(step.getArtifact());
      if (artifact.isPresent() && artifact.get().type() == ArtifactType.ARTIFACT_TYPE_EVALUATION) {
        for (MetricValue metric : artifact.get().content().getEvaluation().getMetricsList()) {
          rows.add(row(step.getId(), metric));
        }
      }
    }
    return new MetricTable(rows);
  }

  private static Row row(String step, MetricValue metric) {
    return new Row(
        step,
        metric.getName(),
        metric.getValue(),
        columnName(metric.getFeatures()),
        metric.getLayer(),
        metric.getProtocol());
  }

  /** Returns a column's heading. */
  static String columnName(FeatureSource column) {
    return column.name().substring("FEATURE_SOURCE_".length()).toLowerCase(Locale.ROOT);
  }

  private static List<Line> lines(List<Row> rows) {
    Map<Key, Line> lines = new LinkedHashMap<>();
    for (FeatureSource column : COLUMNS) {
      for (Row row : rows) {
        if (!row.features().equals(columnName(column))) {
          continue;
        }
        List<Line> lineOfEveryLayer =
            column == FeatureSource.FEATURE_SOURCE_PIXELS ? comparable(lines, row) : List.of();
        if (lineOfEveryLayer.isEmpty()) {
          lines
              .computeIfAbsent(
                  new Key(row.step(), row.name(), row.layer(), row.protocol()), MetricTable::line)
              .values()
              .put(column, row.value());
        }
        lineOfEveryLayer.forEach(line -> line.values().put(column, row.value()));
      }
    }
    return new ArrayList<>(lines.values());
  }

  private static List<Line> comparable(Map<Key, Line> lines, Row row) {
    return lines.values().stream()
        .filter(line -> line.step().equals(row.step()))
        .filter(line -> line.name().equals(row.name()))
        .filter(line -> line.protocol().equals(row.protocol()))
        .toList();
  }

  private static Line line(Key key) {
    return new Line(
        key.step(), key.name(), key.layer(), key.protocol(), new EnumMap<>(FeatureSource.class));
  }

  /** Returns every number, in the order that the run measured them. */
  public List<Row> rows() {
    return rows;
  }

  /** Returns the numbers side by side. */
  List<Line> lines() {
    return lines;
  }

  /** Returns whether more than one step measured, so that a number needs its step's name. */
  boolean hasManySteps() {
    return lines.stream().map(Line::step).distinct().count() > 1;
  }

  /**
   * Returns the table for a terminal: at most 120 columns wide as long as names and numbers fit.
   * The protocol is the last column, or stands below when it would not fit. {@code *} marks the
   * best number of a line. Empty when there are no metrics.
   */
  public String toText() {
    if (lines.isEmpty()) {
      return "";
    }
    TextTable wide = textTable("protocol", Line::protocol);
    String legend =
        lines.stream().allMatch(line -> line.best().isEmpty())
            ? ""
            : "* best of its line; a line's numbers were measured alike\n";
    if (wide.width() <= TEXT_WIDTH) {
      return wide + legend;
    }
    List<String> protocols =
        new ArrayList<>(
            lines.stream()
                .map(Line::protocol)
                .collect(Collectors.toCollection(LinkedHashSet::new)));
    TextTable narrow =
        textTable("protocol", line -> "[%d]".formatted(protocols.indexOf(line.protocol()) + 1));
    StringBuilder text = new StringBuilder().append(narrow).append(legend);
    for (int i = 0; i < protocols.size(); i++) {
      text.append(note("[%d] ".formatted(i + 1), protocols.get(i)));
    }
    return text.toString();
  }

  private TextTable textTable(String lastHeading, Function<Line, String> lastCell) {
    boolean steps = hasManySteps();
    TextTable table =
        steps
            ? new TextTable(false, false, false, true, true, true, false)
            : new TextTable(false, false, true, true, true, false);
    List<String> header = new ArrayList<>(steps ? List.of("step") : List.of());
    header.addAll(List.of("metric", "layer"));
    COLUMNS.forEach(column -> header.add(columnName(column) + " "));
    header.add(lastHeading);
    table.add(header);
    for (Line line : lines) {
      List<String> cells = new ArrayList<>(steps ? List.of(line.step()) : List.of());
      cells.addAll(List.of(line.name(), line.layer()));
      Set<FeatureSource> best = line.best();
      COLUMNS.forEach(column -> cells.add(line.text(column) + (best.contains(column) ? "*" : " ")));
      cells.add(lastCell.apply(line));
      table.add(cells);
    }
    return table;
  }

  /** Breaks a note into lines at spaces. */
  private static String note(String label, String text) {
    StringBuilder note = new StringBuilder();
    StringBuilder line = new StringBuilder(label);
    for (String word : text.split(" ", -1)) {
      if (line.length() > label.length() && line.length() + word.length() > TEXT_WIDTH) {
        note.append(line.toString().stripTrailing()).append('\n');
        line.setLength(0);
        line.append(" ".repeat(label.length()));
      }
      line.append(word).append(' ');
    }
    return note.append(line.toString().stripTrailing()).append('\n').toString();
  }
}
