package org.kindred.pipelines.experiment;

import static java.util.stream.Collectors.joining;

import com.google.protobuf.Message;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
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
 * @param overrides assignments of the command line that changed the configuration, in order
 */
public record StepSpec(
    String id,
    String stage,
    Map<String, String> inputs,
    Message config,
    Location at,
    List<String> overrides) {

  /** What an input starts with that names an artifact of the store instead of a step. */
  public static final String ARTIFACT_PREFIX = "artifact:";

  /** Copies inputs, whose order is kept, and overrides. */
  public StepSpec {
    inputs = Collections.unmodifiableMap(new LinkedHashMap<>(inputs));
    overrides = List.copyOf(overrides);
  }

  /**
   * Says where the configuration was written, for a message about several of its fields: {@code
   * file:line}, and the overrides that had a part in it.
   */
  public String configAt() {
    return at + overrides.stream().map(override -> ", --set " + override).collect(joining());
  }
}
