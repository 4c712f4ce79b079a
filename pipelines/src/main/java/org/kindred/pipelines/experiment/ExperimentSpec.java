package org.kindred.pipelines.experiment;

import java.util.List;

/**
 * An experiment as it was read: valid and typed, its steps in the order they were written in.
 *
 * @param source name of the preset or file that it was read from
 * @param overrides assignments {@code step.path=value} that were applied, in order
 * @param name letters, digits, {@code -} and {@code _}
 * @param description one line about it; may be empty
 * @param seed seed of every random draw, an unsigned 64-bit number
 * @param steps at least one; ids are unique
 * @param text the YAML as it was read
 */
public record ExperimentSpec(
    String source,
    List<String> overrides,
    String name,
    String description,
    long seed,
    List<StepSpec> steps,
    String text) {

  /** Copies the lists. */
  public ExperimentSpec {
    overrides = List.copyOf(overrides);
    steps = List.copyOf(steps);
  }
}
