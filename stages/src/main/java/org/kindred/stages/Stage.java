package org.kindred.stages;

import com.google.protobuf.Message;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.beam.sdk.values.PBegin;
import org.apache.beam.sdk.values.PCollection;
import org.kindred.proto.artifact.v1.ArtifactType;
import org.kindred.proto.artifact.v1.Content;

/**
 * A unit of work that can be rerun alone: a typed configuration and named typed inputs, to one
 * typed output artifact. Implementations are stateless, have a public constructor without
 * parameters, and are found by {@link java.util.ServiceLoader}.
 *
 * @param <C> the configuration's message type
 */
public interface Stage<C extends Message> {

  /** Returns the name by which experiments call it: lower-case letters, digits and `-`. */
  String name();

  /** Returns one line that says what it does. */
  String description();

  /**
   * Returns the implementation's version, from 1; raise it when the output for the same input
   * changes.
   */
  int version();

  /** Returns the configuration type's default instance. */
  C defaultConfig();

  /** Returns the inputs in the order that a user thinks of them. */
  List<StageInput> inputs();

  /** Returns the type of what it makes. */
  ArtifactType output();

  /**
   * Returns whether the seed has a part in the output; when not, another seed is no reason to run
   * again.
   */
  default boolean usesSeed() {
    return true;
  }

  /**
   * Returns whether all of the work is one task, which uses the processors of its machine by
   * itself. Its pipeline must be run without parallelism: one instance of each {@code DoFn} at a
   * time.
   */
  default boolean isOneTask() {
    return false;
  }

  /**
   * Returns whether each task uses all processors of its machine by itself, so that a process does
   * best to have one at a time.
   */
  default boolean usesAllProcessors() {
    return isOneTask();
  }

  /**
   * Checks what single fields' ranges can't say. Called before anything runs.
   *
   * @throws StageException naming the field, its value and what is valid
   */
  default void checkConfig(C config) {}

  /**
   * Checks that the optional inputs which the configuration calls for are bound, and no others.
   * Called before anything runs.
   *
   * @param bound names of the inputs that are bound
   * @throws StageException naming the input
   */
  default void checkInputs(C config, Set<String> bound) {}

  /**
   * Identifies what the stage reads from outside the store, so that a change there is a reason to
   * run again.
   *
   * @return any text; empty when it reads nothing outside
   * @throws StageException if what it wants to read is not there
   */
  default String sourceFingerprint(C config) throws IOException {
    return "";
  }

  /**
   * Checks the configuration against the inputs. Called on the submitting machine when the inputs
   * exist, before the stage's pipeline is built.
   *
   * @throws StageException naming the field, its value and what is valid
   */
  default void check(StageContext<C> context) throws IOException {}

  /**
   * Says how large the work is, from configuration and manifests alone, so that it can be asked
   * before anything is there: the inputs may be {@linkplain
   * org.kindred.stages.artifact.StoredArtifact#planned planned} ones, of which there is but the
   * content that another estimate foretold. It must agree with what {@link #expand} does, best by
   * calling the same code.
   *
   * @return empty when the stage tells no size, and so no stage that reads it can
   * @throws StageException naming the field, its value and what is valid
   */
  default Optional<Estimate> estimate(StageContext<C> context) throws IOException {
    return Optional.empty();
  }

  /**
   * Says how large the work would be if the stage's source outside of the store had this size,
   * whether or not there is one. A stage that reads nothing outside need not override this.
   */
  default Optional<Estimate> estimate(StageContext<C> context, SourceSize source)
      throws IOException {
    return estimate(context);
  }

  /**
   * Builds the stage's part of a Beam pipeline. Its transforms write data files to {@link
   * StageContext#staging} and tell of them in {@link Part}s; the work items, and so the files, must
   * not depend on the runner's parallelism.
   */
  PCollection<Part> expand(PBegin begin, StageContext<C> context) throws IOException;

  /**
   * Makes the artifact's payload of all the parts. Called on a worker, once they are all there.
   *
   * @param parts in no particular order
   * @return content with the payload set and nothing else
   * @throws StageException if what the parts say must not become an artifact, such as too many
   *     rejects
   */
  Content describe(StageContext<C> context, List<Part> parts) throws IOException;
}
