package org.kindred.pipelines.run;

import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.beam.sdk.Pipeline;
import org.kindred.pipelines.experiment.ExperimentException;
import org.kindred.pipelines.experiment.ExperimentSpec;
import org.kindred.pipelines.plan.BoundStep;
import org.kindred.pipelines.plan.PlanException;
import org.kindred.pipelines.plan.PlannedStep;
import org.kindred.pipelines.plan.Planner;
import org.kindred.pipelines.plan.Producers;
import org.kindred.pipelines.plan.Selection;
import org.kindred.proto.artifact.v1.Producer;
import org.kindred.proto.pipeline.v1.ReuseEntry;
import org.kindred.proto.pipeline.v1.Run;
import org.kindred.proto.pipeline.v1.RunState;
import org.kindred.proto.pipeline.v1.RunStep;
import org.kindred.proto.pipeline.v1.StepAction;
import org.kindred.stages.Stage;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.StageTransform;
import org.kindred.stages.Stages;
import org.kindred.stages.artifact.ArtifactException;
import org.kindred.stages.artifact.ArtifactStore;
import org.kindred.stages.artifact.StoredArtifact;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs an experiment: decides on each step, reuses or runs it, and keeps the record. */
public final class ExperimentRunner {
  private static final Logger LOG = LoggerFactory.getLogger(ExperimentRunner.class);

  private final ArtifactStore store;
  private final Stages stages;
  private final JobRunner jobs;
  private final RunListener listener;
  private final RunStore runs;

  /** Runs experiments in a store, with the given stages, on a runner. */
  public ExperimentRunner(
      ArtifactStore store, Stages stages, JobRunner jobs, RunListener listener) {
    this.store = store;
    this.stages = stages;
    this.jobs = jobs;
    this.listener = listener;
    this.runs = new RunStore(store);
  }

  /**
   * Runs an experiment.
   *
   * @return the run's record
   * @throws StepFailedException if a step fails; its record says so too, and the steps before it
   *     keep their artifacts
   * @throws PlanException if the experiment can't be planned
   */
  public Run run(ExperimentSpec experiment, Selection selection) throws IOException {
    Planner planner = new Planner(store, stages, runs, experiment, selection, jobs.name());
    planner.plan();
    store.deleteAbandonedStaging();
    Instant start = Instant.now();
    Run.Builder run =
        Run.newBuilder()
            .setId(runs.newId(start, experiment.name()))
            .setExperiment(experiment.name())
            .setSource(experiment.source())
            .addAllOverrides(experiment.overrides())
            .setSeed(experiment.seed())
            .setStarted(timestamp(start))
            .setState(RunState.RUN_STATE_RUNNING)
            .setPlatform(Producers.platform(jobs.name()))
            .setKindredVersion(Producers.kindredVersion());
    runs.write(run.build());
    listener.started(run.build());
    try {
      for (BoundStep step : planner.steps()) {
        RunStep done = runStep(planner, step, experiment, run.getId());
        run.addSteps(done);
        runs.write(run.build());
        listener.stepFinished(done);
      }
      return finish(run.setState(RunState.RUN_STATE_DONE));
    } catch (IOException | RuntimeException e) {
      finish(run.setState(RunState.RUN_STATE_FAILED).setError(String.valueOf(e.getMessage())));
      throw e;
    }
  }

  private Run finish(Run.Builder run) throws IOException {
    Run finished = run.setFinished(timestamp(Instant.now())).build();
    runs.write(finished);
    return finished;
  }

  private RunStep runStep(Planner planner, BoundStep step, ExperimentSpec experiment, String runId)
      throws IOException {
    long start = System.nanoTime();
    PlannedStep planned = planner.decide(step);
    listener.stepStarted(planned);
    Producer producer =
        planned
            .producer()
            .orElseThrow(() -> new IllegalStateException("a step ran before what it reads"));
    RunStep.Builder done =
        RunStep.newBuilder()
            .setId(step.id())
            .setStage(step.stage().name())
            .setReason(planned.reason())
            .setProducer(producer);
    StoredArtifact artifact;
    if (planned.isReused()) {
      artifact = planned.artifact().get();
      done.setAction(StepAction.STEP_ACTION_REUSED);
    } else {
      artifact = execute(step, step.stage(), experiment, runId, planner.inputs(step), producer);
      planner.made(step, artifact);
      done.setAction(StepAction.STEP_ACTION_RAN);
    }
    return done.setArtifact(artifact.digest())
        .setSeconds((System.nanoTime() - start) / 1e9)
        .build();
  }

  private <C extends Message> StoredArtifact execute(
      BoundStep step,
      Stage<C> stage,
      ExperimentSpec experiment,
      String runId,
      Map<String, StoredArtifact> inputs,
      Producer producer)
      throws IOException {
    @SuppressWarnings("unchecked") // the reader made the configuration from this stage's own type
    C config = (C) step.config();
    StageContext<C> context =
        new StageContext<>(
            step.id(),
            config,
            experiment.seed(),
            inputs,
            store,
            store.newStaging(stage.output()),
            producer);
    try {
      stage.check(context);
      Pipeline pipeline = Pipeline.create(jobs.options(runId + "-" + step.id(), stage.isOneTask()));
      pipeline.apply(StageTransform.of(stage, context));
      jobs.run(pipeline);
      ReuseEntry entry =
          store
              .lookup(producer.getReuseKey())
              .orElseThrow(
                  () -> new StageException("the job ended without publishing an artifact"));
      return store
          .get(entry.getArtifact())
          .orElseThrow(() -> new ArtifactException("artifact " + entry.getArtifact() + " is gone"));
    } catch (IOException | RuntimeException e) {
      String named = "step " + step.id() + ": ";
      String explanation = explanation(e);
      throw new StepFailedException(
          "step %s failed: %s"
              .formatted(
                  step.id(),
                  explanation.startsWith(named)
                      ? explanation.substring(named.length())
                      : explanation),
          e);
    } finally {
      discard(context.staging().path());
    }
  }

  /**
   * What is left in the staging directory belongs to nobody, whether the step was published or
   * failed.
   */
  private void discard(String staging) {
    try {
      store.files().delete(staging);
    } catch (IOException e) {
      LOG.warn("could not delete {}: {}", staging, e.getMessage());
    }
  }

  /**
   * Returns the message of the deepest exception that was written for users, or else of the deepest
   * one.
   */
  private String explanation(Throwable failure) {
    Throwable deepest = failure;
    Throwable forUsers = null;
    for (Throwable t = failure; t != null; t = t.getCause()) {
      deepest = t;
      if (List.of(
              StageException.class,
              ArtifactException.class,
              PlanException.class,
              ExperimentException.class)
          .contains(t.getClass())) {
        forUsers = t;
      }
    }
    if (forUsers != null) {
      return forUsers.getMessage();
    }
    String message = deepest.getMessage();
    if (deepest instanceof IOException && message != null) {
      // Java's streams don't say where.
      return "%s (store %s)".formatted(message, store.root());
    }
    return deepest.getClass().getSimpleName()
        + (message == null ? "" : ": " + message.lines().findFirst().orElse(""));
  }

  private static Timestamp timestamp(Instant time) {
    return Timestamp.newBuilder()
        .setSeconds(time.getEpochSecond())
        .setNanos(time.getNano())
        .build();
  }
}
