package org.kindred.pipelines.report;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.kindred.proto.pipeline.v1.Run;
import org.kindred.proto.pipeline.v1.RunState;

/**
 * The head of the page.
 *
 * @param experiment name of the experiment
 * @param runId id of the run
 * @param state how the run stands, in words
 * @param style style of the state: {@code done}, {@code failed} or {@code running}
 * @param facts when, how long, from what
 * @param error what ended the run, empty when nothing did
 */
record Summary(
    String experiment, String runId, String state, String style, List<Fact> facts, String error) {

  /** A named value. */
  record Fact(String name, String value) {}

  static Summary of(Run run) {
    List<Fact> facts = new ArrayList<>();
    facts.add(new Fact("Started", Formats.time(run.getStarted())));
    facts.add(
        new Fact(
            "Took",
            run.hasFinished() ? Formats.between(run.getStarted(), run.getFinished()) : "–"));
    facts.add(new Fact("Steps", steps(run)));
    facts.add(new Fact("Source", run.getSource()));
    facts.add(new Fact("Seed", Long.toUnsignedString(run.getSeed())));
    if (run.getOverridesCount() > 0) {
      facts.add(new Fact("Overrides", String.join(", ", run.getOverridesList())));
    }
    return new Summary(
        run.getExperiment(),
        run.getId(),
        state(run.getState()),
        style(run.getState()),
        facts,
        run.getError());
  }

  private static String state(RunState state) {
    return switch (state) {
      case RUN_STATE_DONE -> "done";
      case RUN_STATE_FAILED -> "failed";
      case RUN_STATE_CANCELLED -> "cancelled";
      case RUN_STATE_RUNNING -> "not finished: still running, or its process died";
      case RUN_STATE_UNSPECIFIED, UNRECOGNIZED -> "state unknown";
    };
  }

  private static String style(RunState state) {
    return switch (state) {
      case RUN_STATE_DONE -> "done";
      case RUN_STATE_FAILED, RUN_STATE_CANCELLED -> "failed";
      case RUN_STATE_RUNNING, RUN_STATE_UNSPECIFIED, UNRECOGNIZED -> "running";
    };
  }

  private static String steps(Run run) {
    return run.getStepsList().stream()
        .collect(Collectors.groupingBy(LineageSection::action, TreeMap::new, Collectors.counting()))
        .entrySet()
        .stream()
        .map(action -> action.getValue() + " " + action.getKey())
        .collect(Collectors.joining(", "));
  }
}
