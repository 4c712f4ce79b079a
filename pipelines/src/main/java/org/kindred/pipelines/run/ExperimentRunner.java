package org.kindred.pipelines.run;

import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.options.PipelineOptions;
import org.kindred.pipelines.experiment.ExperimentException;
import org.kindred.pipelines.experiment.ExperimentSpec;
import org.kindred.pipelines.plan.BoundStep;
import org.kindred.pipelines.plan.PlanException;
import org.kindred.pipelines.plan.PlannedStep;
import org.kindred.pipelines.plan.Planner;
import org.kindred.pipelines.plan.Producers;
import org.kindred.pipelines.plan.Selection;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.MetricValue;
import org.kindred.proto.artifact.v1.Producer;
import org.kindred.proto.pipeline.v1.ReuseEntry;
import org.kindred.proto.pipeline.v1.Run;
import org.kindred.proto.pipeline.v1.RunMetric;
import org.kindred.proto.pipeline.v1.RunState;
import org.kindred.proto.pipeline.v1.RunStep;
import org.kindred.proto.pipeline.v1.StepAction;
import org.kindred.stages.Stage;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.StageTransform;
import org.kindred.stages.Stages;
import org.kindred.stages.StepFn;
import org.kindred.stages.StepOptions;
import org.kindred.stages.arrow.Tables;
import org.kindred.stages.artifact.ArtifactException;
import org.kindred.stages.artifact.ArtifactStore;
import org.kindred.stages.artifact.StoredArtifact;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/** Runs an experiment: decides on each step, reuses or runs it, and keeps the record. */
public final class ExperimentRunner {
  private static final Logger LOG = LoggerFactory.getLogger(ExperimentRunner.class);

  private static final Set<Class<?>> FOR_USERS =
      Set.of(
          StageException.class,
          ArtifactException.class,
          PlanException.class,
          ExperimentException.class,
          JobLostException.class);

  private final ArtifactStore store;
  private final Stages stages;
  private final JobRunner jobs;
  private final RunListener listener;
  private final RunStore runs;
  private final Foresight foresight;

  /** Runs experiments in a store, with the given stages, on a runner. */
  public ExperimentRunner(
      ArtifactStore store, Stages stages, JobRunner jobs, RunListener listener) {
    this(store, stages, jobs, listener, Foresight.NONE);
  }

