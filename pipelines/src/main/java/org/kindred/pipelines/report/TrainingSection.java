package org.kindred.pipelines.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.kindred.pipelines.report.RunArtifacts.Step;
import org.kindred.pipelines.report.TrainingCurve.Point;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Layer;
import org.kindred.proto.artifact.v1.Model;
import org.kindred.stages.arrow.MappedTable;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.StoredArtifact;

/**
 * How a training went.
 *
 * @param step id of the step that trained
 * @param model the network in one line
 * @param lossData the loss chart's data as JSON
 * @param lossCaption what its lines are
 * @param lossSummary the loss chart in words
 * @param monitorData the monitor chart's data as JSON, empty without a monitor
 * @param monitorSummary the monitor chart in words
 * @param measures names of what was measured after each epoch
 * @param epochs the figures behind the charts, epoch by epoch
 * @param epochsNote what the list of epochs leaves out, empty when nothing
 */
record TrainingSection(
    String step,
    String model,
    String lossData,
    String lossCaption,
    String lossSummary,
    String monitorData,
    String monitorSummary,
    List<String> measures,
    List<Epoch> epochs,
    String epochsNote)
    implements Section {
  private static final int LISTED_EPOCHS = 100;
  private static final String ACCURACY = "knn_accuracy";
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * One line of the list of epochs.
   *
   * @param number the epoch, from 1
   * @param loss mean loss of its steps
   * @param rate learning rate of its last step
   * @param values what was measured after it, in the order of {@link #measures}
   */
  record Epoch(String number, String loss, String rate, List<String> values) {}

  @Override
  public String anchor() {
    return "training-" + step;
  }

  @Override
  public String heading() {
    return "Training";
  }

  static List<TrainingSection> of(RunArtifacts artifacts) throws IOException {
    List<TrainingSection> sections = new ArrayList<>();
    for (Step step : artifacts.ofType(ArtifactType.ARTIFACT_TYPE_MODEL)) {
      if (step.artifact().rows(Tables.CURVE) > 0) {
        sections.add(of(step));
      }
    }
    return sections;
  }

  private static TrainingSection of(Step step) throws IOException {
    TrainingCurve curve;
    try (MappedTable table = MappedTable.open(step.artifact().localTable(Tables.CURVE))) {
      curve =
          new TrainingCurve(
              fromOne(table.ints("epoch")),
              table.longs("step"),
              table.floats("loss"),
              table.floats("learning_rate"));
    }
    NavigableMap<String, NavigableMap<Integer, Float>> measured = measured(step.artifact());
    NavigableMap<Integer, Float> accuracies =
        measured.getOrDefault(ACCURACY, Collections.emptyNavigableMap());
    List<Point> points = curve.points();
    List<Epoch> epochs =
        curve.epochs().stream().map(epoch -> line(epoch, measured.values())).toList();
    int[] listed = Evenly.spaced(epochs.size(), LISTED_EPOCHS);
    return new TrainingSection(
        step.id(),
        describe(step.artifact().content().getModel()),
        lossData(points),
        lossCaption(curve),
        summary(points),
        accuracies.isEmpty()
            ? ""
            : json(Map.of("epoch", accuracies.keySet(), "accuracy", rounded(accuracies.values()))),
        accuracies.isEmpty() ? "" : monitorSummary(accuracies),
        measured.keySet().stream().map(name -> name.replace('_', ' ')).toList(),
        IntStream.of(listed).mapToObj(epochs::get).toList(),
        listed.length == epochs.size()
            ? ""
            : "%d of %d epochs, evenly spaced".formatted(listed.length, epochs.size()));
  }

  /** Tables count epochs from 0, people and the progress display from 1. */
  private static int[] fromOne(int[] epochs) {
    return IntStream.of(epochs).map(epoch -> epoch + 1).toArray();
  }

  private static String lossData(List<Point> points) {
    return json(
        Map.of(
            "step", points.stream().map(Point::step).toList(),
            "epoch", points.stream().map(Point::epoch).toList(),
            "loss", rounded(points.stream().map(Point::loss).toList()),
            "smooth", rounded(points.stream().map(Point::smoothed).toList()),
            "rate", rounded(points.stream().map(Point::rate).toList())));
  }

  private static String lossCaption(TrainingCurve curve) {
    if (curve.window() == 1) {
      return "every step, not smoothed";
    }
    String thin = curve.perPoint() == 1 ? "every step" : "mean of " + curve.perPoint() + " steps";
    return "thin: %s; thick: smoothed, mean of %d steps around".formatted(thin, curve.window());
  }

  private static String describe(Model model) {
    String layers =
        model.getLayersList().stream()
            .map((Layer layer) -> layer.getName() + " " + layer.getDimension())
            .collect(Collectors.joining(", "));
    String architecture =
        model.getNetwork().getArchitecture().name().substring("ARCHITECTURE_".length());
    return "%s, %s parameters, layers %s; %s, %s examples, %s epochs, %s steps"
        .formatted(
            architecture.toLowerCase(Locale.ROOT),
            Formats.count(model.getParameters()),
            layers,
            model.getObjective(),
            Formats.count(model.getExamples()),
            Formats.count(model.getEpochs()),
            Formats.count(model.getSteps()));
  }

  /** Returns by name and epoch what was measured. */
  private static NavigableMap<String, NavigableMap<Integer, Float>> measured(StoredArtifact model)
      throws IOException {
    NavigableMap<String, NavigableMap<Integer, Float>> measured = new TreeMap<>();
    if (model.rows(Tables.MEASUREMENTS) > 0) {
      try (MappedTable table = MappedTable.open(model.localTable(Tables.MEASUREMENTS))) {
        int[] epochs = fromOne(table.ints("epoch"));
        String[] names = table.strings("measure");
        float[] values = table.floats("value");
        for (int i = 0; i < epochs.length; i++) {
          measured.computeIfAbsent(names[i], name -> new TreeMap<>()).put(epochs[i], values[i]);
        }
      }
    }
    return measured;
  }

  private static Epoch line(
      TrainingCurve.Epoch epoch, Collection<NavigableMap<Integer, Float>> measured) {
    return new Epoch(
        Integer.toString(epoch.number()),
        Formats.number(epoch.loss()),
        significant(epoch.rate()),
        measured.stream()
            .map(values -> values.get(epoch.number()))
            .map(value -> value == null ? "–" : Formats.number(value))
            .toList());
  }

  private static String summary(List<Point> points) {
    return "Loss by step, smoothed: %s at first, %s at the end"
        .formatted(
            Formats.number(points.get(0).smoothed()),
            Formats.number(points.get(points.size() - 1).smoothed()));
  }

  private static String monitorSummary(NavigableMap<Integer, Float> accuracies) {
    return "kNN accuracy by epoch: %s at first, %s at the end, highest %s"
        .formatted(
            Formats.number(accuracies.firstEntry().getValue()),
            Formats.number(accuracies.lastEntry().getValue()),
            Formats.number(Collections.max(accuracies.values())));
  }

  private static String significant(double value) {
    return Double.isFinite(value)
        ? new BigDecimal(value).round(new MathContext(4)).stripTrailingZeros().toPlainString()
        : Double.toString(value);
  }

  /** Five digits are more than a screen shows; a value that isn't finite becomes a gap. */
  private static List<BigDecimal> rounded(Collection<? extends Number> values) {
    List<BigDecimal> rounded = new ArrayList<>();
    for (Number value : values) {
      double exact = value.doubleValue();
      rounded.add(Double.isFinite(exact) ? new BigDecimal(exact).round(new MathContext(5)) : null);
    }
    return rounded;
  }

  private static String json(Map<String, Object> data) {
    try {
      return JSON.writeValueAsString(new TreeMap<>(data));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
