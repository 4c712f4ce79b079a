package org.kindred.runners.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.kindred.pipelines.run.RunStore;
import org.kindred.proto.pipeline.v1.Run;
import org.kindred.proto.pipeline.v1.RunState;
import org.kindred.proto.pipeline.v1.RunStep;
import org.kindred.proto.pipeline.v1.StepAction;
import org.kindred.runners.job.JobRunners;
import org.kindred.stages.artifact.ArtifactStore;
import org.kindred.stages.artifact.Manifests;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Commands that look at a run, or stop it. */
final class RunCommands {
  /**
   * A run whose process shows every few seconds that it is alive is lost when it has not done so
   * for this long.
   */
  private static final Duration LOST = Duration.ofSeconds(60);

  private RunCommands() {}

  /** Lists the runs of a store. */
  @Command(
      name = "runs",
      mixinStandardHelpOptions = true,
      description = "List the runs of the store, newest first.")
  static final class RunsCommand implements Callable<Integer> {
    @ParentCommand private Main main;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
      RunStore runs = new RunStore(main.openStore());
      for (Run run : runs.all()) {
        spec.commandLine().getOut().printf("%s  %s%n", run.getId(), state(runs, run));
      }
      return Main.OK;
    }
  }

  /** Shows how a run stands. */
  @Command(
      name = "status",
      mixinStandardHelpOptions = true,
      description = "Show how a run stands, step by step.")
  static final class StatusCommand implements Callable<Integer> {
    @ParentCommand private Main main;

    @Parameters(
        index = "0",
        paramLabel = "RUN",
        defaultValue = "latest",
        description = "A run's id, a unique prefix of it, or latest. Default: ${DEFAULT-VALUE}.")
    private String reference;

    @Option(names = "--json", description = "Print the run's record as one JSON document.")
    private boolean json;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
      RunStore runs = new RunStore(main.openStore());
      Run run = runs.resolve(reference);
      PrintWriter out = spec.commandLine().getOut();
      if (json) {
        out.print(new String(Manifests.toJson(run), StandardCharsets.UTF_8));
        out.flush();
        return Main.OK;
      }
      out.printf("%s  %s%n", run.getId(), state(runs, run));
      if (!run.getUi().isEmpty() && !run.hasFinished()) {
        out.println("jobs are shown at " + run.getUi());
      }
      for (RunStep step : run.getStepsList()) {
        String artifact = step.getArtifact();
        out.printf(
            Locale.ROOT,
            "%-12s %-8s %7.1f s  %s%n",
            step.getId(),
            action(step),
            step.getSeconds(),
            artifact.isEmpty() ? progress(step) : artifact.substring(0, 12));
      }
      if (!run.getError().isEmpty()) {
        out.println(run.getError());
      }
      return Main.OK;
    }

    private static String progress(RunStep step) {
      return step.getProgressCount() == 0
          ? step.getReason()
          : new JobMetrics(step.getProgressMap()).text();
    }

    private static String action(RunStep step) {
      return step.getAction() == StepAction.STEP_ACTION_STARTED
          ? "running"
          : step.getAction().name().substring("STEP_ACTION_".length()).toLowerCase(Locale.ROOT);
    }
  }

  /** Stops a run. */
  @Command(
      name = "cancel",
      mixinStandardHelpOptions = true,
      description =
          "Stop a run and its job. What its steps have made so far stays, and is reused by the next run.")
  static final class CancelCommand implements Callable<Integer> {
    @ParentCommand private Main main;

    @Parameters(
        index = "0",
        paramLabel = "RUN",
        description = "A run's id, a unique prefix of it, or latest.")
    private String reference;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
      ArtifactStore opened = main.openStore();
      RunStore runs = new RunStore(opened);
      Run run = runs.resolve(reference);
      PrintWriter out = spec.commandLine().getOut();
      if (run.getState() != RunState.RUN_STATE_RUNNING) {
        throw new IllegalStateException(
            "run %s is not running: it is %s".formatted(run.getId(), state(runs, run)));
      }
      runs.requestCancel(run.getId());
      if (isLost(runs, run)) {
        JobRunners.named(run.getPlatform().getRunner(), OptionalInt.empty())
            .cancelJobs(run.getId());
        runs.markCancelled(run);
        out.println("cancelled run " + run.getId() + ", whose process is gone");
      } else {
        out.println("asked run " + run.getId() + " to stop");
      }
      return Main.OK;
    }
  }

  private static String state(RunStore runs, Run run) throws IOException {
    return isLost(runs, run)
        ? "lost: the process that ran it was last seen at %s; run the experiment again to go on"
            .formatted(runs.lastSeen(run))
        : run.getState().name().substring("RUN_STATE_".length()).toLowerCase(Locale.ROOT);
  }

  private static boolean isLost(RunStore runs, Run run) throws IOException {
    return run.getState() == RunState.RUN_STATE_RUNNING
        && runs.lastSeen(run).plus(LOST).isBefore(Instant.now());
  }
}