  /**
   * Does the same, and looks ahead when the images are known.
   *
   * @param foresight tells what steps would be refused for
   */
  public ExperimentRunner(
      ArtifactStore store,
      Stages stages,
      JobRunner jobs,
      RunListener listener,
      Foresight foresight) {
    this.foresight = foresight;
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
   * @throws PlanException if the experiment can't be planned, or a step would be refused
   */
  public Run run(ExperimentSpec experiment, Selection selection) throws IOException {
    Planner planner = new Planner(store, stages, runs, experiment, selection, jobs.name());
    List<PlannedStep> plan = new ArrayList<>(planner.plan());
    lookAhead(plan);
    store.deleteAbandonedStaging();
    Instant start = Instant.now();
    Run.Builder run =
        Run.newBuilder()
            .setId(runs.claimId(start, experiment.name()))
            .setExperiment(experiment.name())
            .setSource(experiment.source())
            .setYaml(experiment.text())
            .addAllOverrides(experiment.overrides())
            .setSeed(experiment.seed())
            .setStarted(timestamp(start))
            .setState(RunState.RUN_STATE_RUNNING)
            .setPlatform(Producers.platform(jobs.name()))
            .setKindredVersion(Producers.kindredVersion());
    jobs.ui().ifPresent(run::setUi);
    write(run);
    listener.started(run.build());
    Heartbeat heartbeat = Heartbeat.start(runs, run.getId());
    try {
      MDC.put(StepFn.RUN, run.getId());
      for (int i = 0; i < plan.size(); i++) {
        BoundStep step = plan.get(i).step();
        MDC.put(StepFn.STEP, step.id());
        StoredArtifact artifact = runStep(planner, step, experiment, run);
        plan.set(i, new PlannedStep(step, "made", Optional.empty(), Optional.of(artifact)));
        if (artifact.type() == ArtifactType.ARTIFACT_TYPE_DATASET) {
          lookAhead(plan);
        }
      }
      return finish(run.setState(RunState.RUN_STATE_DONE));
    } catch (RunCancelledException cancelled) {
      finish(run.setState(RunState.RUN_STATE_CANCELLED).setError(cancelled.getMessage()));
      throw cancelled;
    } catch (Throwable failure) {
      // Whatever it is, the record says so; and when the record can't be written either, the
      // failure still is what the caller hears of.
      try {
        finish(
            run.setState(RunState.RUN_STATE_FAILED)
                .setError(
                    failure instanceof StepFailedException
                        ? failure.getMessage()
                        : explanation(failure)));
      } catch (IOException | RuntimeException e) {
        failure.addSuppressed(e);
      }
      throw failure;
    } finally {
      heartbeat.close();
      MDC.remove(StepFn.RUN);
      MDC.remove(StepFn.STEP);
    }
  }

  /** Once the images are known, so is what most other steps are made of. */
  private void lookAhead(List<PlannedStep> plan) throws IOException {
    boolean imagesAreKnown =
        plan.stream()
            .filter(step -> step.step().stage().output() == ArtifactType.ARTIFACT_TYPE_DATASET)
            .allMatch(PlannedStep::isReused);
    List<String> refusals = imagesAreKnown ? foresight.refusals(plan) : List.of();
    if (!refusals.isEmpty()) {
      throw new PlanException(String.join(System.lineSeparator(), refusals));
    }
  }

  private Run finish(Run.Builder run) throws IOException {
    run.setFinished(timestamp(Instant.now()));
    write(run);
    return run.build();
  }

  private void write(Run.Builder run) throws IOException {
    runs.write(run.setUpdated(timestamp(Instant.now())).build());
  }

  /** Runs or reuses a step; the run's record has it from its start on. */
  private StoredArtifact runStep(
      Planner planner, BoundStep step, ExperimentSpec experiment, Run.Builder run)
      throws IOException {
    long start = System.nanoTime();
    PlannedStep planned = planner.decide(step);
    RunStep.Builder record =
        run.addStepsBuilder()
            .setId(step.id())
            .setStage(step.stage().name())
            .setAction(StepAction.STEP_ACTION_STARTED);
    RunMonitor monitor = new RunMonitor(runs, run, record, listener);
    try {
      if (!planned.isReused()
          && jobs.awaitTwin(Job.of(run.getId(), step, producer(planned), store.root()), monitor)) {
        // Also where the step is forced: what was made meanwhile was made anew.
        planned = planner.decideAnew(step);
      }
    } catch (Throwable failure) {
      record.setAction(actionAfter(failure)).setSeconds(secondsSince(start));
      throw failure;
    }
    listener.stepStarted(planned);
    Producer producer = producer(planned);
    record.setReason(planned.reason()).setProducer(producer);
    StoredArtifact artifact;
    if (planned.isReused()) {
      artifact = planned.artifact().get();
      record.setAction(StepAction.STEP_ACTION_REUSED);
    } else {
      write(run);
      try {
        artifact = execute(step, step.stage(), experiment, monitor, planner.inputs(step), producer);
      } catch (Throwable failure) {
        record.setAction(actionAfter(failure)).setSeconds(secondsSince(start));
        throw failure;
      }
      planner.made(step, artifact);
      record.setAction(StepAction.STEP_ACTION_RAN);
    }
    record
        .setArtifact(artifact.digest())
        .setSeconds(secondsSince(start))
        .setRejected(artifact.rows(Tables.REJECTS));
    for (MetricValue metric : artifact.content().getEvaluation().getMetricsList()) {
      run.addMetrics(RunMetric.newBuilder().setStep(step.id()).setMetric(metric));
    }
    write(run);
    listener.stepFinished(record.build());
    return artifact;
  }

  private static StepAction actionAfter(Throwable failure) {
    return failure instanceof RunCancelledException
        ? StepAction.STEP_ACTION_CANCELLED
        : StepAction.STEP_ACTION_FAILED;
  }

  private static Producer producer(PlannedStep planned) {
    return planned
        .producer()
        .orElseThrow(() -> new IllegalStateException("a step ran before what it reads"));
  }

  private static double secondsSince(long start) {
    return (System.nanoTime() - start) / 1e9;
  }

  private <C extends Message> StoredArtifact execute(
      BoundStep step,
      Stage<C> stage,
      ExperimentSpec experiment,
      RunMonitor monitor,
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
    boolean ended = true;
    try {
      stage.check(context);
      Optional<ReuseEntry> before = store.lookup(producer.getReuseKey());
      Job job = Job.of(monitor.runId(), step, producer, store.root());
      PipelineOptions options = jobs.options(job);
      options.as(StepOptions.class).setRun(job.run());
      options.as(StepOptions.class).setStep(job.step());
      Pipeline pipeline = Pipeline.create(options);
      pipeline.apply(StageTransform.of(stage, context));
      jobs.run(pipeline, monitor);
      ReuseEntry published =
          store
              .lookup(producer.getReuseKey())
              .filter(entry -> !before.equals(Optional.of(entry)))
              .orElseThrow(
                  () -> new StageException("the job ended without publishing an artifact"));
      return store
          .get(published.getArtifact())
          .orElseThrow(
              () -> new ArtifactException("artifact " + published.getArtifact() + " is gone"));
    } catch (RunCancelledException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      ended = !(e instanceof JobLostException);
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
      // A job that may still be running needs it.
      if (ended) {
        discard(context.staging().path());
      }
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
   * Returns the message of the deepest exception that was written for users; or of the outermost
   * that says what could not be read or written; or else of the deepest one.
   */
  private static String explanation(Throwable failure) {
    Throwable deepest = failure;
    Throwable told = null;
    Throwable inputOutput = null;
    for (Throwable t = failure; t != null; t = t.getCause()) {
      deepest = t;
      if (FOR_USERS.contains(t.getClass())) {
        told = t;
      }
      if (inputOutput == null && t instanceof IOException && t.getMessage() != null) {
        inputOutput = t;
      }
    }
    if (told != null) {
      return told.getMessage();
    }
    if (inputOutput != null && !(inputOutput instanceof FileSystemException)) {
      return inputOutput.getMessage();
    }
    String message = deepest.getMessage();
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
