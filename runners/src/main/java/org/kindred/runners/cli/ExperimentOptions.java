package org.kindred.runners.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.kindred.pipelines.experiment.ExperimentReader;
import org.kindred.pipelines.experiment.ExperimentSpec;
import org.kindred.pipelines.plan.Selection;
import org.kindred.stages.Stage;
import org.kindred.stages.Stages;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What {@code run} and {@code plan} share: an experiment, overrides, and which steps. */
final class ExperimentOptions {
  @Parameters(
      index = "0",
      paramLabel = "EXPERIMENT",
      description = "A preset's name (see `kindred presets`) or a YAML file.")
  private String experiment;

  @Option(
      names = "--set",
      paramLabel = "step.path=value",
      description =
          "Set a field of a step's configuration, such as graph.k=7. May be given several times.")
  private List<String> overrides = new ArrayList<>();

  @Option(
      names = "--from",
      paramLabel = "STEP",
      description =
          "Run this step and all that read it, also when nothing changed; what it reads must be there.")
  private String from;

  @Option(
      names = "--only",
      paramLabel = "STEP",
      description = "Run no step but this one; what it reads must be there.")
  private String only;

  @Option(
      names = "--force",
      paramLabel = "STEP",
      description = "Run this step also when nothing changed. May be given several times.")
  private List<String> force = new ArrayList<>();

  ExperimentSpec read(Stages stages) {
    return new ExperimentReader(
            name -> stages.find(name).map(Stage::defaultConfig),
            stages.all().stream().map(Stage::name).toList())
        .read(experiment, overrides);
  }

  Selection selection() {
    return new Selection(Optional.ofNullable(from), Optional.ofNullable(only), Set.copyOf(force));
  }
}
