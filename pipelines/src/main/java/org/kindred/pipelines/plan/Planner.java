package org.kindred.pipelines.plan;

import com.google.protobuf.Message;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.kindred.pipelines.experiment.ConfigDiff;
import org.kindred.pipelines.experiment.ExperimentSpec;
import org.kindred.pipelines.experiment.StepSpec;
import org.kindred.proto.artifact.v1.InputRef;
import org.kindred.proto.artifact.v1.Producer;
import org.kindred.proto.pipeline.v1.ReuseEntry;
import org.kindred.proto.pipeline.v1.RunStep;
import org.kindred.stages.Stage;
import org.kindred.stages.StageException;
import org.kindred.stages.StageInput;
import org.kindred.stages.Stages;
import org.kindred.stages.artifact.ArtifactException;
import org.kindred.stages.artifact.ArtifactStore;
import org.kindred.stages.artifact.Manifests;
import org.kindred.stages.artifact.StoredArtifact;
import org.kindred.stages.artifact.UnknownArtifactException;

/**
 * Decides for each step whether to run it, step by step: call {@link #decide} in order, and {@link
 * #made} for a step that ran before deciding on its readers.
 */
public final class Planner {
  /** Why a step runs that was begun before: a training among them goes on. */
  public static final String UNFINISHED = "it was begun and not finished";

  private static final String NEVER_RUN = "never run in this store";

  /** What an earlier run did with a step of an experiment, if there was one. */
  public interface History {
    /** Returns what the newest run of the experiment that came to the step did with it. */
    Optional<RunStep> last(String experiment, String step) throws IOException;
  }

  private final ArtifactStore store;
  private final History history;
  private final ExperimentSpec experiment;
  private final String runner;
  private final Selection.Scope scope;
  private final Map<String, StoredArtifact> artifacts = new LinkedHashMap<>();
  private final Set<StoredArtifact> whole = new HashSet<>();

  /**
   * Binds an experiment's steps and applies the selection.
   *
   * @param runner name of the runner, for the producers
   */
  public Planner(
      ArtifactStore store,
      Stages stages,
      History history,
      ExperimentSpec experiment,
      Selection selection,
      String runner) {
    this.store = store;
    this.history = history;
    this.experiment = experiment;
    this.runner = runner;
    this.scope = selection.apply(Binder.bind(experiment, stages));
  }

  /** Returns the steps in the order that they are to be decided on. */
  public List<BoundStep> steps() {
    return scope.steps();
  }

  /** Decides on all steps; those that read a step that has to run can't have a key yet. */
  public List<PlannedStep> plan() throws IOException {
    List<PlannedStep> plan = new ArrayList<>();
    for (BoundStep step : steps()) {
      plan.add(decide(step));
    }
    return plan;
  }

  /** Says what a step that ran has made, so that its readers can be decided on. */
  public void made(BoundStep step, StoredArtifact artifact) {
    artifacts.put(step.id(), artifact);
  }

  /**
   * Returns the artifacts that a step reads. All the steps that it reads must have been reused or
   * made.
   */
  public Map<String, StoredArtifact> inputs(BoundStep step) throws IOException {
    Map<String, StoredArtifact> inputs = new LinkedHashMap<>();
    for (Map.Entry<String, String> input : step.inputs().entrySet()) {
      StoredArtifact artifact =
          input.getValue().startsWith(StepSpec.ARTIFACT_PREFIX)
              ? outside(step, input.getKey(), input.getValue())
              : artifacts.get(input.getValue());
      if (artifact != null) {
        inputs.put(input.getKey(), artifact);
      }
    }
    return inputs;
  }

  private StoredArtifact outside(BoundStep step, String name, String source) throws IOException {
    StoredArtifact artifact;
    try {
      artifact = store.resolve(source.substring(StepSpec.ARTIFACT_PREFIX.length()));
    } catch (UnknownArtifactException e) {
      throw new PlanException(unusable(step, name, e.getMessage()), e);
    } catch (ArtifactException e) {
      throw new ArtifactException(unusable(step, name, e.getMessage()), e);
    }
    StageInput input =
        step.stage().inputs().stream().filter(i -> i.name().equals(name)).findFirst().orElseThrow();
    if (artifact.type() != input.type()) {
      throw new PlanException(
          "%s: input \"%s\" of step \"%s\" takes %s, %s is %s"
              .formatted(
                  step.spec().at(),
                  name,
                  step.id(),
                  Manifests.typeName(input.type()),
                  source,
                  Manifests.typeName(artifact.type())));
    }
    List<String> damage = damage(artifact);
    if (!damage.isEmpty()) {
      throw new ArtifactException(unusable(step, name, damage.get(0)));
    }
    return artifact;
  }

  private static String unusable(BoundStep step, String input, String why) {
    return "%s: input \"%s\" of step \"%s\": %s".formatted(step.spec().at(), input, step.id(), why);
  }

  /** Reading every byte takes its time: what was whole once is not read again by this planner. */
  private List<String> damage(StoredArtifact artifact) {
    if (whole.contains(artifact)) {
      return List.of();
    }
    List<String> damage = store.verify(artifact);
    if (damage.isEmpty()) {
      whole.add(artifact);
    }
    return damage;
  }

