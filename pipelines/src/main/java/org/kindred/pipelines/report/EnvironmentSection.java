package org.kindred.pipelines.report;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.kindred.pipelines.report.RunArtifacts.Step;
import org.kindred.proto.artifact.v1.Platform;
import org.kindred.proto.pipeline.v1.Run;
import org.kindred.proto.pipeline.v1.RunStep;
import org.kindred.stages.arrow.MappedTable;
import org.kindred.stages.arrow.Tables;

/**
 * Where and with what the run was made, what was measured on the way, and which records were
 * refused.
 *
 * @param facts the environment
 * @param measurements figures that steps recorded
 * @param rejects refused records by step
 */
record EnvironmentSection(List<Fact> facts, List<Measurement> measurements, List<Rejects> rejects)
    implements Section {
  private static final int LISTED_REJECTS = 5;

  /** A named value. */
  record Fact(String name, String value) {}

  /**
   * A figure that a step recorded when its artifact was made, in this run or an earlier one.
   *
   * @param step id of the step
   * @param name what was measured, with its unit
   * @param value the figure
   * @param where runner, processors and GPU it was measured on
   */
  record Measurement(String step, String name, String value, String where) {}

  /**
   * Records that a step refused.
   *
   * @param step id of the step
   * @param summary how many
   * @param first the first of them
   */
  record Rejects(String step, String summary, List<Reject> first) {}

  /** A refused record. */
  record Reject(String id, String source, String reason) {}

  boolean hasMeasurements() {
    return !measurements.isEmpty();
  }

  @Override
  public String anchor() {
    return "environment";
  }

  @Override
  public String heading() {
    return "Environment and measurements";
  }

  static List<EnvironmentSection> of(RunArtifacts artifacts) throws IOException {
    List<Measurement> measurements = new ArrayList<>();
    List<Rejects> rejects = new ArrayList<>();
    for (Step step : artifacts.steps()) {
      new TreeMap<>(step.maker().getMeasurementsMap())
          .forEach(
              (name, value) ->
                  measurements.add(
                      new Measurement(step.id(), name, Formats.number(value), where(step))));
      if (step.artifact().rows(Tables.REJECTS) > 0) {
        rejects.add(rejects(step));
      }
    }
    return List.of(new EnvironmentSection(facts(artifacts.run()), measurements, rejects));
  }

  private static String where(Step step) {
    Platform platform = step.maker().getPlatform();
    String where = "%s, %d processors".formatted(platform.getRunner(), platform.getProcessors());
    return platform.getDevice().startsWith("GPU") ? where + ", " + platform.getDevice() : where;
  }

  private static List<Fact> facts(Run run) {
    Platform platform = run.getPlatform();
    List<Fact> facts = new ArrayList<>();
    facts.add(new Fact("Operating system", platform.getOperatingSystem()));
    facts.add(new Fact("Architecture", platform.getArchitecture()));
    facts.add(new Fact("Processors", Integer.toString(platform.getProcessors())));
    facts.add(new Fact("Java", platform.getJava()));
    facts.add(new Fact("Runner", platform.getRunner()));
    facts.add(new Fact("Kindred", run.getKindredVersion()));
    SortedMap<String, String> libraries = new TreeMap<>();
    for (RunStep step : run.getStepsList()) {
      libraries.putAll(step.getProducer().getLibrariesMap());
    }
    libraries.remove("kindred");
    for (Map.Entry<String, String> library : libraries.entrySet()) {
      facts.add(new Fact("Library " + library.getKey(), library.getValue()));
    }
    facts.add(new Fact("Seed", Long.toUnsignedString(run.getSeed())));
    facts.add(
        new Fact(
            "Overrides",
            run.getOverridesCount() == 0 ? "none" : String.join("\n", run.getOverridesList())));
    return facts;
  }

  private static Rejects rejects(Step step) throws IOException {
    List<Reject> first = new ArrayList<>();
    try (MappedTable table = MappedTable.open(step.artifact().localTable(Tables.REJECTS))) {
      long[] ids = table.longs("id");
      String[] sources = table.strings("source");
      String[] reasons = table.strings("reason");
      for (int i = 0; i < Math.min(ids.length, LISTED_REJECTS); i++) {
        first.add(new Reject(Long.toString(ids[i]), sources[i], reasons[i]));
      }
      return new Rejects(
          step.id(),
          "%s refused; listed: the first %d".formatted(Formats.count(ids.length), first.size()),
          first);
    }
  }
}
