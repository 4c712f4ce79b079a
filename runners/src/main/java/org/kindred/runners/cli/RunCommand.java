package org.kindred.runners.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.kindred.pipelines.estimate.Estimator;
import org.kindred.pipelines.experiment.ExperimentSpec;
import org.kindred.pipelines.report.HtmlReport;
import org.kindred.pipelines.report.MetricTable;
import org.kindred.pipelines.run.ExperimentRunner;
import org.kindred.pipelines.run.Foresight;
import org.kindred.pipelines.run.JobRunner;
import org.kindred.pipelines.run.RunStore;
import org.kindred.proto.pipeline.v1.Run;
import org.kindred.proto.pipeline.v1.RunStep;
import org.kindred.proto.pipeline.v1.StepAction;
import org.kindred.runners.job.JobRunners;
import org.kindred.stages.Stages;
import org.kindred.stages.artifact.ArtifactStore;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Runs an experiment. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    description =
        "Run an experiment: reuse what is there, run what changed, print metrics and write a report.")
final class RunCommand implements Callable<Integer> {
  private static final int MAX_PARALLELISM = 10_000;

  @Mixin private ExperimentOptions experiment;
  @ParentCommand private Main main;

  @Option(
      names = "--runner",
      paramLabel = "RUNNER",
      defaultValue = JobRunners.DEFAULT,
      description =
          "Where stages run: embedded, in this process; flink, on Flink's local mode; flink=HOST:PORT, on the "
              + "session cluster at this REST address; spark, on Spark's local "
              + "mode, in a build with Spark. Default: ${DEFAULT-VALUE}.")
  private String runner;

  @Option(
      names = "--parallelism",
      paramLabel = "N",
      description =
          "Tasks of a step at a time. Default: one for each processor, on a cluster one for each slot.")
  private Integer parallelism;

  @Option(names = "--json", description = "Print one JSON document and nothing else.")
  private boolean json;

  @Option(
      names = "--detach",
      description =
          "Start the run in a process of its own, print its id and return; see status and cancel.")
  private boolean detach;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    Stages stages = Stages.load();
    JobRunner jobs = jobRunner();
    ArtifactStore opened = main.openStore();
    ExperimentSpec read = experiment.read(stages);
    if (detach && !DetachedRun.isThis()) {
      return detach();
    }
    Run run;
    try (RunDisplay display = new RunDisplay(spec.commandLine().getErr())) {
      Foresight foresight =
          steps -> new Estimator(opened, new RunStore(opened), read, jobs.name()).refusals(steps);
      run =
          new ExperimentRunner(opened, stages, jobs, display, foresight)
              .run(read, experiment.selection());
    }
    String report = writeReport(run, opened);
    MetricTable metrics = MetricTable.of(run, opened);
    if (json) {
      out.println(Json.text(document(run, opened, metrics, report)));
    } else {
      out.print(metrics.toText());
      out.println("report: " + report);
    }
    return Main.OK;
  }

  private int detach() throws IOException {
    DetachedRun detached =
        DetachedRun.start(spec.root().commandLine().getParseResult().originalArgs());
    Optional<String> id = detached.id();
    if (id.isEmpty()) {
      Files.readAllLines(detached.log()).forEach(spec.commandLine().getErr()::println);
      return detached.exitCode();
    }
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(Json.text(Map.of("run", id.get(), "log", detached.log().toString())));
    } else {
      out.println("run " + id.get());
      out.println("log " + detached.log());
    }
    return Main.OK;
  }

  private JobRunner jobRunner() {
    if (parallelism != null && (parallelism < 1 || parallelism > MAX_PARALLELISM)) {
      throw new UsageException(
          "--parallelism is %d, valid is 1 to %d".formatted(parallelism, MAX_PARALLELISM));
    }
    try {
      return JobRunners.named(
          runner, parallelism == null ? OptionalInt.empty() : OptionalInt.of(parallelism));
    } catch (IllegalArgumentException e) {
      throw new UsageException("--runner: " + e.getMessage(), e);
    }
  }

  private static String writeReport(Run run, ArtifactStore store) throws IOException {
    ByteArrayOutputStream html = new ByteArrayOutputStream();
    HtmlReport.write(run, store, html);
    String path = new RunStore(store).directory(run.getId()) + "/report.html";
    store.files().replace(path, html.toByteArray());
    return path;
  }

  private static Map<String, Object> document(
      Run run, ArtifactStore store, MetricTable metrics, String report) throws IOException {
    List<Object> steps = new ArrayList<>();
    for (RunStep step : run.getStepsList()) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("id", step.getId());
      entry.put("stage", step.getStage());
      entry.put("action", step.getAction() == StepAction.STEP_ACTION_RAN ? "ran" : "reused");
      entry.put("artifact", step.getArtifact());
      entry.put("path", store.resolve(step.getArtifact()).location());
      entry.put("seconds", step.getSeconds());
      steps.add(entry);
    }
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("run", run.getId());
    document.put("steps", steps);
    document.put("metrics", metrics.rows());
    document.put("report", report);
    return document;
  }
}