  /** Decides on one step. */
  public PlannedStep decide(BoundStep step) throws IOException {
    return decide(step, scope.forced().contains(step.id()));
  }

  /** Decides on a step once more, after another run has made what it would make. */
  public PlannedStep decideAnew(BoundStep step) throws IOException {
    return decide(step, false);
  }

  private PlannedStep decide(BoundStep step, boolean isForced) throws IOException {
    String fingerprint = fingerprint(step.stage(), step);
    Map<String, StoredArtifact> inputs = inputs(step);
    List<String> pending = step.reads().stream().filter(id -> !artifacts.containsKey(id)).toList();
    Producer producer = Producers.of(step, experiment.seed(), fingerprint, inputs, runner);
    if (!pending.isEmpty()) {
      List<String> reasons = new ArrayList<>();
      reasons.add("reads " + String.join(", ", pending) + ", to be made");
      // Once that is made, an artifact from before the last run may fit.
      changes(step, producer, Set.copyOf(inputs.keySet()))
          .forEach(
              change ->
                  reasons.add(change.equals(NEVER_RUN) ? change : change + " since its last run"));
      return run(step, String.join("; ", reasons), Optional.empty());
    }
    if (isForced) {
      return run(step, "forced", Optional.of(producer));
    }
    Optional<ReuseEntry> entry = store.lookup(producer.getReuseKey());
    if (entry.isEmpty()) {
      List<String> reasons = changes(step, producer, Set.copyOf(inputs.keySet()));
      String reason = reasons.isEmpty() ? UNFINISHED : String.join("; ", reasons);
      return run(step, reason, Optional.of(producer));
    }
    Optional<StoredArtifact> artifact;
    try {
      artifact = store.get(entry.get().getArtifact());
    } catch (ArtifactException e) {
      return run(step, e.getMessage(), Optional.of(producer));
    }
    if (artifact.isEmpty()) {
      return run(
          step, "its artifact " + entry.get().getArtifact() + " is gone", Optional.of(producer));
    }
    List<String> damage = damage(artifact.get());
    if (!damage.isEmpty()) {
      return run(step, damage.get(0), Optional.of(producer));
    }
    artifacts.put(step.id(), artifact.get());
    return new PlannedStep(step, "nothing changed", Optional.of(producer), artifact);
  }

  private PlannedStep run(BoundStep step, String reason, Optional<Producer> producer) {
    if (scope.mustExist().contains(step.id())) {
      throw new PlanException(
          "step \"%s\" would have to run first: %s".formatted(step.id(), reason));
    }
    artifacts.remove(step.id());
    return new PlannedStep(step, reason, producer, Optional.empty());
  }

  @SuppressWarnings("unchecked") // the reader made the configuration from this stage's own type
  private static <C extends Message> String fingerprint(Stage<C> stage, BoundStep step)
      throws IOException {
    try {
      return stage.sourceFingerprint((C) step.config());
    } catch (StageException e) {
      throw new PlanException(
          "%s: step \"%s\": %s".formatted(step.spec().configAt(), step.id(), e.getMessage()), e);
    }
  }

  /** Says what differs from the step's last run, as far as its inputs are known. */
  private List<String> changes(BoundStep step, Producer now, Set<String> knownInputs)
      throws IOException {
    Optional<RunStep> last = history.last(experiment.name(), step.id());
    if (last.isEmpty()) {
      return List.of(NEVER_RUN);
    }
    Producer before = last.get().getProducer();
    List<String> changes = new ArrayList<>();
    if (!before.getStage().equals(now.getStage())) {
      changes.add("stage: %s -> %s".formatted(before.getStage(), now.getStage()));
    }
    if (before.getImplementationVersion() != now.getImplementationVersion()) {
      changes.add(
          "implementation version: %d -> %d"
              .formatted(before.getImplementationVersion(), now.getImplementationVersion()));
    }
    for (ConfigDiff.Change change : ConfigDiff.between(before.getConfig(), now.getConfig())) {
      if (ReuseKeyFields.has(step.config().getDescriptorForType(), change.path())) {
        changes.add(step.id() + "." + change);
      }
    }
    if (before.getSeed() != now.getSeed()) {
      changes.add(
          "seed: %s -> %s"
              .formatted(
                  Long.toUnsignedString(before.getSeed()), Long.toUnsignedString(now.getSeed())));
    }
    if (!before.getSourceFingerprint().equals(now.getSourceFingerprint())) {
      changes.add("what it reads from outside changed");
    }
    changes.addAll(inputChanges(before, now, knownInputs));
    return changes;
  }

  private static List<String> inputChanges(Producer before, Producer now, Set<String> knownInputs) {
    Map<String, String> old = new LinkedHashMap<>();
    for (InputRef input : before.getInputsList()) {
      old.put(input.getName(), input.getDigest());
    }
    List<String> changes = new ArrayList<>();
    for (InputRef input : now.getInputsList()) {
      String digest = old.get(input.getName());
      if (knownInputs.contains(input.getName()) && !input.getDigest().equals(digest)) {
        changes.add(
            "input %s: %s -> %s"
                .formatted(input.getName(), shortDigest(digest), shortDigest(input.getDigest())));
      }
    }
    return changes;
  }

  private static String shortDigest(String digest) {
    return digest == null ? "none" : digest.substring(0, 12);
  }
}
