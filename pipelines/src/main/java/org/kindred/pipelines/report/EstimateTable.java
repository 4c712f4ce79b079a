package org.kindred.pipelines.report;

import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;
import org.kindred.pipelines.estimate.StepEstimate;
import org.kindred.stages.Estimate;

/** Sizes of steps as text: a line per step, their sums, then what is to be said of each. */
public final class EstimateTable {
  private static final List<String> HEADER =
      List.of(
          "step",
          "records",
          "shards",
          "work items",
          "written",
          "shuffled",
          "FLOPs",
          "task holds",
          "core-hours");
  private static final String NONE = "-";

  private EstimateTable() {}

  /** Returns the table. */
  public static String text(List<StepEstimate> steps) {
    TextTable table = new TextTable(false, true, true, true, true, true, true, true, true);
    table.add(HEADER);
    steps.forEach(step -> table.add(cells(step)));
    table.add(
        List.of(
            "total",
            "",
            count(sum(steps, size -> (double) size.shards())),
            count(sum(steps, size -> (double) size.workItems())),
            bytes(sum(steps, Estimate::bytes)),
            bytes(sum(steps, Estimate::shuffledBytes)),
            operations(sum(steps, Estimate::flops)),
            "",
            hours(steps.stream().mapToDouble(StepEstimate::coreHours).sum())));
    StringBuilder text = new StringBuilder(table.toString()).append('\n');
    for (StepEstimate step : steps) {
      step.notes().forEach(note -> text.append(step.step()).append(": ").append(note).append('\n'));
    }
    return text.append(rates(steps)).toString();
  }

  private static double sum(List<StepEstimate> steps, ToDoubleFunction<Estimate> figure) {
    return steps.stream().flatMap(step -> step.estimate().stream()).mapToDouble(figure).sum();
  }

  private static List<String> cells(StepEstimate step) {
    return step.estimate()
        .map(
            size ->
                List.of(
                    step.step(),
                    count(size.records()),
                    count((double) size.shards()),
                    count((double) size.workItems()),
                    bytes(size.bytes()),
                    bytes(size.shuffledBytes()),
                    operations(size.flops()),
                    bytes(size.taskBytes()),
                    hours(step.coreHours())))
        .orElse(List.of(step.step(), NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE));
  }

  private static String rates(List<StepEstimate> steps) {
    StringBuilder text = new StringBuilder();
    TreeSet<String> others = new TreeSet<>();
    for (StepEstimate step : steps) {
      step.rate()
          .run()
          .ifPresentOrElse(
              run ->
                  text.append(step.step())
                      .append(": core-hours by the rate of run ")
                      .append(run)
                      .append('\n'),
              () -> others.add(step.step()));
    }
    return others.isEmpty()
        ? text.toString()
        : text.append("core-hours of ")
            .append(String.join(", ", others))
            .append(" by the rates that README gives\n")
            .toString();
  }

  private static String count(double value) {
    return String.format(Locale.ROOT, "%,.0f", value);
  }

  private static String bytes(double value) {
    return Formats.bytes(Math.round(value));
  }

  private static String operations(double value) {
    return value == 0 ? NONE : String.format(Locale.ROOT, "%.1e", value);
  }

  private static String hours(double value) {
    return String.format(Locale.ROOT, value < 10 ? "%.2f" : "%,.0f", value);
  }
}
