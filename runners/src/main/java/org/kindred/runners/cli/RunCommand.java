package org.kindred.runners.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.kindred.pipelines.experiment.ExperimentSpec;
import org.kindred.pipelines.report.HtmlReport;
import org.kindred.pipelines.report.MetricTable;
import org.kindred.pipelines.run.ExperimentRunner;
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
  @Mixin private ExperimentOptions experiment;
  @ParentCommand private Main main;

  @Option(
      names = "--runner",
      paramLabel = "embedded|flink",
      defaultValue = "embedded",
      description =
          "Where stages run, in this process: embedded on Beam's DirectRunner, flink on Flink's local mode. "
              + "Default: ${DEFAULT-VALUE}.")
  private String runner;

  @Option(names = "--json", description = "Print one JSON document and nothing else.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    Stages stages = Stages.load();
    JobRunner jobs = jobRunner();
    ArtifactStore opened = main.openStore();
    ExperimentSpec read = experiment.read(stages);
    Run run;
    try (RunDisplay display = new RunDisplay(spec.commandLine().getErr())) {
      run = new ExperimentRunner(opened, stages, jobs, display).run(read, experiment.selection());
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

  private JobRunner jobRunner() {
    try {
      return JobRunners.named(runner);
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
