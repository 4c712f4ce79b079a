package org.kindred.pipelines.estimate;

import com.google.protobuf.Message;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.kindred.pipelines.estimate.StepEstimate.Rate;
import org.kindred.pipelines.experiment.ExperimentSpec;
import org.kindred.pipelines.experiment.StepSpec;
import org.kindred.pipelines.plan.BoundStep;
import org.kindred.pipelines.plan.PlannedStep;
import org.kindred.pipelines.run.RunStore;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.InputRef;
import org.kindred.proto.artifact.v1.Producer;
import org.kindred.proto.pipeline.v1.RunStep;
import org.kindred.stages.Estimate;
import org.kindred.stages.SourceSize;
import org.kindred.stages.Stage;
import org.kindred.stages.StageContext;
import org.kindred.stages.StageException;
import org.kindred.stages.arrow.TableSize;
import org.kindred.stages.artifact.ArtifactStore;
import org.kindred.stages.artifact.Staging;
import org.kindred.stages.artifact.StoredArtifact;

/** Says how large an experiment's steps are, step by step: each tells its readers what it makes. */
public final class Estimator {
  private static final long MANY_ITEMS = 100_000;

  /** A reader maps every file; Linux allows a process 65,530 maps, and it has two readers. */
  private static final long MANY_FILES = 30_000;

  private static final double MANY_HOURS = 10;
  private static final double MUCH_MEMORY = 8e9;
  private static final double LARGE_JOB = 64e6;

  private final ArtifactStore store;
  private final RunStore runs;
  private final ExperimentSpec experiment;
  private final MeasuredRates rates;
  private final Map<String, StoredArtifact> artifacts = new LinkedHashMap<>();

  /**
   * @param runs what earlier runs have measured
   * @param runner name of the runner that a measured run must have had
   */
  public Estimator(ArtifactStore store, RunStore runs, ExperimentSpec experiment, String runner) {
    this.store = store;
    this.runs = runs;
    this.experiment = experiment;
    this.rates = new MeasuredRates(store, runs, runner);
  }

  /** Estimates the steps of a plan on the data that are there. */
  public List<StepEstimate> estimate(List<PlannedStep> plan) throws IOException {
    List<StepEstimate> estimates = new ArrayList<>();
    for (PlannedStep planned : plan) {
      estimates.add(estimate(planned.step(), planned.step().stage(), Optional.empty()));
      planned.artifact().ifPresent(artifact -> artifacts.put(planned.step().id(), artifact));
    }
    return estimates;
  }

  /**
   * Estimates steps on data of another size.
   *
   * @param steps the steps, each after those that it reads
   * @param source what the experiment would read; what it leaves open is taken from the Dataset
   *     that the step made last, if there is one
   */
  public List<StepEstimate> estimate(List<BoundStep> steps, SourceSize source) throws IOException {
    List<StepEstimate> estimates = new ArrayList<>();
    for (BoundStep step : steps) {
      estimates.add(estimate(step, step.stage(), Optional.of(assumed(step, source))));
    }
    return estimates;
  }

  /**
   * Returns what steps that are still to be made would be refused for, as far as can be told from
   * the artifacts that are there: all of it, each with file and line.
   *
   * @param steps the steps, each after those that it reads; those that are made have an artifact
   */
  public List<String> refusals(List<PlannedStep> steps) throws IOException {
    List<String> refusals = new ArrayList<>();
    for (PlannedStep planned : steps) {
      BoundStep step = planned.step();
      if (planned.isReused()) {
        artifacts.put(step.id(), planned.artifact().get());
      } else {
        estimate(step, step.stage(), Optional.empty())
            .refusal()
            .ifPresent(
                why ->
                    refusals.add(
                        "%s: step \"%s\": %s".formatted(step.spec().configAt(), step.id(), why)));
      }
    }
    return refusals;
  }

  private SourceSize assumed(BoundStep step, SourceSize source) throws IOException {
    if (step.stage().output() != ArtifactType.ARTIFACT_TYPE_DATASET) {
      return source;
    }
    Optional<RunStep> last = runs.last(experiment.name(), step.id());
    Optional<StoredArtifact> artifact =
        last.isPresent() ? store.get(last.get().getArtifact()) : Optional.empty();
    return artifact.map(made -> SourceSize.of(made).withImages(source)).orElse(source);
  }

