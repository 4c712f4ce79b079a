/**
 * The strict reading of experiments: from a YAML file, or a preset, and overrides to typed steps.
 *
 * <p>Use {@link org.kindred.pipelines.experiment.ExperimentReader} to read an experiment; {@link
 * org.kindred.pipelines.experiment.StepOrder} to order its steps; {@link
 * org.kindred.pipelines.experiment.CanonicalJson} for the text of a configuration that reuse keys
 * are made of; {@link org.kindred.pipelines.experiment.ConfigDiff} to say how two differ.
 *
 * <p>Everything is driven by protobuf descriptors and the field options {@code range} and {@code
 * required}, so a stage that a foreign jar adds is read by the same rules as the built-in ones. The
 * field's type decides what a YAML value means: {@code no} or {@code 010} is text in a text field
 * and an error in a number field, whatever YAML 1.1 would make of it. Quotes mean text.
 *
 * <p>It is guaranteed that a configuration which is returned has only known fields, of the right
 * type, in their valid ranges, with every required one set and every declared default filled in.
 * What is wrong is reported together in one {@link
 * org.kindred.pipelines.experiment.ExperimentException}, a line for each thing: file, line, path,
 * value, what is valid.
 *
 * <p>All classes are immutable or stateless and may be used from several threads, the readers that
 * collect problems (package-private, one for each document) excepted.
 */
package org.kindred.pipelines.experiment;
