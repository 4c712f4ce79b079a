package org.kindred.stages;

import com.google.protobuf.Message;
import java.io.Serializable;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.kindred.proto.artifact.v1.InputRef;
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

  /**
   * Checks that one input was made of another. Ids alone can't tell: they are positions in a
   * source, the same ones in any two.
   *
   * @param name name of the input
   * @param madeOf digest of what it was made of, as its payload tells it; when that is empty, what
   *     its producer read under the name {@code source} counts
   * @param source name of the input that it must have been made of
   * @throws StageException naming what it was made of
   */
  public void checkMadeOf(String name, String madeOf, String source) {
    String actual = madeOf.isEmpty() ? producerInput(name, source) : madeOf;
    if (!actual.equals(input(source).digest())) {
      throw new StageException(
          "input %s of step %s was made of %s, valid is one that was made of its input %s, %s"
              .formatted(
                  name,
                  step,
                  actual.isEmpty() ? "what nobody tells" : source + " " + actual,
                  source,
                  input(source).digest()));
    }
  }

  /**
   * Returns the digest of what an input's producer read, as it tells.
   *
   * @param name name of the input
   * @param source the producer's name for what it read
   * @return empty when it read nothing of this name
   */
  public String producerInput(String name, String source) {
    return input(name).manifest().getProducer().getInputsList().stream()
        .filter(input -> input.getName().equals(source))
        .map(InputRef::getDigest)
        .findFirst()
        .orElse("");
  }
}
