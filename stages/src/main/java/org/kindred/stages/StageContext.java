package org.kindred.stages;

import com.google.protobuf.Message;
import java.io.Serializable;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.kindred.proto.artifact.v1.Producer;
import org.kindred.stages.artifact.ArtifactStore;
import org.kindred.stages.artifact.Staging;
import org.kindred.stages.artifact.StoredArtifact;

/**
 * What a stage is given.
 *
 * @param step id of the step, for names and messages
 * @param config the configuration, every field set
 * @param seed seed of every random draw
 * @param inputs the inputs by name; an optional one that is not bound is absent
 * @param store the store that the artifact will be published in
 * @param staging where data files are written
 * @param producer what the artifact will say of its making
 * @param <C> the configuration's message type
 */
public record StageContext<C extends Message>(
    String step,
    C config,
    long seed,
    Map<String, StoredArtifact> inputs,
    ArtifactStore store,
    Staging staging,
    Producer producer)
    implements Serializable {

  /** Copies the map of inputs. */
  public StageContext {
    inputs = new TreeMap<>(inputs);
  }

  /** Returns a required input. */
  public StoredArtifact input(String name) {
    return optionalInput(name)
        .orElseThrow(() -> new StageException("step %s has no input \"%s\"".formatted(step, name)));
  }

  /** Returns an optional input, if it is bound. */
  public Optional<StoredArtifact> optionalInput(String name) {
    return Optional.ofNullable(inputs.get(name));
  }
}