  private <C extends Message> StepEstimate estimate(
      BoundStep step, Stage<C> stage, Optional<SourceSize> source) throws IOException {
    List<String> notes = new ArrayList<>();
    Optional<Estimate> estimate = Optional.empty();
    Optional<String> refusal = Optional.empty();
    try {
      Map<String, StoredArtifact> inputs = inputs(step);
      Producer producer = producer(stage, inputs);
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
      refusal = refusal(stage, context);
      estimate =
          source.isPresent() ? stage.estimate(context, source.get()) : stage.estimate(context);
      if (estimate.isPresent()) {
        artifacts.put(
            step.id(),
            StoredArtifact.planned("planned-" + step.id(), estimate.get().content(), producer));
        refusal.ifPresent(why -> notes.add("would be refused: " + why));
        addNotes(estimate.get(), notes);
      } else {
        notes.add("stage %s tells no size".formatted(stage.name()));
      }
    } catch (StageException e) {
      notes.add(e.getMessage());
    }
    if (estimate.isEmpty()) {
      Rate none = new Rate(1, Optional.empty());
      return new StepEstimate(step.id(), stage.name(), estimate, none, refusal, notes);
    }
    double own = estimate.get().work().perCoreSecond();
    Rate rate = rates.of(stage, own).orElse(new Rate(own, Optional.empty()));
    double hours = rate.coreHours(estimate.get());
    if (hours / estimate.get().workItems() > MANY_HOURS) {
      notes.add(
          text(
              "a work item, of %,d, takes %,.0f core-hours on one machine",
              estimate.get().workItems(), hours / estimate.get().workItems()));
    }
    return new StepEstimate(step.id(), stage.name(), estimate, rate, refusal, notes);
  }

  private Map<String, StoredArtifact> inputs(BoundStep step) throws IOException {
    Map<String, StoredArtifact> inputs = new LinkedHashMap<>();
    for (Map.Entry<String, String> input : step.inputs().entrySet()) {
      String from = input.getValue();
      StoredArtifact artifact =
          from.startsWith(StepSpec.ARTIFACT_PREFIX)
              ? store.resolve(from.substring(StepSpec.ARTIFACT_PREFIX.length()))
              : artifacts.get(from);
      if (artifact == null) {
        throw new StageException("it reads step %s, whose size is not known".formatted(from));
      }
      inputs.put(input.getKey(), artifact);
    }
    return inputs;
  }

  private static Producer producer(Stage<?> stage, Map<String, StoredArtifact> inputs) {
    Producer.Builder producer = Producer.newBuilder().setStage(stage.name());
    inputs.forEach(
        (name, artifact) ->
            producer.addInputs(
                InputRef.newBuilder()
                    .setName(name)
                    .setType(artifact.type())
                    .setDigest(artifact.digest())));
    return producer.build();
  }

  private static <C extends Message> Optional<String> refusal(
      Stage<C> stage, StageContext<C> context) throws IOException {
    try {
      stage.check(context);
      return Optional.empty();
    } catch (StageException e) {
      return Optional.of(e.getMessage());
    }
  }

  private static void addNotes(Estimate estimate, List<String> notes) {
    if (estimate.taskBytes() > MUCH_MEMORY) {
      notes.add(text("one task holds %.1f GB", estimate.taskBytes() / 1e9));
    }
    if (estimate.workItems() > MANY_ITEMS) {
      notes.add(text("%,d work items", estimate.workItems()));
    }
    if (estimate.itemBytes() > LARGE_JOB) {
      notes.add(
          text(
              "the descriptions of its work items, a part of the job's own, take %.1f GB",
              estimate.itemBytes() / 1e9));
    }
    for (TableSize table : estimate.tables()) {
      if (table.files() > Staging.LAST_SHARD + 1) {
        notes.add(
            text(
                "table %s would have %,d files, valid are at most %,d",
                table.table(), table.files(), Staging.LAST_SHARD + 1));
      }
    }
    estimate.tables().stream()
        .filter(table -> table.files() > MANY_FILES)
        .findFirst()
        .ifPresent(
            table ->
                notes.add(
                    text(
                        "a reader maps the %,d files of table %s at once, and evaluate has two readers;"
                            + " a process has 65,530 maps by default (vm.max_map_count)",
                        table.files(), table.table())));
    notes.addAll(estimate.notes());
  }

  private static String text(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
