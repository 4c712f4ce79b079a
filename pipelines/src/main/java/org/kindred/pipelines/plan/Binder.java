package org.kindred.pipelines.plan;

import com.google.protobuf.Message;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.kindred.pipelines.experiment.ExperimentSpec;
import org.kindred.pipelines.experiment.StepOrder;
import org.kindred.pipelines.experiment.StepSpec;
import org.kindred.stages.Stage;
import org.kindred.stages.StageException;
import org.kindred.stages.StageInput;
import org.kindred.stages.Stages;
import org.kindred.stages.artifact.Manifests;

/** Finds each step's stage, checks its configuration, and binds its inputs. */
public final class Binder {
  private final ExperimentSpec experiment;
  private final Map<String, Stage<?>> stageOf = new LinkedHashMap<>();

  private Binder(ExperimentSpec experiment, Stages stages) {
    this.experiment = experiment;
    for (StepSpec step : experiment.steps()) {
      Stage<?> stage =
          stages
              .find(step.stage())
              .orElseThrow(
                  () ->
                      new PlanException(
                          "%s: unknown stage \"%s\"".formatted(step.at(), step.stage())));
      stageOf.put(step.id(), stage);
      checkConfig(stage, step);
    }
  }

  @SuppressWarnings("unchecked") // the reader made the configuration from this stage's own type
  private static <C extends Message> void checkConfig(Stage<C> stage, StepSpec step) {
    try {
      stage.checkConfig((C) step.config());
    } catch (StageException e) {
      throw refused(step, e);
    }
  }

  @SuppressWarnings("unchecked") // the reader made the configuration from this stage's own type
  private static <C extends Message> void checkInputs(
      Stage<C> stage, StepSpec step, Set<String> bound) {
    try {
      stage.checkInputs((C) step.config(), bound);
    } catch (StageException e) {
      throw refused(step, e);
    }
  }

  private static PlanException refused(StepSpec step, StageException e) {
    return new PlanException(
        "%s: step \"%s\": %s".formatted(step.configAt(), step.id(), e.getMessage()), e);
  }

  /**
   * Binds an experiment.
   *
   * @return the steps, each after those that it reads
   * @throws PlanException if an input is unknown, missing, ambiguous or of the wrong type
   * @throws org.kindred.pipelines.experiment.ExperimentException if steps read each other in a
   *     cycle
   */
  public static List<BoundStep> bind(ExperimentSpec experiment, Stages stages) {
    Binder binder = new Binder(experiment, stages);
    Map<String, BoundStep> bound = new LinkedHashMap<>();
    Map<String, List<String>> reads = new LinkedHashMap<>();
    for (StepSpec spec : experiment.steps()) {
      reads.put(spec.id(), BoundStep.stepsAmong(spec.inputs().values()));
    }
    // A cycle that was written down is named as such, before its inputs are found to be of wrong
    // types.
    StepOrder.of(reads);
    for (StepSpec spec : experiment.steps()) {
      BoundStep step = binder.bind(spec);
      bound.put(step.id(), step);
      reads.put(step.id(), step.reads());
    }
    return StepOrder.of(reads).stream().map(bound::get).toList();
  }

  private BoundStep bind(StepSpec step) {
    Stage<?> stage = stageOf.get(step.id());
    Map<String, String> inputs = new LinkedHashMap<>();
    for (String name : step.inputs().keySet()) {
      if (stage.inputs().stream().noneMatch(input -> input.name().equals(name))) {
        throw new PlanException(
            "%s: step \"%s\" has no input \"%s\", valid for stage %s: %s"
                .formatted(step.at(), step.id(), name, stage.name(), names(stage)));
      }
    }
    for (StageInput input : stage.inputs()) {
      String source = step.inputs().get(input.name());
      if (source != null) {
        checkType(step, input, source);
        inputs.put(input.name(), source);
      } else if (input.required()) {
        inputs.put(input.name(), onlyMaker(step, input));
      }
    }
    checkInputs(stage, step, inputs.keySet());
    return new BoundStep(step, stage, inputs);
  }

  private static String names(Stage<?> stage) {
    return stage.inputs().isEmpty()
        ? "none"
        : stage.inputs().stream().map(StageInput::name).collect(Collectors.joining(", "));
  }

  private void checkType(StepSpec step, StageInput input, String source) {
    if (source.startsWith(StepSpec.ARTIFACT_PREFIX)) {
      return;
    }
    Stage<?> maker = stageOf.get(source);
    if (maker.output() != input.type()) {
      throw new PlanException(
          "%s: input \"%s\" of step \"%s\" takes %s, step \"%s\" makes %s"
              .formatted(
                  step.at(),
                  input.name(),
                  step.id(),
                  Manifests.typeName(input.type()),
                  source,
                  Manifests.typeName(maker.output())));
    }
  }

  private String onlyMaker(StepSpec step, StageInput input) {
    List<String> makers = new ArrayList<>();
    for (StepSpec other : experiment.steps()) {
      if (stageOf.get(other.id()).output() == input.type() && !other.id().equals(step.id())) {
        makers.add(other.id());
      }
    }
    if (makers.size() != 1) {
      throw new PlanException(
          "%s: input \"%s\" of step \"%s\" is not set, and %s %s: set `inputs: {%s: STEP}` or `{%s: artifact:REF}`"
              .formatted(
                  step.at(),
                  input.name(),
                  step.id(),
                  makers.isEmpty() ? "no step makes" : String.join(" and ", makers) + " make",
                  Manifests.typeName(input.type()),
                  input.name(),
                  input.name()));
    }
    return makers.get(0);
  }
}
