package org.kindred.pipelines.report;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.InputRef;
import org.kindred.proto.artifact.v1.Producer;
import org.kindred.proto.pipeline.v1.ReuseEntry;
import org.kindred.proto.pipeline.v1.Run;
import org.kindred.proto.pipeline.v1.RunStep;
import org.kindred.stages.artifact.ArtifactException;
import org.kindred.stages.artifact.ArtifactStore;
import org.kindred.stages.artifact.StoredArtifact;

/** A run's artifacts as far as the store has them, and what each was made from. */
final class RunArtifacts {

  /**
   * A step whose artifact is in the store.
   *
   * @param record the run's record of the step
   * @param artifact its artifact
   * @param maker who made the artifact, when it was made under this step's key: with measurements
   */
  record Step(RunStep record, StoredArtifact artifact, Producer maker) {
    String id() {
      return record.getId();
    }
  }

  private final Run run;
  private final ArtifactStore store;
  private final List<Step> steps = new ArrayList<>();
  private final List<String> problems = new ArrayList<>();
  private final Map<String, Producer> producers = new HashMap<>();

  private RunArtifacts(Run run, ArtifactStore store) {
    this.run = run;
    this.store = store;
  }

  /** Looks up the artifact of every step. */
  static RunArtifacts of(Run run, ArtifactStore store) {
    RunArtifacts artifacts = new RunArtifacts(run, store);
    for (RunStep step : run.getStepsList()) {
      if (!step.getArtifact().isEmpty()) {
        artifacts.producers.putIfAbsent(step.getArtifact(), step.getProducer());
        artifacts.add(step);
      }
    }
    return artifacts;
  }

  private void add(RunStep step) {
    try {
      Optional<StoredArtifact> artifact = store.get(step.getArtifact());
      if (artifact.isEmpty()) {
        problems.add(
            "step %s: artifact %s is not in the store".formatted(step.getId(), step.getArtifact()));
        return;
      }
      steps.add(new Step(step, artifact.get(), maker(step, artifact.get())));
    } catch (IOException | ArtifactException e) {
      problems.add("step %s: %s".formatted(step.getId(), e.getMessage()));
    }
  }

  /**
   * The key's own entry knows better than the manifest, which another key may have led to first.
   */
  private Producer maker(RunStep step, StoredArtifact artifact) throws IOException {
    String key = step.getProducer().getReuseKey();
    return (key.isEmpty() ? Optional.<ReuseEntry>empty() : store.lookup(key))
        .filter(entry -> entry.getArtifact().equals(artifact.digest()))
        .map(ReuseEntry::getProducer)
        .orElse(artifact.manifest().getProducer());
  }

  Run run() {
    return run;
  }

  /** Returns the steps whose artifact is there, in the order that they ran in. */
  List<Step> steps() {
    return steps;
  }

  /** Returns the step of the given id, if its artifact is there. */
  Optional<Step> step(String id) {
    return steps.stream().filter(step -> step.id().equals(id)).findFirst();
  }

  /** Returns what is missing or can't be read, one line each. */
  List<String> problems() {
    return problems;
  }

  /** Returns the steps whose artifact is of a type. */
  List<Step> ofType(ArtifactType type) {
    return steps.stream().filter(step -> step.artifact().type() == type).toList();
  }

  /**
   * Finds the artifact of a type that a step was made from: among its inputs, else among their
   * inputs, and so on.
   */
  Optional<StoredArtifact> nearest(Step step, ArtifactType type) throws IOException {
    Deque<InputRef> queue = new ArrayDeque<>(step.record().getProducer().getInputsList());
    Set<String> seen = new HashSet<>();
    while (!queue.isEmpty()) {
      InputRef input = queue.remove();
      if (input.getType() == type) {
        return store.get(input.getDigest());
      }
      if (seen.add(input.getDigest())) {
        queue.addAll(producer(input.getDigest()).getInputsList());
      }
    }
    return Optional.empty();
  }

  private Producer producer(String digest) throws IOException {
    if (producers.containsKey(digest)) {
      return producers.get(digest);
    }
    return store
        .get(digest)
        .map(artifact -> artifact.manifest().getProducer())
        .orElse(Producer.getDefaultInstance());
  }
}
