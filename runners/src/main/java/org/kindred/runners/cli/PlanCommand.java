package org.kindred.runners.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.kindred.pipelines.estimate.Estimator;
import org.kindred.pipelines.estimate.StepEstimate;
import org.kindred.pipelines.experiment.ExperimentSpec;
import org.kindred.pipelines.plan.Binder;
import org.kindred.pipelines.plan.PlanException;
import org.kindred.pipelines.plan.PlannedStep;
import org.kindred.pipelines.plan.Planner;
import org.kindred.pipelines.plan.Selection;
import org.kindred.pipelines.report.EstimateTable;
import org.kindred.pipelines.run.RunStore;
import org.kindred.runners.job.JobRunners;
import org.kindred.stages.Estimate;
import org.kindred.stages.StageException;
import org.kindred.stages.Stages;
import org.kindred.stages.artifact.ArtifactStore;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Says what a run would do, and how large its steps are. */
@Command(
    name = "plan",
    mixinStandardHelpOptions = true,
    description = {
      "Say which steps a run would reuse and which it would run, and how large they are: records,"
          + " data files (shards), work items, bytes written and shuffled, operations, memory of a"
          + " task, core-hours.",
      "With --images nothing has to be there."
    })
final class PlanCommand implements Callable<Integer> {
  @Mixin private ExperimentOptions experiment;
  @ParentCommand private Main main;

  @Option(names = "--why", description = "Say why, naming the fields that changed.")
  private boolean why;

  @Option(names = "--json", description = "Print one JSON document.")
  private boolean json;

  @ArgGroup(exclusive = false, heading = "Plan for another source than there is:%n")
  private SourceOptions source;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    Stages stages = Stages.load();
    ArtifactStore opened = main.openStore();
    ExperimentSpec read = experiment.read(stages);
    RunStore runs = new RunStore(opened);
    Estimator estimator = new Estimator(opened, runs, read, JobRunners.DEFAULT);
    List<PlannedStep> plan = List.of();
    List<StepEstimate> sizes;
    if (source == null) {
      plan =
          plan(new Planner(opened, stages, runs, read, experiment.selection(), JobRunners.DEFAULT));
      sizes = estimator.estimate(plan);
    } else {
      Selection selection = experiment.selection();
      if (why || selection.from().isPresent() || !selection.force().isEmpty()) {
        throw new UsageException(
            "--why, --from and --force have no part in --images, which looks at no artifact");
      }
      sizes = estimator.estimate(selection.steps(Binder.bind(read, stages)), source.size());
    }
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(Json.text(document(read.name(), plan, sizes)));
    } else {
      plan.forEach(step -> print(step, out));
      out.print((plan.isEmpty() ? "" : "\n") + EstimateTable.text(sizes));
      out.flush();
    }
    return Main.OK;
  }

  private static List<PlannedStep> plan(Planner planner) throws IOException {
    try {
      return planner.plan();
    } catch (PlanException e) {
      throw e.getCause() instanceof StageException
          ? new PlanException(e.getMessage() + "; --images N plans without it", e)
          : e;
    }
  }

  private static Map<String, Object> document(
      String name, List<PlannedStep> plan, List<StepEstimate> sizes) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("experiment", name);
    Map<String, Map<String, Object>> steps = new LinkedHashMap<>();
    plan.forEach(step -> steps.put(step.step().id(), document(step)));
    for (StepEstimate size : sizes) {
      Map<String, Object> step =
          steps.computeIfAbsent(
              size.step(),
              id -> {
                Map<String, Object> alone = new LinkedHashMap<>();
                alone.put("id", id);
                alone.put("stage", size.stage());
                return alone;
              });
      step.put("size", size.estimate().map(estimate -> document(size, estimate)).orElse(null));
      step.put("notes", size.notes());
    }
    document.put("steps", List.copyOf(steps.values()));
    return document;
  }

  private static Map<String, Object> document(StepEstimate step, Estimate estimate) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("records", estimate.records());
    document.put("shards", estimate.shards());
    document.put("work_items", estimate.workItems());
    document.put("bytes_written", estimate.bytes());
    document.put("bytes_shuffled", estimate.shuffledBytes());
    document.put("flops", estimate.flops());
    document.put("task_bytes", estimate.taskBytes());
    document.put("core_hours", step.coreHours());
    document.put("work", estimate.work().amount());
    document.put("work_unit", estimate.work().unit());
    document.put("work_per_core_second", step.rate().perCoreSecond());
    document.put("rate_of_run", step.rate().run().orElse(null));
    return document;
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
