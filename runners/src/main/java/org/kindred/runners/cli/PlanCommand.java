package org.kindred.runners.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.kindred.pipelines.experiment.ExperimentSpec;
import org.kindred.pipelines.plan.PlannedStep;
import org.kindred.pipelines.plan.Planner;
import org.kindred.pipelines.run.RunStore;
import org.kindred.runners.job.JobRunners;
import org.kindred.stages.Stages;
import org.kindred.stages.artifact.ArtifactStore;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Says what a run would do. */
@Command(
    name = "plan",
    mixinStandardHelpOptions = true,
    description = "Say which steps a run would reuse and which it would run.")
final class PlanCommand implements Callable<Integer> {
  @Mixin private ExperimentOptions experiment;
  @ParentCommand private Main main;

  @Option(names = "--why", description = "Say why, naming the fields that changed.")
  private boolean why;

  @Option(names = "--json", description = "Print one JSON document.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    Stages stages = Stages.load();
    ArtifactStore opened = main.openStore();
    ExperimentSpec read = experiment.read(stages);
    Planner planner =
        new Planner(
            opened, stages, new RunStore(opened), read, experiment.selection(), JobRunners.DEFAULT);
    List<PlannedStep> plan = planner.plan();
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Map<String, Object> document = new LinkedHashMap<>();
      document.put("experiment", read.name());
      document.put("steps", plan.stream().map(PlanCommand::document).toList());
      out.println(Json.text(document));
    } else {
      plan.forEach(step -> print(step, out));
    }
    return Main.OK;
  }

  private void print(PlannedStep step, PrintWriter out) {
    String artifact = step.artifact().map(a -> " " + a.digest().substring(0, 12)).orElse("");
    out.printf(
        "%-12s %-6s%s%s%n",
        step.step().id(),
        step.isReused() ? "reuse" : "run",
        artifact,
        why ? "  (" + step.reason() + ")" : "");
  }

  private static Map<String, Object> document(PlannedStep step) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("id", step.step().id());
    document.put("stage", step.step().stage().name());
    document.put("action", step.isReused() ? "reuse" : "run");
    document.put("why", step.reason());
    document.put("artifact", step.artifact().map(artifact -> artifact.digest()).orElse(null));
    return document;
  }
}
