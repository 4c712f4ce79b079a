/**
 * Running experiments, and the records of what was run.
 *
 * <p>Use {@link org.kindred.pipelines.run.ExperimentRunner} to run one; {@link
 * org.kindred.pipelines.run.RunStore} to read the records of runs.
 *
 * <p>Guarantees: a run's record is written when it starts and after every step, each time as a
 * whole; a run that dies leaves every finished step's artifact to the next one.
 *
 * <p>Threading: an experiment runs on the caller's thread, its steps one after the other; a step's
 * work runs on the runner's workers.
 */
package org.kindred.pipelines.run;
