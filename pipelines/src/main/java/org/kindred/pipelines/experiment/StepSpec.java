package org.kindred.pipelines.experiment;

import com.google.protobuf.Message;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A step as the experiment asks for it.
 *
 * @param id unique in the experiment; letters, digits, {@code -} and {@code _}
 * @param stage name of a known stage
 * @param inputs for each input that was written down, the id of a step of the experiment or {@link
 *     #ARTIFACT_PREFIX} and a reference; inputs that were left out are the planner's to bind
 * @param config the stage's configuration, valid and with defaults resolved
 * @param at where the step was written
 */
public record StepSpec(
    String id, String stage, Map<String, String> inputs, Message config, Location at) {

  /** What an input starts with that names an artifact of the store instead of a step. */
  public static final String ARTIFACT_PREFIX = "artifact:";

  /** Copies the inputs; their order is kept. */
  public StepSpec {
    inputs = Collections.unmodifiableMap(new LinkedHashMap<>(inputs));
  }
}
