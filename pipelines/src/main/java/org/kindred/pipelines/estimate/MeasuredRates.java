package org.kindred.pipelines.estimate;

import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.kindred.pipelines.estimate.StepEstimate.Rate;
import org.kindred.pipelines.experiment.CanonicalJson;
import org.kindred.pipelines.plan.Planner;
import org.kindred.pipelines.plan.Producers;
import org.kindred.pipelines.run.RunStore;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.InputRef;
import org.kindred.proto.artifact.v1.Platform;
import org.kindred.proto.artifact.v1.Producer;
import org.kindred.proto.pipeline.v1.Run;
import org.kindred.proto.pipeline.v1.RunStep;
import org.kindred.proto.pipeline.v1.StepAction;
import org.kindred.stages.Estimate;
import org.kindred.stages.SourceSize;
import org.kindred.stages.Stage;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.artifact.ArtifactStore;
import org.kindred.stages.artifact.StoredArtifact;

/**
 * How fast this machine was in the newest run of a stage: the work that the stage tells of that
 * run's configuration and inputs, over the seconds of all processors.
 */
final class MeasuredRates {
  /** A shorter step tells of the time that it takes to start one. */
  private static final double LEAST_SECONDS = 60;

  private final ArtifactStore store;
  private final RunStore runs;
  private final String runner;

  MeasuredRates(ArtifactStore store, RunStore runs, String runner) {
    this.store = store;
    this.runs = runs;
    this.runner = runner;
  }

  /**
   * Returns the rate of a stage, if there is a run that tells it.
   *
   * @param own the stage's own figure: a run to which it gives another, by the precision of its
   *     arithmetic say, does work of another kind
   */
  <C extends Message> Optional<Rate> of(Stage<C> stage, double own) throws IOException {
    Platform here = Producers.platform(runner);
    for (Run run : runs.all()) {
      Platform there = run.getPlatform();
      if (there.getRunner().equals(runner)
          && there.getProcessors() == here.getProcessors()
          && there.getArchitecture().equals(here.getArchitecture())) {
        for (RunStep step : run.getStepsList()) {
          if (tells(step, stage)) {
            Optional<Estimate> estimate = estimate(stage, step);
            if (estimate.isPresent() && estimate.get().work().perCoreSecond() == own) {
              double seconds = step.getSeconds() * there.getProcessors();
              return Optional.of(
                  new Rate(estimate.get().work().amount() / seconds, Optional.of(run.getId())));
            }
          }
        }
      }
    }
    return Optional.empty();
  }

  /** A training that went on where another had stopped took less time than its work says. */
  private static boolean tells(RunStep step, Stage<?> stage) {
    return step.getStage().equals(stage.name())
        && step.getAction() == StepAction.STEP_ACTION_RAN
        && step.getSeconds() >= LEAST_SECONDS
        && !step.getReason().equals(Planner.UNFINISHED);
  }

  private <C extends Message> Optional<Estimate> estimate(Stage<C> stage, RunStep step)
      throws IOException {
    Producer producer = step.getProducer();
    Optional<StoredArtifact> artifact = store.get(step.getArtifact());
    Map<String, StoredArtifact> inputs = new LinkedHashMap<>();
    for (InputRef input : producer.getInputsList()) {
      store.get(input.getDigest()).ifPresent(found -> inputs.put(input.getName(), found));
    }
    if (artifact.isEmpty() || inputs.size() < producer.getInputsCount()) {
      return Optional.empty();
    }
    Message.Builder config = stage.defaultConfig().newBuilderForType();
    JsonFormat.parser()
        .ignoringUnknownFields()
        .merge(CanonicalJson.of(producer.getConfig()), config);
    @SuppressWarnings("unchecked") // built from the stage's own default
    C read = (C) config.build();
    StageContext<C> context =
        new StageContext<>(
            step.getId(),
            read,
            producer.getSeed(),
            inputs,
            store,
            store.newStaging(stage.output()),
            producer);
    try {
      return stage.output() == ArtifactType.ARTIFACT_TYPE_DATASET
          ? stage.estimate(context, SourceSize.of(artifact.get()))
          : stage.estimate(context);
    } catch (StageException e) {
      return Optional.empty(); // of another version of the stage
    }
  }
}
