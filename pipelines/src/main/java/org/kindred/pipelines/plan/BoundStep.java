package org.kindred.pipelines.plan;

import com.google.protobuf.Message;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.kindred.pipelines.experiment.StepSpec;
import org.kindred.stages.Stage;

/**
 * A step whose stage and inputs are known.
 *
 * @param spec what the experiment says
 * @param stage its stage
 * @param inputs where each bound input comes from: a step's id, or {@link StepSpec#ARTIFACT_PREFIX}
 *     and a reference
 */
public record BoundStep(StepSpec spec, Stage<?> stage, Map<String, String> inputs) {

  /** Copies the inputs; their order is kept. */
  public BoundStep {
    inputs = Collections.unmodifiableMap(new LinkedHashMap<>(inputs));
  }

  /** Returns the step's id. */
  public String id() {
    return spec.id();
  }

  /** Returns the stage's configuration, defaults resolved. */
  public Message config() {
    return spec.config();
  }

  /** Returns the ids of the steps that it reads. */
  public List<String> reads() {
    return stepsAmong(inputs.values());
  }

  /** Returns those sources of inputs that are steps. */
  static List<String> stepsAmong(Collection<String> sources) {
    return sources.stream()
        .filter(source -> !source.startsWith(StepSpec.ARTIFACT_PREFIX))
        .distinct()
        .toList();
  }
}
